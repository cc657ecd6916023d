import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { hash } from "node:crypto";
import { describe, test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { metainfoFromInfo } from "@seedfleet/metainfo";
import { turn } from "@seedfleet/testkit";
import { encodeMessage, encodeMetadataMessage, encodePexMessage } from "@seedfleet/wire";
import { METADATA_REJECTS_MAX, PEX_BURST_MAX } from "../peers/peer-limits.ts";
import { until } from "../testing.ts";
import { givenPeerId } from "../testing-peer.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { METADATA_PEERS_MAX, PEX_PEERS_OF_PEER_MAX } from "./metadata-limits.ts";
import type { MetadataEnd } from "./metadata-peer.ts";
import { type GivenFetch, givenFetch, untilInItsTime } from "./testing-fetch.ts";
import { METADATA_ID, PEX_ID, type SeedBehaviour, TestSeed } from "./testing-seed.ts";

/** Its info dictionary takes four pieces. */
const TORRENT = givenTorrent("wanted", { source: "s".repeat(50_000) });
const { infoBytes, infoHash } = TORRENT.metainfo;
const HONEST: SeedBehaviour = { infoHash, infoBytes };

const LIE = Buffer.from(infoBytes);
LIE[40_000] = (LIE[40_000] ?? 0) ^ 1;

type Hostile = {
  readonly given: string;
  readonly differing: Partial<SeedBehaviour>;
  /** Why it is left; null where it stays until there is a result. */
  readonly reason: MetadataEnd | null;
};

const FLAGS = {
  ...{ prefersEncryption: false, uploadOnly: false, reachable: true },
  ...{ supportsUtp: false, supportsHolepunch: false },
};

const PEX = encodePexMessage({ added: [], dropped: [] });

const flood = (payload: Uint8Array, extendedId: number, count: number): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, () => encodeMessage({ kind: "extended", extendedId, payload })),
  );

const HOSTILE: readonly Hostile[] = [
  {
    given: "sends wrong bytes",
    differing: { asked: (peer, piece) => peer.givePiece(LIE, piece) },
    reason: "corrupt",
  },
  {
    given: "claims 2 GB",
    differing: { sizeBytes: 2 ** 31 },
    reason: "size-out-of-range",
  },
  {
    given: "claims a smaller size",
    differing: { infoBytes: infoBytes.subarray(0, 20_000) },
    reason: "corrupt",
  },
  {
    given: "claims one size and sends another",
    differing: {
      asked: (peer, piece) => peer.givePiece(infoBytes.subarray(0, -1), piece),
    },
    reason: "size-changed",
  },
  {
    given: "rejects without end",
    differing: { asked: (peer, piece) => peer.rejectPiece(piece) },
    reason: "unhelpful",
  },
  { given: "answers nothing", differing: { asked: () => {} }, reason: "unhelpful" },
  {
    given: "closes in the middle",
    differing: { asked: (peer) => void peer.socket.destroy() },
    reason: "peer-closed",
  },
  { given: "takes the connection and is silent", differing: silent(), reason: "handshake-timeout" },
  {
    given: "says half a handshake",
    differing: silent(Buffer.from("\x13BitTorrent prot")),
    reason: "handshake-timeout",
  },
  {
    given: "speaks another protocol",
    differing: silent(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")),
    reason: "handshake-protocol",
  },
  {
    given: "has another torrent",
    differing: { infoHash: givenTorrent("other").metainfo.infoHash },
    reason: "torrent-other",
  },
  { given: "is ourselves", differing: { peerId: givenPeerId("fetcher") }, reason: "own-peer-id" },
  { given: "speaks no extensions", differing: { extended: false }, reason: "no-extensions" },
  {
    given: "announces a message of 2 GB",
    differing: floods(Uint8Array.of(0x7f, 0xff, 0xff, 0xff)),
    reason: "message-too-long",
  },
  {
    given: "sends what nobody asked for",
    differing: floods(flood(new Uint8Array(16_000), METADATA_ID + 20, 70)),
    reason: "useless-bytes",
  },
  {
    given: "asks for metadata without end",
    differing: floods(
      flood(
        encodeMetadataMessage({ kind: "metadata-request", piece: 0 }),
        METADATA_ID,
        METADATA_REJECTS_MAX + 1,
      ),
    ),
    reason: "metadata-flood",
  },
  {
    given: "floods with PEX",
    differing: floods(flood(PEX, PEX_ID, PEX_BURST_MAX + 1)),
    reason: "pex-flood",
  },
  {
    given: "sends extension messages without sense",
    differing: floods(flood(Buffer.from("no bencoding"), METADATA_ID, 17)),
    reason: "metadata-message-invalid",
  },
  {
    given: "trickles a message byte by byte",
    differing: {
      sizeBytes: null,
      greeted: (peer) => peer.write(Uint8Array.of(0, 0, 64, 0, 20, METADATA_ID)),
    },
    reason: null,
  },
];

describe("MetadataFetch given a peer that", () => {
  for (const { given: what, differing, reason } of HOSTILE) {
    test(`${what} leaves it, and gets the metadata from another`, async () => {
      await using hostile = await TestSeed.start({ ...HONEST, ...differing });
      await using honest = await TestSeed.start(HONEST);
      using given = givenFetch(TORRENT);
      given.fetch.addPeers([hostile.address]);
      if (reason === null) await untilInItsTime(given.clock, () => hostile.open === 1);
      else {
        await untilInItsTime(given.clock, () => given.record.ends.length > 0);
        deepEqual(given.record.ends[0], reason);
      }
      equal(given.fetch.status().state, "metadata");
      given.fetch.addPeers([honest.address]);
      await fetched(given);
    });
  }
});

test("MetadataFetch given honest peers and liars together goes to no liar again", async () => {
  await using stack = new AsyncDisposableStack();
  const starting = [1, 2, 3].map(async (at) => {
    const lie = Buffer.from(infoBytes);
    lie[at * 9_000] = (lie[at * 9_000] ?? 0) ^ 1;
    const asked: SeedBehaviour["asked"] = (peer, piece) => peer.givePiece(lie, piece);
    return stack.use(await TestSeed.start({ ...HONEST, asked }));
  });
  const liars = await Promise.all(starting);
  await using honest = await TestSeed.start(HONEST);
  using given = givenFetch(TORRENT);
  given.fetch.addPeers([...liars, honest].map(({ address }) => address));
  await fetched(given);
  ok(liars.every(({ connections }) => connections === 1));
});

test("MetadataFetch given nobody but a liar waits, and goes there no more", async () => {
  await using liar = await TestSeed.start({
    ...HONEST,
    asked: (peer, piece) => peer.givePiece(LIE, piece),
  });
  using given = givenFetch(TORRENT);
  given.fetch.addPeers([liar.address]);
  await until(() => given.record.ends.length === 1);
  given.fetch.addPeers([liar.address]);
  for (let minute = 0; minute < 60; minute += 1) {
    given.clock.advance(60_000);
    await turn();
  }
  deepEqual([given.record.ends, liar.connections], [["corrupt"], 1]);
  equal(
    given.fetch.status().reason,
    "no peer is known any more; wrong metadata from 1 peer so far",
  );
});

test("MetadataFetch given useless peers in every place gives one to who waits", async () => {
  await using stack = new AsyncDisposableStack();
  const starting = Array.from({ length: METADATA_PEERS_MAX }, async () =>
    stack.use(await TestSeed.start({ ...HONEST, sizeBytes: null })),
  );
  const useless = await Promise.all(starting);
  await using honest = await TestSeed.start(HONEST);
  using given = givenFetch(TORRENT);
  given.fetch.addPeers(useless.map(({ address }) => address));
  await until(() => given.fetch.status().peersConnected === METADATA_PEERS_MAX);
  given.fetch.addPeers([honest.address]);
  equal(honest.connections, 0);
  await untilInItsTime(given.clock, () => given.record.outcomes.length > 0);
  await fetched(given);
  ok(given.record.ends.includes("makes-room"));
});

test("MetadataFetch goes to peers that others tell of, and tells of them once", async () => {
  await using honest = await TestSeed.start(HONEST);
  const added = [honest.address, honest.address].map((address) => ({ ...address, flags: FLAGS }));
  await using teller = await TestSeed.start({
    ...HONEST,
    sizeBytes: null,
    greeted: (peer) => {
      const payload = encodePexMessage({ added, dropped: [] });
      peer.say({ kind: "extended", extendedId: PEX_ID, payload });
    },
  });
  using given = givenFetch(TORRENT);
  given.fetch.addPeers([teller.address]);
  await fetched(given);
  deepEqual(given.record.found, [honest.address]);
});

test("MetadataFetch takes no more addresses from one peer than its bound", async () => {
  const messages = Array.from({ length: 4 }, (_, message) => {
    const added = Array.from({ length: 100 }, (_, at) => {
      return { host: `127.9.${message}.${at + 1}`, port: 1, flags: FLAGS };
    });
    return encodePexMessage({ added, dropped: [] });
  });
  await using teller = await TestSeed.start({
    ...HONEST,
    sizeBytes: null,
    greeted: (peer) => {
      for (const payload of messages) peer.say({ kind: "extended", extendedId: PEX_ID, payload });
    },
  });
  using given = givenFetch(TORRENT);
  given.fetch.addPeers([teller.address]);
  await until(() => given.record.found.length >= PEX_PEERS_OF_PEER_MAX);
  await turn();
  equal(given.record.found.length, PEX_PEERS_OF_PEER_MAX);
});

test("MetadataFetch given an info dictionary of no torrent says that it is unusable", async () => {
  const useless = Buffer.from("d4:name1:ae");
  const name = infoHashFromBytes(hash("sha1", useless, "buffer"));
  await using seed = await TestSeed.start({ infoHash: name, infoBytes: useless });
  using given = givenFetch(TORRENT, { infoHash: name });
  given.fetch.addPeers([seed.address]);
  const detail = { code: "metadata-unusable", violation: "torrent-missing-piece-length" };
  await rejects(given.fetch.result, { detail });
  deepEqual([given.fetch.status().state, given.record.outcomes], ["unusable", ["unusable"]]);
});

test("MetadataFetch stopped in the middle closes every connection", async () => {
  await using seed = await TestSeed.start({ ...HONEST, asked: () => {} });
  await using silence = await TestSeed.start({ ...HONEST, ...silent() });
  using given = givenFetch(TORRENT);
  given.fetch.addPeers([seed.address, silence.address]);
  await until(() => given.fetch.status().progress !== null && silence.open === 1);
  given.fetch.stop();
  await rejects(given.fetch.result, { detail: { code: "metadata-stopped" } });
  await until(() => seed.open === 0 && silence.open === 0);
  given.fetch.addPeers([seed.address]);
  given.clock.advance(3_600_000);
  deepEqual([seed.connections, silence.connections], [1, 1]);
});

/** Takes the connection, says this much and nothing else. */
function silent(says: Uint8Array = new Uint8Array()): Partial<SeedBehaviour> {
  return {
    connected: (peer) => {
      peer.socket.resume();
      peer.write(says);
      return "does-nothing";
    },
  };
}

/** Says this after its handshake, and has no metadata. */
function floods(bytes: Uint8Array): Partial<SeedBehaviour> {
  return { sizeBytes: null, greeted: (peer) => peer.write(bytes) };
}

async function fetched({ fetch, record }: GivenFetch): Promise<void> {
  deepEqual(Buffer.from(await fetch.result), Buffer.from(metainfoFromInfo(infoBytes, [])));
  deepEqual(record.outcomes, ["fetched"]);
}
