/** More numbers missing of one tracker than this, and a snapshot is the shorter way. */
const MISSING_MAX = 65_536;

/** Trackers that are heard of: each start of one is another. The one silent longest goes first. */
const ORIGINS_MAX = 1_024;

/** Numbers that are missing, the first and the last of a row of them. */
export type Missing = { readonly from: number; readonly to: number };

type Origin = {
  /** The highest number heard of. */
  last: number;
  /** The first number heard, while it is not known whether those before are here; else 0. */
  openFrom: number;
  readonly missing: Set<number>;
  /** So much is missing that only a snapshot of that tracker helps. */
  lost: boolean;
};

/**
 * Which batches of which tracker have come. Each is to be applied once: counting a completed
 * download twice would be as wrong as losing a peer.
 *
 * A newcomer hears trackers before it has a snapshot, which tells what was before. Once that is
 * loaded it has `settled`, and a tracker it hears for the first time owes it everything.
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
    const origin = this.#origins.get(name);
    if (origin === undefined) {
      const first = this.#add(name, sequence);
      first.openFrom = empty ? sequence + 1 : sequence;
      if (this.#settled) this.#close(first, 0);
      return !empty;
    }
    // The order is that of who was heard last.
    this.#origins.delete(name);
    this.#origins.set(name, origin);
    if (sequence <= origin.last) return !empty && origin.missing.delete(sequence);
    this.#miss(origin, origin.last + 1, empty ? sequence : sequence - 1);
    origin.last = sequence;
    return !empty;
  }

  /** The snapshot that was loaded has all batches of a tracker up to this number. */
  adopt(name: string, upTo: number): void {
    const origin = this.#origins.get(name) ?? this.#add(name, upTo);
    if (origin.openFrom > 0) this.#close(origin, upTo);
    this.#have(origin, upTo);
  }

  /** The snapshot that was loaded is this tracker's own. */
  caughtUp(name: string, upTo: number): void {
    const origin = this.#origins.get(name) ?? this.#add(name, upTo);
    origin.openFrom = 0;
    origin.lost = false;
    this.#have(origin, upTo);
  }

  /** No snapshot is to come any more. */
  settle(): void {
    this.#settled = true;
    for (const origin of this.#origins.values()) {
      if (origin.openFrom > 0) this.#close(origin, 0);
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
    if (origin.lost) return "snapshot";
    const [from] = origin.missing;
    if (from === undefined) return null;
    let to = from;
    while (origin.missing.has(to + 1)) to += 1;
    return { from, to };
  }

  /** Up to which number all batches of each tracker are here. */
  *complete(): Generator<readonly [name: string, upTo: number]> {
    for (const [name, { last, openFrom, missing, lost }] of this.#origins) {
      if (lost || openFrom > 0) continue;
      yield [name, missing.size === 0 ? last : Math.min(...missing) - 1];
    }
  }

  #add(name: string, last: number): Origin {
    if (this.#origins.size >= ORIGINS_MAX) {
      const [oldest] = this.#origins.keys();
      if (oldest !== undefined) this.#origins.delete(oldest);
    }
    const origin: Origin = { last, openFrom: 0, missing: new Set(), lost: false };
    this.#origins.set(name, origin);
    return origin;
  }

  /** Those before the first that was heard are here up to this number. */
  #close(origin: Origin, upTo: number): void {
    const { openFrom } = origin;
    origin.openFrom = 0;
    this.#miss(origin, upTo + 1, openFrom - 1);
  }

  #have(origin: Origin, upTo: number): void {
    origin.last = Math.max(origin.last, upTo);
    for (const sequence of origin.missing) if (sequence <= upTo) origin.missing.delete(sequence);
  }

  #miss(origin: Origin, from: number, to: number): void {
    if (origin.lost || to < from) return;
    if (origin.missing.size + to - from + 1 > MISSING_MAX) return lose(origin);
    for (let sequence = from; sequence <= to; sequence += 1) origin.missing.add(sequence);
  }
}

function lose(origin: Origin): void {
  origin.lost = true;
  origin.missing.clear();
}
