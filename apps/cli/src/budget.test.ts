import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { test } from "node:test";
import { LABEL_BUDGETS_MAX } from "@seedfleet/contracts";
import { errorCode } from "@seedfleet/runtime";
import { setBudgets } from "./budget.ts";
import { BUDGET_USAGE, type BudgetOptions, parseBudgetOptions } from "./budget-options.ts";
import { GivenFleet } from "./fleet-testing.ts";

const MIB = 1024 * 1024;

test("setBudgets() sets what it is told to, and lists all that are set", async () => {
  await using fleet = new GivenFleet();
  const set = async (options: Partial<BudgetOptions>) => {
    fleet.printed.splice(0);
    const wanted = { fleet: undefined, labels: new Map(), json: false, ...options };
    await setBudgets(fleet, wanted, fleet.print);
    return fleet.printed;
  };
  deepEqual(await set({}), ["No budget is set\n"]);
  deepEqual(await set({ fleet: 100 * MIB, labels: new Map([["bulk", MIB]]) }), [
    "fleet: 100MiB/s\n",
    "label bulk: 1MiB/s\n",
  ]);
  deepEqual(await set({ fleet: null }), ["label bulk: 1MiB/s\n"]);
  deepEqual(
    (await set({ json: true })).map((line) => JSON.parse(line)),
    [{ event: "budget", label: "bulk", bytesPerSecond: MIB }],
  );
  const many = Array.from({ length: LABEL_BUDGETS_MAX }, (_, at) => [`label-${at}`, MIB] as const);
  await rejects(set({ labels: new Map(many) }), (error) => errorCode(error) === "budgets-too-many");
  const instead = new Map([...many, ["bulk", null] as const]);
  equal((await set({ labels: instead })).length, LABEL_BUDGETS_MAX);
});

test("parseBudgetOptions() given budgets of fleet and labels", () => {
  const args = ["--fleet", "2MiB", "--label", "bulk=1MiB", "--label=old=none", "--json"];
  deepEqual(parseBudgetOptions(args), {
    ...{ fleet: 2 * MIB, natsUrl: null, json: true },
    labels: new Map([
      ["bulk", MIB],
      ["old", null],
    ]),
  });
  deepEqual(parseBudgetOptions([]), {
    ...{ fleet: undefined, labels: new Map(), natsUrl: null, json: false },
  });
  equal(parseBudgetOptions(["--help"]), "help");
  match(BUDGET_USAGE, /--fleet BYTES/);
});

const refused = [
  { args: ["bulk"], says: /Say --fleet/ },
  { args: ["--fleet", "1"], says: /--fleet is a number of bytes a second from 16KiB/ },
  { args: ["--label", "bulk"], says: /--label is NAME=BYTES/ },
  { args: ["--label", "bulk=1MiB=2"], says: /--label is NAME=BYTES/ },
  { args: ["--label", "none=1MiB"], says: /--label is NAME=BYTES/ },
  { args: ["--label", "Two Words=1MiB"], says: /is a name of a-z/ },
  { args: ["--label", "bulk=fast"], says: /--label bulk is a number/ },
] as const;

for (const { args, says } of refused) {
  test(`parseBudgetOptions() given "${args.join(" ")}" says what to do`, async () => {
    await rejects(async () => parseBudgetOptions(args), { message: says });
  });
}
