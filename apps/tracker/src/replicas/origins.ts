/** More numbers missing of one tracker than this, and a snapshot is the shorter way. */
const MISSING_MAX = 65_536;

/** Trackers that are heard of: each start of one is another. The one silent longest goes first. */
const ORIGINS_MAX = 1_024;

/** Numbers that are missing, the first and the last of a row of them. */
export type Missing = { readonly from: number; readonly to: number };

type Origin = {
  /** The highest number heard of. */
  last: number;
  /** All up to this one came with the snapshot of a newcomer. */
  loadedUpTo: number;
  /** Only a snapshot that has all up to this one helps; 0 while nothing is lost. */
  lostUpTo: number;
  /** Which of those up to `last`, and after `lostUpTo`, have not come. */
  readonly missing: Set<number>;
};

/**
 * Which batches of which tracker have come. Each is to be applied once, and after the snapshot that
 * it changes: counting a completed download twice would be as wrong as losing a peer.
 *
 * So a newcomer applies nothing until its snapshot is loaded, and asks again for what came
 * meanwhile. Then it has `settled`, and a tracker it hears for the first time owes it everything.
 */
export class Origins {
  readonly #origins = new Map<string, Origin>();
  #settled = false;

  get count(): number {
    return this.#origins.size;
  }

  /**
   * A batch has come, in whatever order; true if it is to be applied. An empty one tells the number
   * of the last that was sent.
   */
  heard(name: string, sequence: number, empty: boolean): boolean {
    const origin = this.#origins.get(name) ?? this.#add(name);
    // The order is that of who was heard last.
    this.#origins.delete(name);
    this.#origins.set(name, origin);
    if (sequence <= origin.last) return !empty && origin.missing.delete(sequence);
    const before = origin.last;
    origin.last = sequence;
    if (!this.#settled) return false;
    miss(origin, before + 1, empty ? sequence : sequence - 1);
    return !empty;
  }

  /**
   * A snapshot that was loaded has all batches of a tracker up to this number. What a newcomer need
   * not ask for then, others still ask for: a snapshot does not say who has stopped.
   */
  adopt(name: string, upTo: number): void {
    const known = this.#origins.get(name);
    const origin = known ?? this.#add(name);
    if (origin.lostUpTo <= upTo) origin.lostUpTo = 0;
    if (!this.#settled) origin.loadedUpTo = Math.max(origin.loadedUpTo, upTo);
    else if (known === undefined) origin.last = upTo;
  }

  /** No snapshot is to come any more that everything is based on. */
  settle(): void {
    this.#settled = true;
    for (const origin of this.#origins.values()) {
      miss(origin, origin.loadedUpTo + 1, origin.last);
      origin.last = Math.max(origin.last, origin.loadedUpTo);
    }
  }

  /** What is missing of a tracker cannot be had one by one any more. */
  giveUp(name: string): void {
    const origin = this.#origins.get(name);
    if (origin !== undefined) lose(origin);
  }

  forget(name: string): void {
    this.#origins.delete(name);
  }

  /** What to ask a tracker for; "snapshot" if that is too much; null if nothing is missing. */
  missingOf(name: string): Missing | "snapshot" | null {
    const origin = this.#origins.get(name);
    if (origin === undefined) return null;
    if (origin.lostUpTo > 0) return "snapshot";
    const [from] = origin.missing;
    if (from === undefined) return null;
    let to = from;
    while (origin.missing.has(to + 1)) to += 1;
    return { from, to };
  }

  /** Up to which number all batches of each tracker are here. */
  *complete(): Generator<readonly [name: string, upTo: number]> {
    if (!this.#settled) return;
    for (const [name, { last, missing, lostUpTo }] of this.#origins) {
      if (lostUpTo > 0) continue;
      // They are put in from the lowest up.
      const [first] = missing;
      yield [name, first === undefined ? last : first - 1];
    }
  }

  #add(name: string): Origin {
    if (this.#origins.size >= ORIGINS_MAX) {
      const [oldest] = this.#origins.keys();
      if (oldest !== undefined) this.#origins.delete(oldest);
    }
    const origin: Origin = { last: 0, loadedUpTo: 0, lostUpTo: 0, missing: new Set() };
    this.#origins.set(name, origin);
    return origin;
  }
}

function miss(origin: Origin, from: number, to: number): void {
  if (origin.missing.size + to - from + 1 > MISSING_MAX) return lose(origin);
  for (let sequence = from; sequence <= to; sequence += 1) origin.missing.add(sequence);
}

function lose(origin: Origin): void {
  origin.lostUpTo = origin.last;
  origin.missing.clear();
}
