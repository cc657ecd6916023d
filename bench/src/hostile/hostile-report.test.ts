import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Measured } from "../load/measured.ts";
import { type Attack, attackOf } from "./attacks.ts";
import { closedSince, parseClosedConnections } from "./closed-connections.ts";
import { growthBytesMax, type HostileRun, hostileFigures, hostileTable } from "./hostile-report.ts";

const MIB = 1024 * 1024;
const GARBAGE = given("garbage");
const HALF_OPEN = given("half-open");

test("hostileFigures() finds nothing broken where good peers and memory notice little", () => {
  const runs = [run(), run({ during: measured(95) }), run({ during: measured(97) })];
  const figures = hostileFigures({ attack: GARBAGE, runs }, 50);
  deepEqual(figures.broken, []);
  equal(figures.shareKept.median, 0.97);
  deepEqual(figures.closed, { "mse-sync-lost": 21 });
  // A second of CPU gave 95 MB of 100, so 50 ms of it went to 50 attempts.
  ok(Math.abs((figures.cpuMsEach?.max ?? 0) - 1) < 0.001);
});

const broken: readonly { given: string; run: Partial<HostileRun>; says: RegExp }[] = [
  { given: "good peers that get less", run: { during: measured(89) }, says: /kept 89 %/ },
  {
    given: "memory beyond the bound",
    run: { peakResidentBytes: 100 * MIB + growthBytesMax(GARBAGE) + MIB },
    says: /memory grew by 97 MiB/,
  },
  {
    given: "connections that are not counted",
    run: { closed: { "peer-closed": 7 } },
    says: /nothing was counted as mse-sync-lost/,
  },
];

for (const { given: situation, run: differing, says } of broken) {
  test(`hostileFigures() given ${situation} says so`, () => {
    const figures = hostileFigures({ attack: GARBAGE, runs: [run(differing)] }, 50);
    equal(figures.broken.length, 1);
    match(figures.broken[0] ?? "", says);
    match(table([figures]), /^BROKEN\ngarbage: /m);
  });
}

test("growthBytesMax() has room for the connections of an attack that holds them", () => {
  equal(growthBytesMax(GARBAGE), 96 * MIB);
  equal(growthBytesMax(HALF_OPEN), 96 * MIB + 2_048 * 48 * 1024);
});

test("hostileTable() has one line for each attack", () => {
  const figures = [GARBAGE, HALF_OPEN].map((attack) =>
    hostileFigures({ attack, runs: [run()] }, 50),
  );
  const text = table(figures);
  match(text, /^garbage +100 +98 +98 % \(98–98\) +0\.40 +100 → 98 +100 → 110 +96 .*sync-lost 7$/m);
  match(text, /^half-open +100 +98 +98 % \(98–98\) +100 → 98/m);
  match(text, /^Every bound held\.$/m);
});

test("parseClosedConnections() reads the reasons from a metrics page", () => {
  const text = `# TYPE seedfleet_gateway_closed_connections_total counter
seedfleet_gateway_closed_connections_total{otel_scope_name="a",reason="idle"} 2
seedfleet_gateway_closed_connections_total{reason="pex-flood",otel_scope_name="a"} 3
seedfleet_gateway_sent_bytes_total{reason="idle"} 9
`;
  const closed = parseClosedConnections(text);
  deepEqual(closed, { idle: 2, "pex-flood": 3 });
  deepEqual(closedSince({ idle: 2, "pex-flood": 1 }, closed), { "pex-flood": 2 });
});

function given(name: string): Attack {
  const attack = attackOf(name);
  ok(attack !== null);
  return attack;
}

/** So many MB in a second of the server's. */
function measured(mb: number): Measured {
  return {
    receivedBytes: mb * 1e6,
    receivedBytesEach: [mb * 1e6],
    wallSeconds: 1,
    serverCpuSeconds: { user: 0.75, system: 0.25 },
    serverResidentBytes: { total: 0, anonymous: 0 },
    serverDiskReadBytes: 0,
    loadCpuSeconds: 1,
    otherCpuSeconds: 0,
    verifiedPieces: 1,
  };
}

function run(differing: Partial<HostileRun> = {}): HostileRun {
  return {
    before: measured(100),
    during: measured(98),
    beforeResidentBytes: 100 * MIB,
    peakResidentBytes: 110 * MIB,
    attacked: { openedCount: 50, closedCount: 50, sentBytes: 1, receivedBytes: 1 },
    closed: { "mse-sync-lost": 7 },
    ...differing,
  };
}

function table(figures: Parameters<typeof hostileTable>[0]["figures"]): string {
  return hostileTable({
    bench: "hostile",
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      ...{ cpu: "a CPU", cores: 2, memoryBytes: 1, system: "Linux 6", node: "v26.0.0" },
      congestionControl: "cubic",
    },
    load: { connections: 8, seconds: 1, runs: 1 },
    perSecond: 50,
    figures,
  });
}
