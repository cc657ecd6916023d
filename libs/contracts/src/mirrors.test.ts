import assert, { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import {
  announcedSeed,
  MIRROR_CLAIMS_MAX,
  MIRROR_FILE_RANGES_MAX,
  MIRROR_GATEWAYS_MAX,
  MIRROR_PATTERN_LENGTH_MAX,
  MIRROR_PATTERNS_MAX,
  MIRROR_PEERS_MAX,
  MIRROR_TRACKERS_MAX,
  MIRROR_WEB_SEEDS_MAX,
  mirror,
  mirrorClaimsEvent,
  mirrorProgressEvent,
} from "./index.ts";

const MIRROR = {
  ...{ infoHash: "ab".repeat(20), infoHashV2: null, name: null, trackers: [], webSeeds: [] },
  ...{ peers: [], holder: "store-1", purpose: "mirror", gateways: 1, dht: false, addedAtMs: 0 },
};
const SEED = {
  ...{ infoHash: "ab".repeat(20), infoHashV2: null, name: null, trackers: [] },
  ...{ gateways: 1, dht: false, sinceMs: 0 },
};
const PROGRESS = {
  ...{ gateway: "gateway-1", state: "metadata", reason: null, name: null },
  ...{ pieceCount: null, pieceLengthBytes: null, havePieces: 0, downloadedBytes: 0 },
  ...{ wastedBytes: 0, uploadedBytes: 0, bytesPerSecond: 0, peers: 0, seeds: 0 },
};
const CHOICE = { only: [], first: [], sequential: false };
const TRACKER = "udp://tracker.example:1/";
const PEER = { host: "192.0.2.1", port: 6881 };

const { payload: progressSchema } = mirrorProgressEvent;
const { payload: claimsSchema } = mirrorClaimsEvent;
assert(progressSchema !== "bytes" && claimsSchema !== "bytes");

const cases = [
  {
    name: "mirror",
    schema: mirror,
    whole: MIRROR,
    accepts: [
      {},
      { infoHashV2: "cd".repeat(32), name: "debian", purpose: "restore", dht: true },
      { trackers: Array(MIRROR_TRACKERS_MAX).fill([TRACKER]), gateways: MIRROR_GATEWAYS_MAX },
      { peers: Array(MIRROR_PEERS_MAX).fill(PEER) },
      { choice: { only: Array(MIRROR_PATTERNS_MAX).fill("*.gz"), first: [], sequential: true } },
      { choice: { ...CHOICE, files: Array(MIRROR_FILE_RANGES_MAX).fill([0, 3]) } },
      { webSeeds: Array(MIRROR_WEB_SEEDS_MAX).fill("https://w.example/") },
      { announce: false },
      { announce: true },
    ],
    refuses: [
      { choice: { ...CHOICE, files: Array(MIRROR_FILE_RANGES_MAX + 1).fill([0, 3]) } },
      { choice: { ...CHOICE, files: [[0]] } },
      { choice: { ...CHOICE, files: [[-1, 0]] } },
      { choice: { only: Array(MIRROR_PATTERNS_MAX + 1).fill("a"), first: [], sequential: false } },
      {
        choice: { only: ["a".repeat(MIRROR_PATTERN_LENGTH_MAX + 1)], first: [], sequential: false },
      },
      { infoHash: "AB".repeat(20) },
      { name: "a".repeat(1_025) },
      { trackers: [[]] },
      { trackers: [TRACKER] },
      { trackers: Array(MIRROR_TRACKERS_MAX + 1).fill([TRACKER]) },
      { trackers: [[`${TRACKER}${"a".repeat(2_048)}`]] },
      { webSeeds: Array(MIRROR_WEB_SEEDS_MAX + 1).fill("https://w.example/") },
      { peers: Array(MIRROR_PEERS_MAX + 1).fill(PEER) },
      { peers: [{ host: "h", port: 0 }] },
      { holder: "two words" },
      { purpose: "seed" },
      { gateways: 0 },
      { gateways: MIRROR_GATEWAYS_MAX + 1 },
      { dht: null },
      { announce: null },
      { more: 1 },
    ],
  },
  {
    name: "announcedSeed",
    schema: announcedSeed,
    whole: SEED,
    accepts: [
      {},
      { infoHashV2: "cd".repeat(32), name: "debian", trackers: [[TRACKER]], dht: true },
    ],
    refuses: [
      { infoHashV2: "cd".repeat(20) },
      { name: "a".repeat(1_025) },
      { trackers: [[]] },
      { trackers: Array(MIRROR_TRACKERS_MAX + 1).fill([TRACKER]) },
      { gateways: 0 },
      { gateways: MIRROR_GATEWAYS_MAX + 1 },
      { dht: null },
      { sinceMs: -1 },
      { more: 1 },
    ],
  },
  {
    name: "mirrorProgressEvent",
    schema: progressSchema,
    whole: PROGRESS,
    accepts: [
      {},
      { state: "paused", reason: "the disk is full", name: "debian" },
      { state: "downloading", pieceCount: 3, pieceLengthBytes: 16_384, bytesPerSecond: 0.5 },
    ],
    refuses: [
      { state: "waiting" },
      { reason: "a".repeat(513) },
      { havePieces: -1 },
      { pieceCount: 0.5 },
      { bytesPerSecond: Number.NaN },
      { more: 1 },
    ],
  },
  {
    name: "mirrorClaimsEvent",
    schema: claimsSchema,
    whole: { gateway: "gateway-1", pieces: [] },
    accepts: [{}, { pieces: Array.from({ length: MIRROR_CLAIMS_MAX }, (_, piece) => piece) }],
    refuses: [{ pieces: [-1] }, { pieces: Array(MIRROR_CLAIMS_MAX + 1).fill(0) }, { gateway: "" }],
  },
];

for (const { name, schema, whole, accepts, refuses } of cases) {
  for (const differing of accepts) {
    test(`${name} accepts ${JSON.stringify(differing).slice(0, 80)}`, async () => {
      const crossed: unknown = JSON.parse(JSON.stringify({ ...whole, ...differing }));
      const value = await schema["~standard"].validate(crossed);
      deepEqual(value, { value: { ...whole, ...differing } });
    });
  }
  for (const differing of refuses) {
    test(`${name} refuses ${JSON.stringify(differing).slice(0, 80)}`, async () => {
      const result = await schema["~standard"].validate({ ...whole, ...differing });
      equal(result.issues === undefined, false);
    });
  }
}
