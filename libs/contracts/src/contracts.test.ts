import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "@seedfleet/bus";
import {
  catalogEntry,
  chokeRoundCall,
  hashMemo,
  PEERS_PER_ROUND_MAX,
  peerAnnouncedEvent,
  presenceAskedEvent,
  presenceEvent,
  publishCall,
  readPieceCall,
  retainCall,
} from "./index.ts";

const INFO_HASH = "ab".repeat(20);
const FINGERPRINT = "0".repeat(64);

const ENTRY = {
  ...{ infoHash: INFO_HASH, name: "content", sizeBytes: 0, pieceLengthBytes: 1, pieceCount: 1 },
  ...{ fileCount: 1, private: false, holder: "store-1", path: "/content" },
  ...{ fingerprint: FINGERPRINT, addedAtMs: 0 },
};
const PRESENCE = {
  ...{ role: "gateway", id: "gateway-1", version: "0.1.0", startedAtMs: 0.5, draining: false },
  ...{ load: 1.5, peerAddress: { host: "192.0.2.1", port: 6881 }, urls: ["http://a/announce"] },
};
const PEER = {
  ...{ peerKey: "2d5445-1", amChoking: true, peerInterested: true },
  ...{ uploadBytesPerSecond: 0.5, connectedAtMs: 0, unchokedAtMs: null },
};
const ROUND_REQUEST = { gateway: "gateway-1", infoHash: INFO_HASH, unchokeSlots: 4, peers: [PEER] };
const DECISION = { peerKey: "2d5445-1", unchoked: true, reason: "rate" };
const ROUND_REPLY = { round: 1, validForMs: 5_000, unchokeSlots: 4, decisions: [DECISION] };
const HASHING = { kind: "hashing", name: "a", hashedBytes: 0, totalBytes: 1 };
const PUBLISHED = { kind: "published", entry: ENTRY, hashed: true, skipped: ["a link"] };
const ANNOUNCED = {
  ...{ infoHash: INFO_HASH, peerId: "2d".repeat(20) },
  address: { host: "192.0.2.1", port: 6881 },
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
    accepts: [ENTRY, { ...ENTRY, private: true, sizeBytes: Number.MAX_SAFE_INTEGER }],
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
      { holder: "two tokens" },
      { holder: "a.b" },
      { path: "" },
      { fingerprint: "0" },
      { addedAtMs: null },
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
    schema: presenceEvent.payload,
    accepts: [PRESENCE, { ...PRESENCE, role: "console", peerAddress: null, urls: [] }],
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
      { urls: Array.from({ length: 17 }, () => "http://a/") },
    ],
  },
  {
    name: "presenceAskedEvent",
    schema: presenceAskedEvent.payload,
    accepts: [{}],
    refuses: [],
  },
  {
    name: "peerAnnouncedEvent",
    schema: peerAnnouncedEvent.payload,
    accepts: [ANNOUNCED],
    refuses: [{ peerId: "2D".repeat(20) }, { peerId: "2d" }, { address: null }],
  },
  {
    name: "chokeRoundCall's request",
    schema: chokeRoundCall.request,
    accepts: [
      ROUND_REQUEST,
      { ...ROUND_REQUEST, unchokeSlots: "auto", peers: [] },
      { ...ROUND_REQUEST, peers: [{ ...PEER, unchokedAtMs: 7 }] },
      { ...ROUND_REQUEST, peers: Array.from({ length: PEERS_PER_ROUND_MAX }, () => PEER) },
    ],
    refuses: [
      { gateway: "" },
      { unchokeSlots: 0 },
      { unchokeSlots: "many" },
      { peers: [{ ...PEER, uploadBytesPerSecond: -0.65 }] },
      { peers: [{ ...PEER, peerKey: "" }] },
      { peers: [{ ...PEER, peerKey: "a".repeat(65) }] },
      { peers: [{ ...PEER, more: 1 }] },
      { peers: Array.from({ length: PEERS_PER_ROUND_MAX + 1 }, () => PEER) },
    ],
  },
  {
    name: "chokeRoundCall's reply",
    schema: chokeRoundCall.reply,
    accepts: [ROUND_REPLY, { ...ROUND_REPLY, decisions: [] }],
    refuses: [
      { round: 0 },
      { validForMs: -1 },
      { unchokeSlots: "auto" },
      { decisions: [{ ...DECISION, reason: "liked" }] },
      { decisions: [{ ...DECISION, more: 1 }] },
    ],
  },
  {
    name: "publishCall's request",
    schema: publishCall.request,
    accepts: [{ path: "/content", private: false }],
    refuses: [{ path: "" }, { path: "a".repeat(4_097) }, { private: "no" }],
  },
  {
    name: "publishCall's chunk",
    schema: chunkSchema(publishCall.chunk),
    accepts: [HASHING, PUBLISHED],
    refuses: [{ kind: "resting" }, { hashedBytes: -1 }, { name: null }, { entry: ENTRY }],
  },
  {
    name: "retainCall's request",
    schema: retainCall.request,
    accepts: [{ paths: [] }, { paths: ["/a", "/b"] }],
    refuses: [{ paths: [""] }, { paths: "/a" }],
  },
  {
    name: "retainCall's reply",
    schema: retainCall.reply,
    accepts: [{ removed: 0 }],
    refuses: [{ removed: -1 }],
  },
  {
    name: "readPieceCall's request",
    schema: readPieceCall.request,
    accepts: [{ infoHash: INFO_HASH, piece: 0, begin: 0, length: 1 }],
    refuses: [{ piece: -1 }, { begin: 0.5 }, { length: 0 }, { infoHash: "*" }],
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

function chunkSchema(chunk: Schema<unknown> | "bytes"): Schema<unknown> {
  if (chunk === "bytes") throw new Error("it has no schema");
  return chunk;
}
