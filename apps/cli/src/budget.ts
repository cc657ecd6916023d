import { LABEL_BUDGETS_MAX } from "@seedfleet/contracts";
import {
  type Budgets,
  FLEET_BUDGET,
  labelBudget,
  labelOfBudget,
  openBudgets,
} from "@seedfleet/fleet";
import { formatBytes, SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import type { BudgetOptions } from "./budget-options.ts";
import { connectFleet, type Fleet } from "./fleet-connection.ts";

/** `seedfleet budget`: sets and lists what the fleet and labels are sent a second at most. */
export async function budget(options: BudgetOptions, print: (text: string) => void): Promise<void> {
  await using fleet = await connectFleet("budget", options.natsUrl);
  await setBudgets(fleet, options, print);
}

/** Throws where more labels would have a budget than may. */
export async function setBudgets(
  { bus }: Pick<Fleet, "bus">,
  { fleet, labels, json }: Omit<BudgetOptions, "natsUrl">,
  print: (text: string) => void,
): Promise<void> {
  const budgets = await openBudgets(bus, silentTelemetry.log);
  await assertRoom(budgets, labels);
  if (fleet !== undefined) await budgets.set(FLEET_BUDGET, fleet);
  for (const [name, bytesPerSecond] of labels) await budgets.set(labelBudget(name), bytesPerSecond);
  const listed = await budgets.list();
  if (listed.size === 0 && !json) return print("No budget is set\n");
  for (const [name, bytesPerSecond] of listed) {
    const label = labelOfBudget(name);
    const of = label === null ? "fleet" : `label ${label}`;
    if (json) print(`${JSON.stringify({ event: "budget", label, bytesPerSecond })}\n`);
    else print(`${of}: ${formatBytes(bytesPerSecond)}/s\n`);
  }
}

async function assertRoom(budgets: Budgets, labels: BudgetOptions["labels"]): Promise<void> {
  const after = new Set((await budgets.list()).keys().filter((name) => name !== FLEET_BUDGET));
  for (const [name, bytesPerSecond] of labels) {
    if (bytesPerSecond === null) after.delete(labelBudget(name));
    else after.add(labelBudget(name));
  }
  if (after.size <= LABEL_BUDGETS_MAX) return;
  throw new SeedfleetError(
    `Cannot set budgets of ${after.size} labels: up to ${LABEL_BUDGETS_MAX} may have one; ` +
      "take one away with seedfleet budget --label NAME=none",
    { code: "budgets-too-many" },
  );
}
