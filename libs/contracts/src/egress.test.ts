import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import {
  BUDGET_BYTES_PER_SECOND_MIN,
  BUDGETS_PER_ASK_MAX,
  budget,
  catalogEntry,
  egressCall,
  SWARMS_PER_ASK_MAX,
  TRACKER_SIZES_MAX,
  trackerSizesCall,
} from "./index.ts";

const INFO_HASH = "ab".repeat(20);
const DEMAND = {
  ...{ budget: "fleet", bytesPerSecond: 1_000_000, wantedBytesPerSecond: 0.5 },
  ...{ activePeers: 3, heldBytesPerSecond: 0 },
};
const REQUEST = { gateway: "gateway-1", gateways: 2, demands: [DEMAND], swarms: null };
const REPLY = { validForMs: 8_000, parts: [0.5], swarms: null };
const SWARM = { infoHash: INFO_HASH, leechers: 3, seeders: 0 };
const ENTRY = {
  ...{ infoHash: INFO_HASH, name: "content", sizeBytes: 0, contentBytes: 0 },
  ...{ infoHashV2: null, version: "v1", pieceLengthBytes: 1, pieceCount: 1, fileCount: 1 },
  ...{ private: false, addedAtMs: 0, aliases: [] },
  sources: [{ holder: "s", shared: false, location: "/c", fingerprint: "0".repeat(64) }],
};
const UPLOAD = { bytesPerSecond: null, class: null };

const cases = [
  {
    name: "egressCall's request",
    schema: egressCall.request,
    accepts: [
      REQUEST,
      { ...REQUEST, swarms: [SWARM] },
      { ...REQUEST, demands: [{ ...DEMAND, wantedBytesPerSecond: null }] },
    ],
    refuses: [
      { ...REQUEST, gateways: 0 },
      { ...REQUEST, demands: [{ ...DEMAND, bytesPerSecond: BUDGET_BYTES_PER_SECOND_MIN - 1 }] },
      { ...REQUEST, demands: [{ ...DEMAND, wantedBytesPerSecond: Number.POSITIVE_INFINITY }] },
      { ...REQUEST, demands: [{ ...DEMAND, heldBytesPerSecond: -1 }] },
      { ...REQUEST, demands: Array.from({ length: BUDGETS_PER_ASK_MAX + 1 }, () => DEMAND) },
      { ...REQUEST, swarms: [{ ...SWARM, infoHash: "no hash" }] },
      { ...REQUEST, swarms: Array.from({ length: SWARMS_PER_ASK_MAX + 1 }, () => SWARM) },
      { ...REQUEST, more: 1 },
    ],
  },
  {
    name: "egressCall's reply",
    schema: egressCall.reply,
    accepts: [REPLY, { ...REPLY, swarms: [[3, 0]] }],
    refuses: [
      { ...REPLY, validForMs: -1 },
      { ...REPLY, parts: [-1] },
      { ...REPLY, swarms: [[3]] },
    ],
  },
  {
    name: "trackerSizesCall's request",
    schema: trackerSizesCall.request,
    accepts: [{ infoHashes: [] }, { infoHashes: [INFO_HASH] }],
    refuses: [
      { infoHashes: ["no hash"] },
      { infoHashes: Array.from({ length: TRACKER_SIZES_MAX + 1 }, () => INFO_HASH) },
    ],
  },
  {
    name: "trackerSizesCall's reply",
    schema: trackerSizesCall.reply,
    accepts: [{ sizes: [[3, 0]] }],
    refuses: [{ sizes: [[3, -1]] }, { sizes: [[3]] }],
  },
  {
    name: "budget",
    schema: budget,
    accepts: [{ bytesPerSecond: BUDGET_BYTES_PER_SECOND_MIN }],
    refuses: [{ bytesPerSecond: 1 }, { bytesPerSecond: null }, { bytesPerSecond: 1e6, more: 1 }],
  },
  {
    name: "catalogEntry with a budget",
    schema: catalogEntry,
    accepts: [
      { ...ENTRY, upload: UPLOAD },
      { ...ENTRY, upload: { ...UPLOAD, fleetBytesPerSecond: BUDGET_BYTES_PER_SECOND_MIN } },
    ],
    refuses: [
      { ...ENTRY, upload: { ...UPLOAD, fleetBytesPerSecond: 1 } },
      { ...ENTRY, upload: { ...UPLOAD, fleetBytesPerSecond: null } },
    ],
  },
];

for (const { name, schema, accepts, refuses } of cases) {
  test(`${name} accepts what it says, as it crosses the bus`, async () => {
    for (const value of accepts) {
      const crossed: unknown = JSON.parse(JSON.stringify(value));
      deepEqual(await schema["~standard"].validate(crossed), { value });
    }
  });

  for (const value of refuses) {
    test(`${name} refuses ${JSON.stringify(value).slice(0, 150)}`, async () => {
      const result = await schema["~standard"].validate(value);
      equal(result.issues === undefined, false);
    });
  }
}
