import { ok } from "node:assert/strict";
import { describe, test } from "node:test";
import { type RealPartName, skipWithout } from "../real-part.ts";
import { byteStreamTests } from "./byte-stream-tests.ts";
import { callTests } from "./call-tests.ts";
import { type BusTests, type BusUnderTest, givenBus } from "./fixture.ts";
import { lifecycleTests, outageTests } from "./lifecycle-tests.ts";
import { queueOutageTests } from "./queue-outage-tests.ts";
import { queueTests } from "./queue-tests.ts";
import { storeTests } from "./store-tests.ts";
import { streamTests } from "./stream-tests.ts";
import { subjectTests } from "./subject-tests.ts";

export type BusSuiteOptions = {
  /** What the adapter needs installed; without it the suite is skipped, or fails if required. */
  readonly realParts?: readonly RealPartName[];
  /** True of a bus that can go away on its own: `start` gives `outage`, and its tests run. */
  readonly outages?: boolean;
};

const GROUPS = {
  subjectTests,
  callTests,
  streamTests,
  byteStreamTests,
  storeTests,
  queueTests,
  lifecycleTests,
};
const OUTAGE_GROUPS = { outageTests, queueOutageTests };

/**
 * The promises of `BusTransport`, and of `Bus` on top of it, as tests: every adapter runs them.
 * `start` makes the bus of one test.
 */
export function describeBusTransport(
  name: string,
  start: () => Promise<BusUnderTest>,
  { realParts = [], outages = false }: BusSuiteOptions = {},
): void {
  const groups: Readonly<Record<string, BusTests>> = {
    ...GROUPS,
    ...(outages ? OUTAGE_GROUPS : {}),
  };
  void describe(`BusTransport: ${name}`, { skip: skipWithout(realParts) }, () => {
    for (const [group, tests] of Object.entries(groups)) {
      void describe(group, () => runAll(tests, start));
    }
  });
}

function runAll(tests: BusTests, start: () => Promise<BusUnderTest>): void {
  for (const [title, run] of Object.entries(tests)) {
    void test(title, async (t) => {
      const underTest = await start();
      t.after(() => underTest.stop());
      const needsOutage = Object.values<BusTests>(OUTAGE_GROUPS).includes(tests);
      ok(!needsOutage || underTest.outage !== undefined, "start() gives no outage");
      await run(givenBus(underTest));
    });
  }
}
