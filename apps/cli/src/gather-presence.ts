import type { Presence, Role } from "@seedfleet/contracts";
import { delay } from "@seedfleet/runtime";
import type { Fleet } from "./fleet-connection.ts";

/** A running fleet answers the question who is there at once. */
const PRESENCE_WAIT_MS = 3_000;

/** Whoever else is there has answered too by so long after the first. */
const PRESENCE_GATHER_MS = 250;

/** All of a role that are there, also those on their way out, in the order of their ids. */
export async function gatherPresence(
  { presence, clock }: Pick<Fleet, "presence" | "clock">,
  role: Role,
): Promise<readonly Presence[]> {
  await presence.soon(role, PRESENCE_WAIT_MS);
  await delay(clock, PRESENCE_GATHER_MS);
  return presence.present(role);
}
