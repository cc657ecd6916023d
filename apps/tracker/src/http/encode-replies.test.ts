import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import bencode from "bencode";
import fc from "fast-check";
import { AddressBytes } from "../addresses/address-bytes.ts";
import { AnnounceReply } from "../announces/announce-request.ts";
import { bytesOf } from "../handout/testing.ts";
import { addressesOf, decoded, givenEndpoint, INFO_HASH, PEER_ID } from "../testing.ts";
import { neverFulfilled, notRegistered, starting } from "../violation.ts";
import { encodeAnnounce } from "./encode-announce.ts";
import { encodeFailure } from "./encode-failure.ts";
import { encodeScraped, SCRAPE_BEGIN, SCRAPE_END } from "./encode-scrape.ts";
import { ReplyBytes } from "./reply-bytes.ts";
import { type EverySwarm, WHOLE_SCRAPE_SLICE_BYTES, WholeScrape } from "./whole-scrape.ts";

const COMPACT = { compact: true, noPeerId: false };
const DICTIONARIES = { compact: false, noPeerId: false };
const PEER_ID_TEXT = Buffer.from(PEER_ID, "hex").toString("latin1");

type GivenPeer = { readonly host: string; readonly port: number; readonly knows?: boolean };

type Given = {
  readonly peers?: readonly GivenPeer[];
  readonly others?: readonly GivenPeer[];
  readonly form?: { readonly compact: boolean; readonly noPeerId: boolean };
  readonly asker?: string;
  readonly trackerId?: string | null;
  readonly counts?: Partial<Pick<AnnounceReply, "seeders" | "leechers" | "downloaded">>;
};

test("encodeAnnounce() given nobody", () => {
  equal(
    encoded({}).toString("latin1"),
    "d8:completei3e10:downloadedi7e11:external ip4:\xc0\0\x02\x0910:incompletei5e" +
      "8:intervali1800e12:min intervali900e5:peers0:e",
  );
});

test("encodeAnnounce() given both families keeps them apart, whichever the asker's is", () => {
  const peers = [
    { host: "10.0.0.255", port: 6881 },
    { host: "10.0.0.1", port: 1 },
  ];
  const others = [{ host: "2001:db8::1", port: 65_535 }];
  for (const given of [
    { peers, others },
    { peers: others, others: peers, asker: "2001:db8::9" },
  ]) {
    const reply = decoded(encoded(given));
    deepEqual(addressesOf(reply["peers"]), ["10.0.0.255:6881", "10.0.0.1:1"]);
    deepEqual(addressesOf(reply["peers6"], 16), ["2001:db8:0:0:0:0:0:1:65535"]);
  }
  const alone = decoded(encoded({ peers: others, asker: "2001:db8::9" }));
  deepEqual([alone["peers"], String(alone["peers6"]).length], ["", 18]);
});

test("encodeAnnounce() given dictionaries lists all with the peer ids it knows", () => {
  const given: Given = {
    peers: [
      { host: "10.0.0.255", port: 6881, knows: true },
      { host: "10.0.0.7", port: 80 },
    ],
    others: [{ host: "2001:db8::1", port: 65_535 }],
  };
  const without = [
    { ip: "10.0.0.255", port: 6881 },
    { ip: "10.0.0.7", port: 80 },
    { ip: "2001:db8:0:0:0:0:0:1", port: 65_535 },
  ];
  const reply = decoded(encoded({ ...given, form: DICTIONARIES }));
  deepEqual(reply["peers"], [{ ...without[0], "peer id": PEER_ID_TEXT }, ...without.slice(1)]);
  equal("peers6" in reply, false);
  const noPeerId = decoded(encoded({ ...given, form: { compact: false, noPeerId: true } }));
  deepEqual(noPeerId["peers"], without);
});

test("encodeAnnounce() tells the asker where it is, and the tracker's id", () => {
  const ipv6 = decoded(encoded({ asker: "2001:db8::9", trackerId: "one" }));
  equal(ipv6["external ip"], `\x20\x01\x0d\xb8${"\0".repeat(11)}\x09`);
  equal(ipv6["tracker id"], "one");
  equal("tracker id" in decoded(encoded({})), false);
});

test("encodeAnnounce() is canonical: an encoder makes the same of what it decodes to", () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  const of = (host: fc.Arbitrary<string>): fc.Arbitrary<GivenPeer[]> =>
    fc.array(fc.record({ host, port, knows: fc.boolean() }), { maxLength: 40 });
  const given = fc.record({
    ...{ peers: of(fc.ipV4()), others: of(fc.ipV6()) },
    form: fc.record({ compact: fc.boolean(), noPeerId: fc.boolean() }),
    asker: fc.oneof(fc.ipV4(), fc.constant("2001:db8::9")),
    trackerId: fc.constantFrom(null, "", "x".repeat(300)),
    counts: fc.record({ seeders: fc.nat(), leechers: fc.nat(), downloaded: fc.maxSafeNat() }),
  });
  fc.assert(
    fc.property(given, (each) => {
      const body = encoded(each);
      deepEqual(Buffer.from(bencode.encode(bencode.decode(body))), body);
    }),
  );
});

test("ReplyBytes.number() is exact up to the largest safe integer", () => {
  const numbers = [0, 9, 10, 99, 2 ** 32, 9_007_199_254_740_959, Number.MAX_SAFE_INTEGER];
  for (const number of numbers) {
    const output = new ReplyBytes(4);
    output.number(number);
    equal(Buffer.from(written(output)).toString(), String(number));
  }
});

test("encodeScraped() tells partial seeds from downloaders", () => {
  const output = new ReplyBytes(16);
  output.text(SCRAPE_BEGIN);
  const counts = { seeders: 1, leechers: 5, partialSeeds: 2, downloaded: 9 };
  encodeScraped(Buffer.from(INFO_HASH, "hex"), counts, output);
  output.text(SCRAPE_END);
  deepEqual(decoded(written(output)), {
    files: { [INFO_HASH]: { complete: 1, downloaded: 9, downloaders: 3, incomplete: 5 } },
  });
});

test("WholeScrape makes one dictionary of slices that are no larger than they may be", async () => {
  for (const count of [0, 1, 400, 2_000]) {
    let done = 0;
    const scrape = new WholeScrape(swarmsOf(count), () => {
      done += 1;
    });
    const slices: Buffer[] = [];
    const output = new ReplyBytes(16);
    for (let more = true; more; output.length = 0) {
      more = await scrape.slice(output);
      slices.push(Buffer.from(written(output)));
    }
    scrape.end();
    equal(done, 1);
    ok(slices.every(({ length }) => length < WHOLE_SCRAPE_SLICE_BYTES + 200));
    const { files } = bencode.decode(Buffer.concat(slices)) as { files: object };
    equal(Object.keys(files).length, count);
  }
});

test("encodeFailure() says why, and when to try again", () => {
  const reasons = [notRegistered(), starting(), neverFulfilled("passkey-invalid", "No")];
  const replies = reasons.map((reason) => {
    const output = new ReplyBytes(1);
    encodeFailure(reason, output);
    return decoded(written(output));
  });
  deepEqual(replies, [
    { "failure reason": "Torrent is not registered with this tracker" },
    { "failure reason": "Tracker is starting, try again in a minute", "retry in": 1 },
    { "failure reason": "No", "retry in": "never" },
  ]);
});

function encoded(given: Given): Buffer {
  const { peers = [], others = [], form = COMPACT, asker = "192.0.2.9" } = given;
  const { trackerId = null, counts } = given;
  const reply = new AnnounceReply(50);
  const isIpv6 = asker.includes(":");
  reply.peers.clear(isIpv6 ? 18 : 6);
  reply.other.clear(isIpv6 ? 6 : 18);
  for (const [sample, given] of [
    [reply.peers, peers],
    [reply.other, others],
  ] as const) {
    for (const { host, port, knows = false } of given) {
      const endpoint = bytesOf(givenEndpoint(host, port));
      sample.endpointBytes = endpoint.length === 6 ? 6 : 18;
      const row = sample.count;
      sample.add({ endpoint, endpointBytes: sample.endpointBytes, state: "leecher" });
      sample.peerIds.set(Buffer.from(PEER_ID, "hex"), row * 20);
      sample.known[row] = knows ? 1 : 0;
    }
  }
  const told = { seeders: 3, leechers: 5, downloaded: 7, intervalS: 1_800, minIntervalS: 900 };
  Object.assign(reply, told, counts);
  const address = new AddressBytes();
  ok(address.parse(asker));
  // Behind something, as in a connection's buffer, which is too short.
  const output = new ReplyBytes(8);
  output.text("before");
  encodeAnnounce({ reply, request: form, asker: address, trackerId }, output);
  return Buffer.from(written(output).subarray(6));
}

function written({ bytes, length }: ReplyBytes): Buffer {
  return bytes.subarray(0, length);
}

function swarmsOf(count: number): EverySwarm {
  let at = 0;
  return {
    next(infoHash, counts) {
      Buffer.from(infoHash.buffer).writeUInt32BE(at);
      Object.assign(counts, { seeders: at, leechers: 0, partialSeeds: 0, downloaded: 0 });
      at += 1;
      return at <= count;
    },
    more: () => Promise.resolve(false),
  };
}
