import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { PeerSample } from "@seedfleet/swarm";
import fc from "fast-check";
import { AddressBytes } from "../addresses/address-bytes.ts";
import { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import { THREAD_BUSY } from "../violation.ts";
import { ThreadReader, ThreadWriter } from "./thread-bytes.ts";
import {
  ANNOUNCE,
  ANNOUNCED,
  HANDED_OVER,
  REFUSED,
  readAnnounce,
  readAsker,
  readRefused,
  readReply,
  readScrape,
  SCRAPE,
  writeAnnounce,
  writeHandedOver,
  writeRefused,
  writeReply,
  writeScrape,
} from "./thread-messages.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const amount = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const passkey = fc.option(fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 128 }));

const announces = fc
  .record({
    infoHash: bytes(20),
    peerId: bytes(20),
    keepsPeerId: fc.boolean(),
    endpoint: bytes(18),
    endpointBytes: fc.constantFrom(6, 18),
    otherEndpoint: bytes(18),
    otherEndpointBytes: fc.constantFrom(0, 6, 18),
    uploadedBytes: amount,
    downloadedBytes: amount,
    leftBytes: fc.option(amount),
    event: fc.constantFrom(null, "started", "completed", "stopped", "paused"),
    numWant: fc.option(fc.nat({ max: 200 })),
    compact: fc.boolean(),
    noPeerId: fc.boolean(),
    passkey,
  })
  .map((fields) => Object.assign(new AnnounceRequest(), fields) as AnnounceRequest);

const PEERS_MAX = 6;

const replies = fc
  .record({
    numbers: fc.tuple(...Array.from({ length: 5 }, () => fc.nat({ max: 2 ** 31 - 1 }))),
    peers: fc.array(bytes(18 + 20 + 1), { maxLength: PEERS_MAX }),
    others: fc.array(bytes(18 + 20 + 1), { maxLength: PEERS_MAX }),
    wantPeerIds: fc.boolean(),
    isIpv6: fc.boolean(),
  })
  .map(({ numbers, peers, others, wantPeerIds, isIpv6 }) => {
    const reply = new AnnounceReply(PEERS_MAX);
    const [seeders, leechers, downloaded, intervalS, minIntervalS] = numbers;
    Object.assign(reply, { seeders, leechers, downloaded, intervalS, minIntervalS });
    reply.peers.wantPeerIds = wantPeerIds;
    fill(reply.peers, peers, isIpv6 ? 18 : 6);
    fill(reply.other, others, isIpv6 ? 6 : 18);
    return reply;
  });

function fill(sample: PeerSample, peers: readonly Uint8Array[], endpointBytes: 6 | 18): void {
  sample.clear(endpointBytes);
  for (const [at, peer] of peers.entries()) {
    sample.endpoints.set(peer.subarray(0, endpointBytes), at * endpointBytes);
    sample.peerIds.set(peer.subarray(18, 38), at * 20);
    sample.known[at] = (peer[38] ?? 0) & 1;
    sample.count += 1;
  }
}

/** What goes out of it. */
function shown(reply: AnnounceReply): unknown {
  const { seeders, leechers, downloaded, intervalS, minIntervalS, peers, other } = reply;
  const samples = [peers, other].map(({ count, endpointBytes, wantPeerIds, ...sample }) => ({
    ...{ count, endpointBytes, wantPeerIds },
    endpoints: Buffer.from(sample.endpoints.subarray(0, count * endpointBytes)).toString("hex"),
    ids: Array.from({ length: wantPeerIds ? count : 0 }, (_, at) => ({
      known: sample.known[at],
      id: Buffer.from(sample.peerIds.subarray(at * 20, at * 20 + 20)).toString("hex"),
    })),
  }));
  return { seeders, leechers, downloaded, intervalS, minIntervalS, samples };
}

function shownAnnounce({ endpoint, otherEndpoint, ...announce }: AnnounceRequest): unknown {
  return {
    ...announce,
    endpoint: Buffer.from(endpoint.subarray(0, announce.endpointBytes)).toString("hex"),
    otherEndpoint: Buffer.from(otherEndpoint.subarray(0, announce.otherEndpointBytes)),
  };
}

function headOf(reader: ThreadReader): readonly [kind: number, number: number] {
  return [reader.uint8(), reader.uint32()];
}

function readerOf(writer: ThreadWriter): ThreadReader {
  const reader = new ThreadReader();
  reader.begin(writer.bytes, writer.length);
  return reader;
}

test("announces are read by another thread as they were written", () => {
  fc.assert(
    fc.property(fc.array(announces, { minLength: 1, maxLength: 60 }), (asked) => {
      const writer = new ThreadWriter();
      for (const [number, announce] of asked.entries()) writeAnnounce(writer, number, announce);
      const reader = readerOf(writer);
      // Filled again for each, as there.
      const read = new AnnounceRequest();
      for (const [number, announce] of asked.entries()) {
        deepEqual(headOf(reader), [ANNOUNCE, number]);
        readAnnounce(reader, read);
        deepEqual(shownAnnounce(read), shownAnnounce(announce));
      }
      equal(reader.hasMore, false);
    }),
  );
});

test("announces are read with their connection, by the thread that it is handed over to", () => {
  const asker = fc.constantFrom("10.0.0.1", "2001:db8::1");
  const descriptor = fc.nat({ max: 2 ** 31 - 1 });
  const handedOver = fc.tuple(announces, asker, descriptor);
  fc.assert(
    fc.property(fc.array(handedOver, { minLength: 1, maxLength: 20 }), (many) => {
      const writer = new ThreadWriter();
      for (const [announce, from, fd] of many) {
        writeHandedOver(writer, { descriptor: fd, asker: addressOf(from) }, announce);
      }
      const reader = readerOf(writer);
      const read = { asker: new AddressBytes(), request: new AnnounceRequest() };
      for (const [announce, from, fd] of many) {
        deepEqual(headOf(reader), [HANDED_OVER, fd]);
        readAsker(reader, read.asker);
        equal(String(read.asker), String(addressOf(from)));
        readAnnounce(reader, read.request);
        deepEqual(shownAnnounce(read.request), shownAnnounce(announce));
      }
      equal(reader.hasMore, false);
    }),
  );
});

function addressOf(text: string): AddressBytes {
  const address = new AddressBytes();
  equal(address.parse(text), true);
  return address;
}

test("replies are read by another thread as they were written", () => {
  fc.assert(
    fc.property(fc.array(replies, { minLength: 1, maxLength: 40 }), (answered) => {
      const writer = new ThreadWriter();
      for (const [number, reply] of answered.entries()) writeReply(writer, number, reply);
      const reader = readerOf(writer);
      const read = new AnnounceReply(PEERS_MAX);
      for (const [number, reply] of answered.entries()) {
        deepEqual(headOf(reader), [ANNOUNCED, number]);
        readReply(reader, read);
        deepEqual(shown(read), shown(reply));
      }
      equal(reader.hasMore, false);
    }),
  );
});

test("scrapes and refusals are read by another thread as they were written", () => {
  fc.assert(
    fc.property(bytes(20), passkey, fc.nat({ max: 2 ** 32 - 1 }), (infoHash, key, number) => {
      const writer = new ThreadWriter();
      writeScrape(writer, number, { infoHash, passkey: key });
      writeRefused(writer, number, THREAD_BUSY);
      const reader = readerOf(writer);
      const read = new Uint8Array(20);
      deepEqual(headOf(reader), [SCRAPE, number]);
      equal(readScrape(reader, read), key);
      deepEqual(read, infoHash);
      deepEqual(headOf(reader), [REFUSED, number]);
      deepEqual(readRefused(reader), THREAD_BUSY);
      equal(reader.hasMore, false);
    }),
  );
});
