import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { HostPort } from "@seedfleet/contracts";
import fc from "fast-check";
import {
  DOWNLOAD_DIALS_MAX,
  DOWNLOAD_PEERS_MAX,
  KNOWN_PEERS_MAX,
  KnownPeers,
} from "./known-peers.ts";

const RETRY_MS = 30_000;
const DAY_MS = 86_400_000;

const OURS: HostPort = { host: "192.0.2.1", port: 6881 };

function given(): KnownPeers {
  return new KnownPeers(({ host, port }) => host === OURS.host && port === OURS.port);
}

function addresses(count: number): readonly HostPort[] {
  return Array.from({ length: count }, (_, at) => ({ host: "198.51.100.7", port: 1_000 + at }));
}

const [PEER] = addresses(1) as readonly [HostPort];

test("KnownPeers gives an address once, and neither ours nor one without a port", () => {
  const known = given();
  known.add([PEER, PEER, OURS, { ...PEER, port: 0 }], 0);
  equal(known.size, 1);
  deepEqual(known.next(0), [PEER]);
  deepEqual(known.next(0), []);
});

test("KnownPeers dials few at once, and has room for so many connections", () => {
  const known = given();
  known.add(addresses(100), 0);
  const connected: HostPort[] = [];
  for (let round = 0; round < 10; round += 1) {
    const next = known.next(0);
    ok(next.length <= DOWNLOAD_DIALS_MAX);
    for (const address of next) known.connected(address);
    connected.push(...next);
  }
  equal(connected.length, DOWNLOAD_PEERS_MAX);
  equal(known.wantsMore, false);
  known.ended(connected[0] ?? PEER, 0);
  equal(known.wantsMore, true);
  equal(known.next(0).length, 1);
});

test("KnownPeers goes to one that failed later, and later each time, and then not", () => {
  const known = given();
  known.add([PEER], 0);
  let nowMs = 0;
  for (let failures = 0; failures < 6; failures += 1) {
    deepEqual(known.next(nowMs - 1), []);
    deepEqual(known.next(nowMs), [PEER]);
    known.ended(PEER, nowMs);
    nowMs += RETRY_MS * 2 ** failures;
  }
  equal(known.size, 0);
  known.add([PEER], nowMs);
  deepEqual(known.next(nowMs), [PEER]);
});

test("KnownPeers forgets earlier failures of one that was connected", () => {
  const known = given();
  known.add([PEER], 0);
  for (let at = 0; at < 20; at += 1) {
    deepEqual(known.next(at * RETRY_MS), [PEER]);
    known.connected(PEER);
    known.ended(PEER, at * RETRY_MS);
  }
  equal(known.size, 1);
});

test("KnownPeers never goes to a banned one again, whoever names it", () => {
  const known = given();
  known.add([PEER], 0);
  known.next(0);
  known.ban(PEER);
  known.ended(PEER, 0);
  known.add([PEER], 0);
  deepEqual(known.next(DAY_MS), []);
});

test("KnownPeers remembers so many", () => {
  const known = given();
  known.add(addresses(KNOWN_PEERS_MAX + 10), 0);
  equal(known.size, KNOWN_PEERS_MAX);
  equal(known.wantsMore, false);
});

test("KnownPeers forgets who failed for others, where it is full", () => {
  const known = given();
  known.add(addresses(KNOWN_PEERS_MAX), 0);
  const fresh = { host: "203.0.113.9", port: 6_881 };
  known.add([fresh], 0);
  for (const address of known.next(0)) known.ended(address, 0);
  known.add([fresh], 0);
  equal(known.size, KNOWN_PEERS_MAX);
  const rest = Array.from({ length: KNOWN_PEERS_MAX / DOWNLOAD_DIALS_MAX }, () => {
    const next = known.next(0);
    for (const address of next) known.ended(address, 0);
    return next;
  });
  ok(rest.flat().some(({ host }) => host === fresh.host));
});

test("KnownPeers never has more under way than it may, and loses no place", () => {
  const anyStep = fc.record({
    what: fc.constantFrom("next", "connected", "ended", "ban"),
    at: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 200 }), (steps) => {
      const known = given();
      known.add(addresses(80), 0);
      const dialling: HostPort[] = [];
      const connected: HostPort[] = [];
      let nowMs = 0;
      for (const { what, at } of steps) {
        const list = at % 2 === 0 ? dialling : connected;
        const address = list[at % Math.max(1, list.length)] ?? PEER;
        if (what === "next") {
          dialling.push(...known.next(nowMs));
        } else if (what === "connected" && list === dialling && list.length > 0) {
          known.connected(address);
          connected.push(...dialling.splice(dialling.indexOf(address), 1));
        } else if (what === "ended" && list.length > 0) {
          known.ended(address, nowMs);
          list.splice(list.indexOf(address), 1);
        } else if (what === "ban") known.ban(address);
        nowMs += at % 10_000;
        ok(dialling.length <= DOWNLOAD_DIALS_MAX);
        ok(dialling.length + connected.length <= DOWNLOAD_PEERS_MAX);
      }
      for (const address of [...dialling, ...connected]) known.ended(address, nowMs);
      known.add(addresses(1_000), nowMs);
      equal(known.next(nowMs + DAY_MS).length, DOWNLOAD_DIALS_MAX);
    }),
    { numRuns: 60 },
  );
});
