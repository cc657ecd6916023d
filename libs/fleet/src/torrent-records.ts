import { type Bus, invalidPayload, type KeyValue, type KeyValueEntry } from "@seedfleet/bus";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import type { Log } from "@seedfleet/telemetry";

/** What is written of one torrent, under its info hash. */
type TorrentRecord = { readonly infoHash: InfoHash };

type Issue = { readonly path: readonly PropertyKey[]; readonly message: string };

/** What there is of one bucket. */
export type RecordKind<Entry extends TorrentRecord> = {
  readonly bucket: string;
  /** What it is called in the log. */
  readonly name: string;
  readonly schema: {
    safeParse(
      value: unknown,
    ):
      | { readonly success: true; readonly data: Entry }
      | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
  };
  /** Of more, those first by info hash hold. */
  readonly max: number;
  /** What is there and what is wanted beside it; the former itself where that is nothing new. */
  readonly merge: (before: Entry, wanted: Entry) => Entry;
  readonly full: (wanted: Entry) => Error;
};

/** `merged`: it was there and says more now. `known`: it was there with all of it. */
export type AddedRecord<Entry> = {
  /** As it is now. */
  readonly record: Entry;
  readonly outcome: "added" | "merged" | "known";
};

export type TorrentRecords<Entry> = {
  /** In the order of their info hashes. */
  list(): Promise<readonly Entry[]>;
  get(infoHash: InfoHash): Promise<Entry | null>;
  /** Rejects where there are too many, and with `bus-invalid-payload` what nobody could read. */
  add(wanted: Entry): Promise<AddedRecord<Entry>>;
  /** As `add`, but to one that is there alone; null where none is, or not any more. */
  addTo(wanted: Entry): Promise<AddedRecord<Entry> | null>;
  /** Whether it was there. */
  remove(infoHash: InfoHash): Promise<boolean>;
  /** Resolves once it knows those there are; tells of every change after that. */
  watch(changed: () => void): Promise<RecordWatch<Entry>>;
};

export type RecordWatch<Entry> = {
  /** The same map until something changes. */
  readonly now: ReadonlyMap<InfoHash, Entry>;
  stop(): void;
};

type Read<Entry> = (entry: Pick<KeyValueEntry, "key" | "value">) => Entry | null;

type Opened<Entry extends TorrentRecord> = {
  readonly records: KeyValue;
  readonly kind: RecordKind<Entry>;
  readonly read: Read<Entry>;
};

/** Opens records over the bus's durable stores. What it cannot read is logged and skipped. */
export async function openTorrentRecords<Entry extends TorrentRecord>(
  bus: Bus,
  log: Log,
  kind: RecordKind<Entry>,
): Promise<TorrentRecords<Entry>> {
  const records = await bus.keyValue(kind.bucket);
  const read: Read<Entry> = ({ key, value }) => {
    const parsed = kind.schema.safeParse(parseJson(value));
    if (parsed.success && parsed.data.infoHash === key) return parsed.data;
    log.error(`${kind.name} unreadable`, { key });
    return null;
  };
  const opened = { records, kind, read };
  return {
    list: () => list(opened),
    async get(infoHash) {
      const found = await records.get(infoHash);
      return found === null ? null : read(found);
    },
    add: async (wanted) => await add(opened, checked(kind, wanted)),
    async addTo(wanted) {
      const found = checked(kind, wanted);
      return (await records.get(wanted.infoHash)) === null ? null : await add(opened, found);
    },
    async remove(infoHash) {
      const isThere = (await records.get(infoHash)) !== null;
      if (isThere) await records.delete(infoHash);
      return isThere;
    },
    watch: (changed) => watch(opened, changed),
  };
}

/** What does not fit the schema would be a record that nobody can read. */
function checked<Entry extends TorrentRecord>(kind: RecordKind<Entry>, wanted: Entry): Entry {
  const parsed = kind.schema.safeParse(wanted);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw invalidPayload(kind.bucket, issues);
}

async function list<Entry extends TorrentRecord>({
  records,
  kind,
  read,
}: Opened<Entry>): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  for await (const key of records.keys()) {
    const record = await records.get(key);
    const each = record === null ? null : read(record);
    if (each !== null) found.push(each);
  }
  return found.toSorted(byInfoHash).slice(0, kind.max);
}

async function add<Entry extends TorrentRecord>(
  { records, kind, read }: Opened<Entry>,
  wanted: Entry,
): Promise<AddedRecord<Entry>> {
  const { infoHash } = wanted;
  while (true) {
    const found = await records.get(infoHash);
    if (found === null && (await countOf(records)) >= kind.max) throw kind.full(wanted);
    const before = found === null ? null : read(found);
    const after = before === null ? wanted : kind.merge(before, wanted);
    if (before !== null && after === before) return { record: before, outcome: "known" };
    const value = Buffer.from(JSON.stringify(after));
    // Null: somebody else wrote meanwhile.
    if ((await records.update(infoHash, value, found?.revision ?? 0)) === null) continue;
    return { record: after, outcome: before === null ? "added" : "merged" };
  }
}

async function countOf(records: KeyValue): Promise<number> {
  return (await Array.fromAsync(records.keys())).length;
}

async function watch<Entry extends TorrentRecord>(
  { records, kind, read }: Opened<Entry>,
  changed: () => void,
): Promise<RecordWatch<Entry>> {
  const known = new Map<InfoHash, Entry>();
  const initialised = Promise.withResolvers<void>();
  let isInitialised = false;
  /** Sorted when somebody looks: thousands may come one after the other. */
  let now: ReadonlyMap<InfoHash, Entry> | null = null;
  const watching = await records.watch((change) => {
    if (change.kind === "initialised") {
      isInitialised = true;
      return initialised.resolve();
    }
    const infoHash = parseInfoHash(change.key);
    if (infoHash === null) return;
    const record = change.kind === "put" ? read(change) : null;
    // One that cannot be read was not taken away: it stays as it was.
    if (record !== null) known.set(infoHash, record);
    else if (change.kind === "delete") known.delete(infoHash);
    now = null;
    if (isInitialised) changed();
  });
  await initialised.promise;
  return {
    get now() {
      now ??= bounded(known, kind.max);
      return now;
    },
    stop: () => watching.stop(),
  };
}

/** The same for everybody, and not more than there may be. */
function bounded<Entry extends TorrentRecord>(
  known: ReadonlyMap<InfoHash, Entry>,
  max: number,
): ReadonlyMap<InfoHash, Entry> {
  const sorted = [...known.values()].toSorted(byInfoHash).slice(0, max);
  return new Map(sorted.map((each) => [each.infoHash, each]));
}

function byInfoHash(a: TorrentRecord, b: TorrentRecord): number {
  return a.infoHash < b.infoHash ? -1 : 1;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
