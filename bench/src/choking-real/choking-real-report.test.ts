import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { chokingRealText, classFigures, type LeecherFigures } from "./choking-real-report.ts";

const LEECHERS: readonly LeecherFigures[] = [
  givenLeecher("50-1", { finishedSeconds: 40, timeline: "111...222.*" }),
  givenLeecher("50-2", { finishedSeconds: 44 }),
  givenLeecher("800-1", { uploadBytesPerSecond: 800_000, fromGatewaysBytes: 9_000_000 }),
];

test("classFigures() gives the spread of each class", () => {
  const [slow, fast] = classFigures(LEECHERS);
  deepEqual(slow, {
    uploadBytesPerSecond: 50_000,
    finishedSeconds: { median: 42, min: 40, max: 44 },
    fromGatewaysBytes: { median: 3_000_000, min: 3_000_000, max: 3_000_000 },
  });
  deepEqual(fast?.finishedSeconds, { median: 30, min: 30, max: 30 });
});

test("chokingRealText() shows who was unchoked when, and how soon each class was done", () => {
  const machine = {
    ...{ cpu: "CPU", cores: 2, memoryBytes: 1, system: "Linux 6", node: "v26" },
    congestionControl: "bbr",
  };
  const text = chokingRealText({
    ...{ at: "2026-11-27T00:00:00Z", machine, sizeMib: 32, gateways: 2, slots: 3 },
    ...{ gatewayBytesPerSecond: 1_000_000, stepSeconds: 1, leechers: LEECHERS },
    tally: { rounds: 4, unfairRounds: 0, roundsAlone: 1 },
  });
  equal(
    text,
    `choking-real: 3 libtorrent leechers of 32 MiB
2026-11-27T00:00:00Z, CPU, 2 cores, Linux 6 (TCP bbr), Node v26

2 gateways of 1000 kB/s and 3 slots each; a step is 1 s: the number of the gateway whose slot it \
has, * two slots, . it waits
leecher  uploads kB/s  done s  MB of gateways  0         10
50-1               50    40.0             3.0  111...222.*
50-2               50    44.0             3.0
800-1             800    30.0             9.0

4 rounds of the scheduler, in 0 of them somebody had two slots while another waited; gateways \
decided 1 alone

uploads kB/s  done s            MB of gateways
          50  42.0 (40.0–44.0)  3.0 (3.0–3.0)
         800  30.0 (30.0–30.0)  9.0 (9.0–9.0)
`,
  );
});

function givenLeecher(name: string, differing: Partial<LeecherFigures>): LeecherFigures {
  return {
    ...{ name, uploadBytesPerSecond: 50_000, finishedSeconds: 30, fromGatewaysBytes: 3_000_000 },
    ...{ timeline: "", ...differing },
  };
}
