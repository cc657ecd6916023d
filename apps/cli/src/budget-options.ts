import { LABEL_BUDGETS_MAX } from "@seedfleet/contracts";
import { budgetValue, labelValue } from "./budget-values.ts";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type BudgetOptions = {
  /** In bytes a second; null takes the budget away, undefined leaves it. */
  readonly fleet: number | null | undefined;
  readonly labels: ReadonlyMap<string, number | null>;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const BUDGET_USAGE: string = `Usage: seedfleet budget [options]

Sets what all gateways together send a second at most, at once and for good; gateways share it by
what their peers want. Without an option it lists the budgets that are set. A torrent's label, and a
budget of its own, are set with seedfleet limit.

  --fleet BYTES|none       what the fleet sends its peers, as 100MiB; none: no budget
  --label NAME=BYTES|none  what it sends the peers of torrents of one label; may be given more than
                           once, up to ${LABEL_BUDGETS_MAX} labels have a budget
${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `budget`. Throws `usage` with one line that says what to do. */
export function parseBudgetOptions(args: readonly string[]): BudgetOptions | "help" {
  const { values, positionals } = parseCommandLine("budget", args, {
    fleet: { type: "string" },
    label: { type: "string", multiple: true, default: [] },
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (positionals.length > 0) {
    throw usageError("Say --fleet BYTES or --label NAME=BYTES; see seedfleet budget --help");
  }
  return {
    fleet: values.fleet === undefined ? undefined : budgetValue("--fleet", values.fleet),
    labels: new Map(values.label.map(labelBudgetValue)),
    natsUrl: natsUrl(values.bus),
    json: values.json,
  };
}

function labelBudgetValue(value: string): readonly [string, number | null] {
  const [name = "", budget, ...more] = value.split("=");
  const label = name === "none" ? null : labelValue("The name before = of --label", name);
  if (label === null || budget === undefined || more.length > 0) {
    throw usageError(`--label is NAME=BYTES, as bulk=50MiB, or NAME=none, not "${value}"`);
  }
  return [label, budgetValue(`--label ${label}`, budget)];
}
