import assert, { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "@seedfleet/bus";
import {
  catalogEntry,
  chokeRoundCall,
  drainCall,
  hashMemo,
  ingestJob,
  ingestProgressEvent,
  manageCall,
  NEXT_ROUND_MS_MAX,
  PEERS_PER_ROUND_MAX,
  PRESENCE_HOT_MAX,
  peerAnnouncedEvent,
  preheatCall,
  presenceAskedEvent,
  presenceEvent,
  readPieceCall,
  retainCall,
  scrubState,
  TORRENT_ZONES_MAX,
  torrentCondition,
  trackerReplayCall,
  trackerTotals,
  trackerUser,
  writePieceCall,
} from "./index.ts";

const INFO_HASH = "ab".repeat(20);
const FINGERPRINT = "0".repeat(64);

const ENTRY = {
  ...{ infoHash: INFO_HASH, name: "content", sizeBytes: 0, contentBytes: 0 },
  ...{ infoHashV2: null, version: "v1", pieceLengthBytes: 1, pieceCount: 1, fileCount: 1 },
  ...{ private: false, addedAtMs: 0, aliases: [] },
  sources: [{ holder: "store-1", shared: false, location: "/content", fingerprint: FINGERPRINT }],
};
const OPTIONS = {
  ...{ version: "hybrid", pieceLengthBytes: null, private: false, comment: null },
  ...{ source: null, webSeeds: [] },
};
const INGEST = {
  holder: "store-1",
  locations: ["/content"],
  torrent: { kind: "make", options: OPTIONS },
};
const CHECK = { kind: "check", infoHash: INFO_HASH };
const ADOPT = { kind: "adopt", adoption: { infoHash: INFO_HASH, check: "background" } };
const JOB = {
  ...{ id: "job-1", request: INGEST, state: "running", submittedAtMs: 0, updatedAtMs: 1 },
  ...{ attempts: 1, result: null, failure: null },
};
const GATEWAY = {
  ...{ peers: 3, peersMax: 4_096, uploadBytesPerSecond: 0.5, cacheBytes: 0, cacheBytesMax: 1 },
  ...{ hot: [INFO_HASH], reachable: null },
};
const PROGRESSED = {
  ...{ wantedPieces: 3, wantedBytes: 9, leftOutPieces: 0 },
  ...{ broughtPieces: 1, broughtBytes: 3, cachedPieces: 1, missingPieces: 0 },
};
const PRESENCE = {
  ...{ role: "gateway", id: "gateway-1", version: "0.1.0", startedAtMs: 0.5, draining: false },
  ...{ load: 1.5, peerAddress: { host: "192.0.2.1", port: 6881 }, urls: ["http://a/announce"] },
  gateway: GATEWAY,
};
const ROUND_PEERS = {
  ...{ peerKeys: ["2d5445-1"], leechers: ["a"], flags: [3], uploadBytesPerSecond: [5] },
  ...{ sentBytes: [7], turnBytes: [7], haveBytes: [0], connectedForMs: [9], unchokedForMs: [null] },
};
const ROUND_REQUEST = {
  ...{ gateway: "gateway-1", infoHash: INFO_HASH, lastRound: 0, unchokeSlots: 4 },
  ...{ policy: "round_robin", pieceLengthBytes: 16_384, contentBytes: 1, peers: ROUND_PEERS },
};
const NO_PEERS = Object.fromEntries(Object.keys(ROUND_PEERS).map((column) => [column, []]));
const DECISIONS = {
  ...{ unchokes: [2, 0], ranks: [1, null], because: [0, 1] },
  reasons: [{ rule: "turn", forMs: 5 }, { rule: "not-interested" }],
};
const ROUND_REPLY = { round: 1, validForMs: 5_000, nextInMs: 10_000, decisions: DECISIONS };
const PROGRESS = {
  ...{ phase: "hashing", name: "a", doneBytes: 0, totalBytes: 1 },
  ...{ bytesPerSecond: 0.5, remainingMs: null },
};
const RESULT = { entry: ENTRY, hashed: true, skipped: ["a link"] };
const ANNOUNCED = {
  ...{ infoHash: INFO_HASH, askedAs: INFO_HASH, peerId: "2d".repeat(20) },
  address: { host: "192.0.2.1", port: 6881 },
};

const SCRUB = {
  ...{ round: 1, startedAtMs: 0, endedAtMs: null, checkedBytes: 1, badPieces: 0 },
  ...{ repairedPieces: 0, at: { infoHash: INFO_HASH, location: "/a", piece: 3 } },
};

type Given = {
  readonly name: string;
  readonly schema: Schema<unknown>;
  readonly accepts: readonly object[];
  /** Each of these on top of the first accepted value. */
  readonly refuses: readonly object[];
};

const contracts: readonly Given[] = [
  {
    name: "catalogEntry",
    schema: catalogEntry,
    accepts: [
      ENTRY,
      { ...ENTRY, private: true, sizeBytes: Number.MAX_SAFE_INTEGER },
      { ...ENTRY, zones: ["eu-west", "us_1"] },
    ],
    refuses: [
      { infoHash: INFO_HASH.toUpperCase() },
      { infoHash: "ab" },
      { name: "" },
      { sizeBytes: -1 },
      { sizeBytes: 0.5 },
      { sizeBytes: "1" },
      { pieceCount: 0 },
      { fileCount: 0 },
      { private: 1 },
      { infoHashV2: INFO_HASH },
      { version: "v3" },
      { aliases: ["ab"] },
      { aliases: Array(5).fill(INFO_HASH) },
      { sources: [] },
      { sources: [{ ...ENTRY.sources[0], holder: "two tokens" }] },
      { sources: [{ ...ENTRY.sources[0], holder: "a.b" }] },
      { sources: [{ ...ENTRY.sources[0], location: "" }] },
      { sources: [{ ...ENTRY.sources[0], fingerprint: "0" }] },
      { sources: Array(17).fill(ENTRY.sources[0]) },
      { addedAtMs: null },
      { zones: [] },
      { zones: ["EU"] },
      { zones: Array(TORRENT_ZONES_MAX + 1).fill("eu") },
    ],
  },
  {
    name: "hashMemo",
    schema: hashMemo,
    accepts: [{ infoHash: INFO_HASH, fingerprint: FINGERPRINT }],
    refuses: [{ infoHash: null }, { fingerprint: FINGERPRINT.slice(1) }],
  },
  {
    name: "presenceEvent",
    schema: schemaOf(presenceEvent.payload),
    accepts: [
      PRESENCE,
      { ...PRESENCE, role: "console", peerAddress: null, urls: [], gateway: null },
      { ...PRESENCE, zone: "eu-west" },
      { ...PRESENCE, role: "piece-store", managed: true },
      {
        ...PRESENCE,
        gateway: { ...GATEWAY, hot: Array(PRESENCE_HOT_MAX).fill(INFO_HASH), reachable: false },
      },
    ],
    refuses: [
      { role: "janitor" },
      { id: "" },
      { id: "*" },
      { load: -1 },
      { load: Number.NaN },
      { draining: "no" },
      { peerAddress: { host: "", port: 6881 } },
      { peerAddress: { host: "192.0.2.1", port: 0 } },
      { peerAddress: { host: "192.0.2.1", port: 65_536 } },
      { peerAddress: { host: "192.0.2.1", port: 1, more: 1 } },
      { urls: ["not a url"] },
      { urls: Array.from({ length: 65 }, () => "http://a/") },
      { gateway: { ...GATEWAY, hot: Array(PRESENCE_HOT_MAX + 1).fill(INFO_HASH) } },
      { gateway: { ...GATEWAY, hot: ["ab"] } },
      { gateway: { ...GATEWAY, peers: -1 } },
      { gateway: { ...GATEWAY, uploadBytesPerSecond: -1 } },
      { gateway: { ...GATEWAY, more: 1 } },
      { zone: "" },
      { zone: "two words" },
      { zone: "a".repeat(33) },
      { zone: null },
      { managed: false },
    ],
  },
  {
    name: "presenceAskedEvent",
    schema: schemaOf(presenceAskedEvent.payload),
    accepts: [{}],
    refuses: [],
  },
  {
    name: "peerAnnouncedEvent",
    schema: schemaOf(peerAnnouncedEvent.payload),
    accepts: [ANNOUNCED],
    refuses: [{ peerId: "2D".repeat(20) }, { peerId: "2d" }, { address: null }],
  },
  {
    name: "preheatCall's request",
    schema: preheatCall.request,
    accepts: [
      { infoHash: INFO_HASH, pieces: null },
      { infoHash: INFO_HASH, pieces: { first: 0, last: 7 } },
    ],
    refuses: [{ pieces: { first: 0 } }, { pieces: { first: -1, last: 0 } }],
  },
  {
    name: "preheatCall's chunk",
    schema: schemaOf(preheatCall.chunk),
    accepts: [PROGRESSED],
    refuses: [{ wantedPieces: -1 }, { broughtBytes: 0.5 }],
  },
  { name: "drainCall's request", schema: drainCall.request, accepts: [{}], refuses: [] },
  {
    name: "drainCall's reply",
    schema: drainCall.reply,
    accepts: [{ peers: 0 }],
    refuses: [{ peers: -1 }],
  },
  {
    name: "chokeRoundCall's request",
    schema: chokeRoundCall.request,
    accepts: [
      ROUND_REQUEST,
      { ...ROUND_REQUEST, unchokeSlots: 0, peers: NO_PEERS },
      { ...ROUND_REQUEST, peers: { ...ROUND_PEERS, unchokedForMs: [7] } },
      { ...ROUND_REQUEST, peers: manyPeers(PEERS_PER_ROUND_MAX) },
    ],
    refuses: [
      { gateway: "" },
      { unchokeSlots: -1 },
      { unchokeSlots: "auto" },
      { policy: "best" },
      { peers: { ...ROUND_PEERS, uploadBytesPerSecond: [-1] } },
      { peers: { ...ROUND_PEERS, peerKeys: [""] } },
      { peers: { ...ROUND_PEERS, peerKeys: ["a".repeat(65)] } },
      { peers: { ...ROUND_PEERS, flags: [8] } },
      { peers: { ...ROUND_PEERS, flags: [1, 1] } },
      { peers: { ...ROUND_PEERS, more: [] } },
      { peers: manyPeers(PEERS_PER_ROUND_MAX + 1) },
    ],
  },
  {
    name: "chokeRoundCall's reply",
    schema: chokeRoundCall.reply,
    accepts: [
      ROUND_REPLY,
      { ...ROUND_REPLY, decisions: { unchokes: [], ranks: [], because: [], reasons: [] } },
    ],
    refuses: [
      { round: 0 },
      { validForMs: -1 },
      { nextInMs: 0 },
      { nextInMs: NEXT_ROUND_MS_MAX + 1 },
      { decisions: { ...DECISIONS, unchokes: [4, 0] } },
      { decisions: { ...DECISIONS, because: [0, 2] } },
      { decisions: { ...DECISIONS, ranks: [1] } },
      { decisions: { ...DECISIONS, reasons: [{ rule: "liked" }, { rule: "liked" }] } },
    ],
  },
  {
    name: "ingestJob",
    schema: ingestJob,
    accepts: [
      JOB,
      { ...JOB, state: "done", result: RESULT },
      { ...JOB, state: "failed", failure: { code: "content-missing", message: "gone" } },
      { ...JOB, request: { ...INGEST, torrent: ADOPT } },
      { ...JOB, request: { ...INGEST, torrent: CHECK } },
    ],
    refuses: [
      { id: "a.b" },
      { state: "resting" },
      { attempts: -1 },
      { result: { ...RESULT, entry: null } },
      { request: { ...INGEST, locations: [] } },
      { request: { ...INGEST, locations: [""] } },
      { request: { ...INGEST, locations: ["a".repeat(4_097)] } },
      { request: { ...INGEST, torrent: { ...ADOPT, kind: "make" } } },
      { request: { ...INGEST, torrent: { kind: "make", options: { ...OPTIONS, private: "no" } } } },
    ],
  },
  {
    name: "ingestProgressEvent",
    schema: schemaOf(ingestProgressEvent.payload),
    accepts: [PROGRESS, { ...PROGRESS, phase: "checking", remainingMs: 1.5 }],
    refuses: [{ phase: "resting" }, { doneBytes: -1 }, { name: null }, { remainingMs: -1 }],
  },
  {
    name: "manageCall's reply",
    schema: manageCall.reply,
    accepts: [{ entry: ENTRY, havePieces: 0 }],
    refuses: [{ entry: null }, { havePieces: -1 }],
  },
  {
    name: "writePieceCall's request",
    schema: writePieceCall.request,
    accepts: [{ infoHash: INFO_HASH, piece: 0, offeredBy: "gateway-1" }],
    refuses: [{ offeredBy: "a.b" }, { piece: -1 }],
  },
  {
    name: "scrubState",
    schema: scrubState,
    accepts: [SCRUB, { ...SCRUB, at: null, endedAtMs: 1 }],
    refuses: [{ round: -1 }, { at: { infoHash: INFO_HASH } }],
  },
  {
    name: "torrentCondition",
    schema: torrentCondition,
    accepts: [
      { stale: [], badPieces: [] },
      {
        stale: [{ location: "/a", path: "/a/b", foundAtMs: 0 }],
        badPieces: [{ location: "/a", piece: 1, foundAtMs: 0 }],
      },
    ],
    refuses: [{ badPieces: [{ location: "/a", piece: -1, foundAtMs: 0 }] }, { stale: ["/a"] }],
  },
  {
    name: "retainCall's request",
    schema: retainCall.request,
    accepts: [{ locations: [] }, { locations: ["/a", "s3://bucket/b"] }],
    refuses: [{ locations: [""] }, { locations: "/a" }],
  },
  {
    name: "retainCall's reply",
    schema: retainCall.reply,
    accepts: [{ removed: 0 }],
    refuses: [{ removed: -1 }],
  },
  {
    name: "trackerReplayCall's request",
    schema: trackerReplayCall.request,
    accepts: [{ origin: "0123456789abcdef", from: 1, to: 2 }],
    refuses: [{ from: -1 }, { to: 0.5 }, { origin: "0123" }],
  },
  {
    name: "trackerUser",
    schema: trackerUser,
    accepts: [
      { id: "a1", name: "Alice", passkeyHash: FINGERPRINT, createdAtMs: 1, revokedAtMs: null },
    ],
    refuses: [{ id: "a.b" }, { name: "" }, { passkeyHash: "ab" }, { revokedAtMs: -1 }],
  },
  {
    name: "trackerTotals",
    schema: trackerTotals,
    accepts: [{ uploadedBytes: 0, downloadedBytes: 1 }],
    refuses: [{ uploadedBytes: -1 }, { downloadedBytes: 0.5 }],
  },
  {
    name: "readPieceCall's request",
    schema: readPieceCall.request,
    accepts: [{ infoHash: INFO_HASH, piece: 0, begin: 0, length: 1, verify: false }],
    refuses: [{ piece: -1 }, { begin: 0.5 }, { verify: 1 }, { length: 0 }, { infoHash: "*" }],
  },
];

for (const { name, schema, accepts, refuses } of contracts) {
  test(`${name} accepts what it says, as it crosses the bus`, async () => {
    for (const value of accepts) {
      const crossed: unknown = JSON.parse(JSON.stringify(value));
      deepEqual(await schema["~standard"].validate(crossed), { value });
    }
  });

  const [first = {}] = accepts;
  const fields = Object.keys(first);
  const wrong: readonly object[] = [
    ...refuses.map((change) => ({ ...first, ...change })),
    { ...first, extra: 1 },
    ...fields.map((field) => ({ ...first, [field]: undefined })),
    ...fields.map((field) => ({ ...first, [field]: [[]] })),
  ];
  for (const value of [...wrong, null, "text", 7, []]) {
    const shown = JSON.stringify(value).slice(0, 150);
    test(`${name} refuses ${shown}`, async () => {
      const result = await schema["~standard"].validate(value);
      equal(result.issues === undefined, false);
    });
  }
}

/** Of a stream's chunks or an event's payload. */
function schemaOf<Value>(values: Schema<Value> | "bytes"): Schema<Value> {
  assert(values !== "bytes");
  return values;
}

/** As many peers that are all alike. */
function manyPeers(count: number): unknown {
  return Object.fromEntries(
    Object.entries(ROUND_PEERS).map(([name, [item]]) => [name, new Array(count).fill(item)]),
  );
}
