import type { Bus } from "@seedfleet/bus";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import {
  CATALOG_BUCKET,
  CHECKED_PROCESSES_MAX,
  type CheckedProcess,
  checkupCall,
  PRESENCE_EXPIRY_MS,
  PRESENCE_INTERVAL_MS,
  type Presence,
  presenceAskedEvent,
  presenceEvent,
  type Role,
} from "@seedfleet/contracts";
import { type Clock, delay, errorCode } from "@seedfleet/runtime";

/** Whoever is there answers the question at once; who is too busy to is heard by then. */
const GATHER_MS: number = PRESENCE_INTERVAL_MS + 500;

/** Of these a fleet has one each; one that is not heard has as long as makes it count as gone. */
const ROLES: readonly Role[] = [
  "tracker",
  "gateway",
  "piece-store",
  "choking-scheduler",
  "console",
];

type CheckPorts = { readonly bus: Bus; readonly clock: Clock };

/**
 * Asks all that are there how they are. Two processes that go by one name are both in it. What one
 * does not say is under its `failure`; rejects only where the bus itself fails.
 */
export async function checkFleet(ports: CheckPorts): Promise<readonly CheckedProcess[]> {
  const present = await gatherAll(ports);
  return await Promise.all(present.map((presence) => ask(ports, presence)));
}

/** Any torrent of the catalog, which is made where there is none; null where it is empty. */
export async function anyTorrent(bus: Bus): Promise<InfoHash | null> {
  const stored = await bus.keyValue(CATALOG_BUCKET);
  for await (const key of stored.keys()) {
    const infoHash = parseInfoHash(key);
    if (infoHash !== null) return infoHash;
  }
  return null;
}

/** By role, id and start: one that was started again meanwhile, or shares its name, is another. */
async function gatherAll({ bus, clock }: CheckPorts): Promise<readonly Presence[]> {
  const heard = new Map<string, Presence>();
  const subscription = bus.subscribe(presenceEvent, {}, (presence) => {
    const { role, id, startedAtMs } = presence;
    const key = `${role}.${id}.${startedAtMs}`;
    if (heard.size < CHECKED_PROCESSES_MAX || heard.has(key)) heard.set(key, presence);
  });
  try {
    bus.publish(presenceAskedEvent, {}, {});
    await delay(clock, GATHER_MS);
    const roles = new Set(heard.values().map(({ role }) => role));
    if (ROLES.some((role) => !roles.has(role))) await delay(clock, PRESENCE_EXPIRY_MS - GATHER_MS);
  } finally {
    subscription.unsubscribe();
  }
  return [...heard].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
}

async function ask({ bus, clock }: CheckPorts, presence: Presence): Promise<CheckedProcess> {
  try {
    const { role: service, id } = presence;
    const checkup = await bus.call(checkupCall, { service, id }, {});
    return { presence, answeredAtMs: clock.nowMs(), checkup, failure: null };
  } catch (error) {
    const failure = errorCode(error);
    if (failure === null) throw error;
    return { presence, answeredAtMs: clock.nowMs(), checkup: null, failure };
  }
}
