import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { BUDGET_BUCKET, LABEL_BUDGETS_MAX } from "@seedfleet/contracts";
import { FLEET_BUDGET, labelBudget, labelOfBudget, openBudgets } from "./budgets.ts";
import { GivenBus } from "./testing.ts";

const MIB = 1024 * 1024;

test("budgets last until they are changed, and a watch knows of that", async () => {
  await using given = new GivenBus();
  const budgets = await openBudgets(given.bus, given.telemetry.log);
  await budgets.set(FLEET_BUDGET, 9 * MIB);
  const watch = await budgets.watch();
  deepEqual([...watch.now], [["fleet", 9 * MIB]]);
  await budgets.set(labelBudget("bulk"), MIB);
  await budgets.set(FLEET_BUDGET, 8 * MIB);
  await given.bus.flush();
  deepEqual(await budgets.list(), watch.now);
  deepEqual(
    [...watch.now],
    [
      ["fleet", 8 * MIB],
      ["label.bulk", MIB],
    ],
  );
  await budgets.set(FLEET_BUDGET, null);
  await given.bus.flush();
  deepEqual([...watch.now.keys()], ["label.bulk"]);
  watch.stop();
});

test("a budget that cannot be read is none, and one that was there stays", async () => {
  await using given = new GivenBus();
  const budgets = await openBudgets(given.bus, given.telemetry.log);
  await budgets.set(FLEET_BUDGET, MIB);
  const watch = await budgets.watch();
  const entries = await given.bus.keyValue(BUDGET_BUCKET);
  await entries.put("fleet", Buffer.from("no JSON"));
  await entries.put("label.bulk", Buffer.from('{"bytesPerSecond":1}'));
  await entries.put("what.else", Buffer.from(`{"bytesPerSecond":${MIB}}`));
  await given.bus.flush();
  deepEqual([...watch.now], [["fleet", MIB]]);
  equal((await budgets.list()).size, 0);
  watch.stop();
});

test("not more labels have a budget than may, and those are the same for everybody", async () => {
  await using given = new GivenBus();
  const budgets = await openBudgets(given.bus, given.telemetry.log);
  const labels = Array.from({ length: LABEL_BUDGETS_MAX + 2 }, (_, index) => `label-${index}`);
  for (const label of labels.toReversed()) await budgets.set(labelBudget(label), MIB);
  equal((await budgets.list()).size, LABEL_BUDGETS_MAX);
  await budgets.set(FLEET_BUDGET, MIB);
  const listed = await budgets.list();
  equal(listed.size, LABEL_BUDGETS_MAX + 1);
  deepEqual([...listed.keys()], [...listed.keys()].toSorted());
});

for (const [name, label] of [
  ["label.bulk", "bulk"],
  ["fleet", null],
  ["label.", null],
  ["label.TWO", null],
  ["torrent.bulk", null],
] as const) {
  test(`labelOfBudget() given "${name}"`, () => equal(labelOfBudget(name), label));
}
