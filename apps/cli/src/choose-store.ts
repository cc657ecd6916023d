import { SeedfleetError } from "@seedfleet/runtime";
import type { Fleet } from "./fleet-connection.ts";
import { gatherPresence } from "./gather-presence.ts";

type StoreChoice = {
  /** What for, in the words that follow "Cannot". */
  readonly purpose: string;
  /** Null takes the only one there is. */
  readonly named: string | null;
};

/** The piece-store that shall do something, which must be running. */
export async function chooseStore(
  ports: Pick<Fleet, "presence" | "clock">,
  { purpose, named }: StoreChoice,
): Promise<string> {
  const ids = await runningStores(ports);
  const fitting = ids.filter((id) => named === null || id === named);
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  throw new SeedfleetError(`Cannot ${purpose}: ${reason(ids, named)}`, {
    code: "piece-store-unclear",
  });
}

/** The ids of all piece-stores that are there and take new work. */
export async function runningStores(
  ports: Pick<Fleet, "presence" | "clock">,
): Promise<readonly string[]> {
  const stores = await gatherPresence(ports, "piece-store");
  return stores.filter(({ draining }) => !draining).map(({ id }) => id);
}

function reason(ids: readonly string[], named: string | null): string {
  if (ids.length === 0) return "no piece-store is running; start one";
  if (named === null) {
    return `there are several piece-stores; name one with --store: ${ids.join(", ")}`;
  }
  return `no piece-store "${named}" is running, but ${ids.join(", ")}`;
}
