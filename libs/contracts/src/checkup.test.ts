import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import {
  CHECKED_DIRECTORIES_MAX,
  checkupCall,
  fleetCheckup,
  UNREADABLE_SOURCES_MAX,
} from "./index.ts";

const DIRECTORY = { path: "/a", managed: true, freeBytes: 1, sizeBytes: null, fault: "EROFS" };
const SOURCE = { location: "s3://b/k", reason: "gone" };
const STORE = { directories: [DIRECTORY], unreadable: [SOURCE], moreUnreadable: 0 };
const GATEWAY = {
  ...{ peerId: "2d".repeat(20), encryption: "allowed", outcome: null },
  ...{ hasReachedItself: false, cameAgoMs: 0.5 },
};
const CHECKUP = { nowMs: 1.5, node: "v26.10.0" };
const PRESENCE = {
  ...{ role: "tracker", id: "tracker-1", version: "0.1.0", startedAtMs: 0.5, draining: false },
  ...{ load: 0, peerAddress: null, urls: [], gateway: null },
};
const PROCESS = { presence: PRESENCE, answeredAtMs: 0, checkup: null, failure: "bus-timeout" };

const cases = [
  {
    name: "checkupCall's reply",
    schema: checkupCall.reply,
    accepts: [
      CHECKUP,
      { ...CHECKUP, gateway: GATEWAY },
      { ...CHECKUP, gateway: { ...GATEWAY, outcome: "reached", cameAgoMs: null } },
      { ...CHECKUP, store: STORE },
    ],
    refuses: [
      { ...CHECKUP, nowMs: -1 },
      { ...CHECKUP, more: 1 },
      { ...CHECKUP, gateway: { ...GATEWAY, outcome: "fine" } },
      { ...CHECKUP, gateway: { ...GATEWAY, peerId: "2D".repeat(20) } },
      {
        ...CHECKUP,
        store: { ...STORE, directories: many(CHECKED_DIRECTORIES_MAX + 1, DIRECTORY) },
      },
      { ...CHECKUP, store: { ...STORE, unreadable: many(UNREADABLE_SOURCES_MAX + 1, SOURCE) } },
      null,
    ],
  },
  {
    name: "fleetCheckup",
    schema: fleetCheckup,
    accepts: [
      { processes: [], infoHash: null },
      { processes: [PROCESS], infoHash: "ab".repeat(20) },
      { processes: [{ ...PROCESS, checkup: CHECKUP, failure: null }], infoHash: null },
    ],
    refuses: [
      { processes: [], infoHash: "ab" },
      { processes: [{ presence: PRESENCE }], infoHash: null },
      { processes: [{ ...PROCESS, presence: { ...PRESENCE, role: "nobody" } }], infoHash: null },
    ],
  },
] as const;

for (const { name, schema, accepts, refuses } of cases) {
  test(`${name} accepts what it says, as it crosses the bus, and nothing else`, async () => {
    for (const value of accepts) {
      const crossed: unknown = JSON.parse(JSON.stringify(value));
      deepEqual(await schema["~standard"].validate(crossed), { value });
    }
    for (const value of refuses) {
      const result = await schema["~standard"].validate(value);
      equal(result.issues === undefined, false, JSON.stringify(value).slice(0, 150));
    }
  });
}

function many<Item>(count: number, item: Item): readonly Item[] {
  return Array.from({ length: count }, () => item);
}
