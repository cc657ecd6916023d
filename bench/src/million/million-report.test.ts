import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import {
  type AskedGateway,
  type IdleGateway,
  millionFigures,
  millionTable,
} from "./million-report.ts";

const MIB = 1024 * 1024;

function givenIdle(mib: number): IdleGateway {
  return { resident: { total: mib * MIB, anonymous: mib * (MIB / 2) }, publishedPerMinute: 30 };
}

/** The store's slowest read is not the one of the slowest first block. */
function givenAsked(mib: number, firstBlockMs: readonly number[], storeMs = 3): AskedGateway {
  return {
    idle: givenIdle(mib),
    served: { total: (mib + 20) * MIB, anonymous: mib * MIB },
    cacheBytes: 16 * MIB,
    firstBlockMs,
    storeReadMs: firstBlockMs.map((_, at) => (at === 0 ? storeMs : 1)),
  };
}

const figures = millionFigures(
  [givenIdle(90), givenIdle(92), givenIdle(91)],
  [givenAsked(95, [4, 5, 9]), givenAsked(101, [4, 5, 11]), givenAsked(96, [4, 5, 21])],
);

test("millionFigures() takes the middle of the gateways", () => {
  deepEqual(figures.emptyMib, { median: 91, min: 90, max: 92 });
  deepEqual(figures.fullMib, { median: 96, min: 95, max: 101 });
  equal(figures.servedMib.median, 116);
  equal(figures.cacheMib.median, 16);
});

test("millionFigures() takes the store's part away torrent by torrent", () => {
  deepEqual(figures.firstBlock.p99, { median: 11, min: 9, max: 21 });
  deepEqual(figures.storeRead.p99, { median: 3, min: 3, max: 3 });
  deepEqual(figures.beyondStore.p99, { median: 10, min: 8, max: 20 });
  deepEqual(figures.beyondStore.p50, { median: 4, min: 4, max: 4 });
});

test("millionFigures() tells which of each gateway's were the slowest", () => {
  const given = Array.from({ length: 200 }, (_, at) => (at === 4 ? 90 : at === 130 ? 99 : 10));
  const { slowest } = millionFigures([givenIdle(90)], [givenAsked(95, given, 1)]);
  deepEqual(slowest, [
    [
      { serial: 5, ms: 89 },
      { serial: 131, ms: 98 },
    ],
  ]);
});

test("millionTable() tells memory, times and announces", () => {
  const table = millionTable({
    bench: "million",
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      cpu: "a CPU",
      cores: 2,
      memoryBytes: 1,
      system: "Linux 6",
      node: "v26.0.0",
      congestionControl: "cubic",
    },
    torrents: 1_000_000,
    load: { runs: 3, samples: 3, settleSeconds: 10 },
    catalog: { seconds: 200, storeReadySeconds: 30, storeResidentBytes: 900 * MIB },
    announces: 0,
    idleUses: { presence: 10 },
    figures,
  });
  match(table, /^full catalog +96 \(95–101\) +48 .* 5 +30 \(30–30\)$/m);
  match(table, /^the gateway's part +4\.0 \(4\.0–4\.0\) +10\.0 \(8\.0–20\.0\)$/m);
  match(table, /^3: 8 ms\n3: 10 ms\n3: 20 ms$/m);
  match(table, /^Announces: 0\. Messages in 10 s without peers: presence 10\.$/m);
  match(table, /^Catalog written in 200 s \(5000 torrents a second\)/m);
});
