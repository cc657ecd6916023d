import { type Bus, invalidPayload, type KeyValue, type KeyValueEntry } from "@seedfleet/bus";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import { MIRROR_BUCKET, MIRRORS_MAX, type Mirror, mirror } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { mergeMirrors } from "./merge-mirrors.ts";
import { rendezvousOrder } from "./rendezvous.ts";

export type MirrorsFull = SeedfleetError<{ readonly code: "mirrors-full"; readonly max: number }>;

/** What came of asking for a mirror. */
export type AddedMirror = {
  /** As it is recorded now. */
  readonly mirror: Mirror;
  /** `merged`: it was there, and has more addresses now. `known`: it was there with all of them. */
  readonly outcome: "added" | "merged" | "known";
};

/** What the fleet downloads from foreign swarms; a record stays until it is complete. */
export type Mirrors = {
  /** In the order of their info hashes. */
  list(): Promise<readonly Mirror[]>;
  get(infoHash: InfoHash): Promise<Mirror | null>;
  /**
   * Records it. One that is there takes on the other's addresses, as far as there is room.
   * Rejects with `mirrors-full`, and with `bus-invalid-payload` what nobody could read.
   */
  add(mirror: Mirror): Promise<AddedMirror>;
  /** Whether it was there. */
  remove(infoHash: InfoHash): Promise<boolean>;
  /** Resolves once it knows those there are; tells of every change after that. */
  watch(changed: () => void): Promise<MirrorWatch>;
};

export type MirrorWatch = {
  readonly now: ReadonlyMap<InfoHash, Mirror>;
  stop(): void;
};

/** Opens the mirrors over the bus's durable stores. What it cannot read is logged and skipped. */
export async function openMirrors(bus: Bus, log: Log): Promise<Mirrors> {
  const records = await bus.keyValue(MIRROR_BUCKET);
  const read = ({ key, value }: Pick<KeyValueEntry, "key" | "value">): Mirror | null => {
    const parsed = mirror.safeParse(parseJson(value));
    if (parsed.success && parsed.data.infoHash === key) return parsed.data;
    log.error("mirror unreadable", { key });
    return null;
  };
  return {
    list: () => list(records, read),
    async get(infoHash) {
      const found = await records.get(infoHash);
      return found === null ? null : read(found);
    },
    add: async (wanted) => await add({ records, read }, checked(wanted)),
    async remove(infoHash) {
      const isThere = (await records.get(infoHash)) !== null;
      if (isThere) await records.delete(infoHash);
      return isThere;
    },
    watch: (changed) => watch(records, read, changed),
  };
}

/**
 * Which gateways download a mirror together, the first in order being the first asked to: whoever
 * knows the same gateways agrees, and one that leaves changes nobody else's place.
 */
export function gatewaysOf(
  { infoHash, gateways }: Pick<Mirror, "infoHash" | "gateways">,
  gatewayIds: readonly string[],
): readonly string[] {
  return rendezvousOrder(infoHash, [...new Set(gatewayIds)]).slice(0, gateways);
}

type ReadMirror = (entry: Pick<KeyValueEntry, "key" | "value">) => Mirror | null;

/** What does not fit the schema would be a record that nobody can read. */
function checked(wanted: Mirror): Mirror {
  const parsed = mirror.safeParse(wanted);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw invalidPayload(MIRROR_BUCKET, issues);
}

async function list(records: KeyValue, read: ReadMirror): Promise<readonly Mirror[]> {
  const found: Mirror[] = [];
  for await (const key of records.keys()) {
    const record = await records.get(key);
    const each = record === null ? null : read(record);
    if (each !== null) found.push(each);
  }
  return found.toSorted(byInfoHash).slice(0, MIRRORS_MAX);
}

async function add(
  { records, read }: { readonly records: KeyValue; readonly read: ReadMirror },
  wanted: Mirror,
): Promise<AddedMirror> {
  const { infoHash } = wanted;
  while (true) {
    const found = await records.get(infoHash);
    if (found === null && (await countOf(records)) >= MIRRORS_MAX) throw mirrorsFull(infoHash);
    const before = found === null ? null : read(found);
    const after = before === null ? wanted : mergeMirrors(before, wanted);
    if (before !== null && after === before) return { mirror: before, outcome: "known" };
    const value = Buffer.from(JSON.stringify(after));
    // Null: somebody else wrote meanwhile.
    if ((await records.update(infoHash, value, found?.revision ?? 0)) === null) continue;
    return { mirror: after, outcome: before === null ? "added" : "merged" };
  }
}

async function countOf(records: KeyValue): Promise<number> {
  return (await Array.fromAsync(records.keys())).length;
}

async function watch(
  records: KeyValue,
  read: ReadMirror,
  changed: () => void,
): Promise<MirrorWatch> {
  const known = new Map<InfoHash, Mirror>();
  const initialised = Promise.withResolvers<void>();
  let isInitialised = false;
  let now = bounded(known);
  const watching = await records.watch((change) => {
    if (change.kind === "initialised") {
      isInitialised = true;
      now = bounded(known);
      return initialised.resolve();
    }
    const infoHash = parseInfoHash(change.key);
    if (infoHash === null) return;
    const record = change.kind === "put" ? read(change) : null;
    // One that cannot be read was not taken away: it stays as it was.
    if (record !== null) known.set(infoHash, record);
    else if (change.kind === "delete") known.delete(infoHash);
    if (!isInitialised) return;
    now = bounded(known);
    changed();
  });
  await initialised.promise;
  return {
    get now() {
      return now;
    },
    stop: () => watching.stop(),
  };
}

/** The same for everybody, and not more than there may be. */
function bounded(known: ReadonlyMap<InfoHash, Mirror>): ReadonlyMap<InfoHash, Mirror> {
  const sorted = [...known.values()].toSorted(byInfoHash).slice(0, MIRRORS_MAX);
  return new Map(sorted.map((each) => [each.infoHash, each]));
}

function byInfoHash(a: Mirror, b: Mirror): number {
  return a.infoHash < b.infoHash ? -1 : 1;
}

function mirrorsFull(infoHash: InfoHash): MirrorsFull {
  const message =
    `Cannot mirror ${infoHash}: the fleet has ${MIRRORS_MAX} mirrors already; ` +
    "cancel one, or wait until one is complete";
  return new SeedfleetError(message, { code: "mirrors-full", max: MIRRORS_MAX });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
