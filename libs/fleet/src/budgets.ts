import type { Bus, KeyValue, KeyValueEntry } from "@seedfleet/bus";
import { BUDGET_BUCKET, budget, LABEL_BUDGETS_MAX, label } from "@seedfleet/contracts";
import type { Log } from "@seedfleet/telemetry";

/** What is sent a second at most, by the name of the budget: `fleet` or `label.{label}`. */
export type BudgetTable = ReadonlyMap<string, number>;

export const FLEET_BUDGET = "fleet";

/** The budgets of the fleet and of labels, which last until somebody changes them. */
export type Budgets = {
  list(): Promise<BudgetTable>;
  /** Null takes it away. */
  set(name: string, bytesPerSecond: number | null): Promise<void>;
  /** Resolves once it knows those there are. */
  watch(): Promise<BudgetWatch>;
};

export type BudgetWatch = {
  readonly now: BudgetTable;
  stop(): void;
};

export function labelBudget(name: string): string {
  return `label.${name}`;
}

/** The label of a budget's name; null of another budget. */
export function labelOfBudget(name: string): string | null {
  const rest = name.startsWith("label.") ? name.slice("label.".length) : "";
  return label.safeParse(rest).success ? rest : null;
}

/** Opens the budgets over the bus's durable stores. What it cannot read is logged and skipped. */
export async function openBudgets(bus: Bus, log: Log): Promise<Budgets> {
  const entries = await bus.keyValue(BUDGET_BUCKET);
  const read = ({ key, value }: Pick<KeyValueEntry, "key" | "value">): number | null => {
    const parsed = budget.safeParse(parseJson(value));
    const isNamed = key === FLEET_BUDGET || labelOfBudget(key) !== null;
    if (parsed.success && isNamed) return parsed.data.bytesPerSecond;
    log.error("budget unreadable", { key });
    return null;
  };
  return {
    list: () => list(entries, read),
    async set(name, bytesPerSecond) {
      if (bytesPerSecond === null) return await entries.delete(name);
      await entries.put(name, Buffer.from(JSON.stringify({ bytesPerSecond })));
    },
    watch: () => watch(entries, read),
  };
}

type ReadBudget = (entry: Pick<KeyValueEntry, "key" | "value">) => number | null;

async function list(entries: KeyValue, read: ReadBudget): Promise<BudgetTable> {
  const found = new Map<string, number>();
  for await (const key of entries.keys()) {
    const entry = await entries.get(key);
    const bytesPerSecond = entry === null ? null : read(entry);
    if (bytesPerSecond !== null) found.set(key, bytesPerSecond);
  }
  return bounded(found);
}

async function watch(entries: KeyValue, read: ReadBudget): Promise<BudgetWatch> {
  const known = new Map<string, number>();
  const initialised = Promise.withResolvers<void>();
  let now = bounded(known);
  const watching = await entries.watch((change) => {
    if (change.kind === "initialised") return initialised.resolve();
    const bytesPerSecond = change.kind === "put" ? read(change) : null;
    // One that cannot be read was not taken away: it stays as it was.
    if (bytesPerSecond !== null) known.set(change.key, bytesPerSecond);
    else if (change.kind === "delete") known.delete(change.key);
    now = bounded(known);
  });
  await initialised.promise;
  return {
    get now() {
      return now;
    },
    stop: () => watching.stop(),
  };
}

/** In the order of their names, the same for everybody, and not more labels than there may be. */
function bounded(budgets: ReadonlyMap<string, number>): BudgetTable {
  const sorted = [...budgets].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const ofFleet = sorted.filter(([name]) => name === FLEET_BUDGET);
  const ofLabels = sorted.filter(([name]) => name !== FLEET_BUDGET);
  return new Map([...ofFleet, ...ofLabels.slice(0, LABEL_BUDGETS_MAX)]);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
