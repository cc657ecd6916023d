import { equal } from "node:assert/strict";
import { test } from "node:test";
import { chokingTable } from "./choking-report.ts";
import { EVEN_CLASSES } from "./three-classes.ts";

const NONE = { reciprocation: [], adversary: [], fleet: [], round: [], bytes: [] } as const;

test("chokingTable() tells only the parts that were asked for", () => {
  const round = [{ policy: "legout", gateways: "one", costMs: [40, 50, 45] }];
  equal(
    chokingTable({ bench: "choking", seeds: 1, ...NONE, round }),
    `choking: seed 1, median (lowest–highest)

CPU time of a round over 100,000 peers in 1,000 swarms
policy  gateways          ms
legout  one       45 (40–50)
`,
  );
});

test("chokingTable() has a row for each case, with the spread of its seeds", () => {
  const runs = [0.01, 0.03].map((honestLoss, at) => ({
    ...{ seed: at + 1, honestLoss },
    riderTakesTimes: { slow: 2 + at, medium: 3, fast: 4 },
  }));
  const given = { name: "even", rates: EVEN_CLASSES, leecherSlots: 4, pieceCount: 9 };
  equal(
    chokingTable({ bench: "choking", seeds: 2, ...NONE, reciprocation: [{ given, runs }] }),
    `choking: seeds 1 to 2, median (lowest–highest)

a free rider's download, by how many times that of the honest of its class it took
classes  slots              slow            medium              fast  honest peers lose
even         4  2.50 (2.00–3.00)  3.00 (3.00–3.00)  4.00 (4.00–4.00)         1 % to 3 %
`,
  );
});

test("chokingTable() gives the mean of what cheats gain, and of fleets the longest wait", () => {
  const tricks = ["hides-pieces"] as const;
  const cheat = { name: "hides", policy: "legout", tricks, dependsOn: "gateway" } as const;
  const byClass = { slow: 0, medium: 0, fast: 0 };
  const fleet = { name: "one round", policy: "legout", pieceCount: 9 } as const;
  const figures = { unchokesPerLeecher: 1, copiesBeforeSecondSeed: 1.1, timesLeastTime: 1.2 };
  equal(
    chokingTable({
      ...{ bench: "choking", seeds: 2, ...NONE },
      adversary: [{ given: cheat, runs: [-0.1, 0.02].map((gain) => ({ seed: 1, gain, byClass })) }],
      fleet: [
        {
          given: { ...fleet, coordinated: true, superSeeds: false, uploadBytesPerSecond: 50_000 },
          runs: [7_000, 9_000].map((longestWaitMs) => ({
            ...{ seed: 1, ...figures, longestWaitMs, uplinkUse: 0.99 },
          })),
        },
      ],
    }),
    `choking: seeds 1 to 2, median (lowest–highest)

how much more a cheat has than the honest of its class; the mean of the seeds
most comes from  policy  cheat  mean       of each
the gateway      legout  hides  -4 %  -10 % to 2 %

four gateways: until a second seed appears (copies), and until all have everything
kB/s  gateways      unchokes each            copies         T / T_min  wait s  uplink used
  50  one round  1.00 (1.00–1.00)  1.10 (1.10–1.10)  1.20 (1.20–1.20)       9         99 %
`,
  );
});
