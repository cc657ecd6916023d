import type { Bus, KeyValue } from "@seedfleet/bus";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import {
  type BadPiece,
  CATALOG_BUCKET,
  CONDITION_BUCKET,
  catalogEntry,
  type StaleSource,
  type TorrentCondition,
  torrentCondition,
} from "@seedfleet/contracts";

/** What is wrong with one torrent, by location. */
export type Condition = {
  readonly stale: Map<string, StaleSource>;
  /** By location, then by piece. */
  readonly bad: Map<string, Map<number, BadPiece>>;
};

export function emptyCondition(): Condition {
  return { stale: new Map(), bad: new Map() };
}

/** Whether nothing is wrong any more. */
export function isWell({ stale, bad }: Condition): boolean {
  return stale.size === 0 && bad.size === 0;
}

/** The conditions of a holder's torrents as they are kept on the bus. */
export class ConditionStore {
  readonly #holder: string;
  readonly #stored: KeyValue;
  readonly #entries: KeyValue;

  private constructor(holder: string, stored: KeyValue, entries: KeyValue) {
    this.#holder = holder;
    this.#stored = stored;
    this.#entries = entries;
  }

  static async open(bus: Bus, holder: string): Promise<ConditionStore> {
    const entries = await bus.keyValue(CATALOG_BUCKET);
    return new ConditionStore(holder, await bus.keyValue(CONDITION_BUCKET), entries);
  }

  /** Of locations from which nothing is published any more nothing is said. */
  async *all(): AsyncGenerator<readonly [InfoHash, Condition], void, void> {
    const prefix = `${this.#holder}.`;
    for await (const key of this.#stored.keys()) {
      const infoHash = key.startsWith(prefix) ? parseInfoHash(key.slice(prefix.length)) : null;
      if (infoHash === null) continue;
      const found = await this.#stored.get(key);
      const parsed = found && torrentCondition.safeParse(parseJson(found.value));
      if (parsed?.success) yield [infoHash, conditionOf(parsed.data, await this.#places(infoHash))];
    }
  }

  /** Takes it out where all is well. */
  async write(infoHash: InfoHash, condition: Condition): Promise<void> {
    const key = `${this.#holder}.${infoHash}`;
    if (isWell(condition)) await this.#stored.delete(key);
    else await this.#stored.put(key, Buffer.from(JSON.stringify(snapshotOf(condition))));
  }

  async #places(infoHash: InfoHash): Promise<ReadonlySet<string>> {
    const found = await this.#entries.get(infoHash);
    const parsed = found && catalogEntry.safeParse(parseJson(found.value));
    return new Set(parsed?.success ? parsed.data.sources.map(({ location }) => location) : []);
  }
}

function conditionOf(
  { stale, badPieces }: TorrentCondition,
  places: ReadonlySet<string>,
): Condition {
  const condition = emptyCondition();
  for (const source of stale) {
    if (places.has(source.location)) condition.stale.set(source.location, source);
  }
  for (const bad of badPieces) {
    if (!places.has(bad.location)) continue;
    const pieces = condition.bad.get(bad.location) ?? new Map<number, BadPiece>();
    condition.bad.set(bad.location, pieces.set(bad.piece, bad));
  }
  return condition;
}

function snapshotOf({ stale, bad }: Condition): TorrentCondition {
  const badPieces = [...bad.values()].flatMap((pieces) => [...pieces.values()]);
  return { stale: [...stale.values()], badPieces };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
