import type { Presence } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import type { Fleet } from "./fleet-connection.ts";
import { gatherPresence } from "./gather-presence.ts";

type StoreChoice = {
  /** What for, in the words that follow "Cannot". */
  readonly purpose: string;
  /** Null takes the only one there is. */
  readonly named: string | null;
  /** Whether it must keep content of the fleet's own. */
  readonly managed?: boolean;
};

/** The piece-store that shall do something, which must be running. */
export async function chooseStore(
  ports: Pick<Fleet, "presence" | "clock">,
  { purpose, named, managed = false }: StoreChoice,
): Promise<string> {
  const stores = await availableStores(ports);
  const ids = stores.filter((store) => !managed || store.managed).map(({ id }) => id);
  if (managed && ids.length === 0 && stores.length > 0) throw noneKeepsContent(purpose);
  const fitting = ids.filter((id) => named === null || id === named);
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  throw new SeedfleetError(`Cannot ${purpose}: ${reason(ids, named, managed)}`, {
    code: "piece-store-unclear",
  });
}

/** The ids of all piece-stores that are there and take new work. */
export async function runningStores(
  ports: Pick<Fleet, "presence" | "clock">,
): Promise<readonly string[]> {
  return (await availableStores(ports)).map(({ id }) => id);
}

async function availableStores(
  ports: Pick<Fleet, "presence" | "clock">,
): Promise<readonly Presence[]> {
  const stores = await gatherPresence(ports, "piece-store");
  return stores.filter(({ draining }) => !draining);
}

function noneKeepsContent(purpose: string): SeedfleetError {
  return new SeedfleetError(
    `Cannot ${purpose}: no piece-store keeps content of its own; give one a directory for it ` +
      "(SEEDFLEET_PIECE_STORE_MANAGED_ROOT)",
    { code: "managed-content-off" },
  );
}

function reason(ids: readonly string[], named: string | null, managed: boolean): string {
  if (ids.length === 0) return "no piece-store is running; start one";
  if (named === null) {
    return `there are several piece-stores; name one with --store: ${ids.join(", ")}`;
  }
  const which = managed ? `"${named}" that keeps content` : `"${named}"`;
  return `no piece-store ${which} is running, but ${ids.join(", ")}`;
}
