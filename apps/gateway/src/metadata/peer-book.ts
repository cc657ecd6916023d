import type { HostPort } from "@seedfleet/contracts";

/** Addresses that are remembered: as many as trackers tell of in a few answers. */
export const ADDRESSES_MAX = 1_000;

/** Addresses whose peers sent what is wrong for certain, which are not dialled again. */
export const ADDRESSES_BANNED_MAX = 1_000;

/** After the first failure; twice as long after each further one … */
export const REDIAL_AFTER_MS = 15_000;

/** … up to this: whoever was away for an hour may still come back. */
export const REDIAL_AFTER_MS_MAX: number = 15 * 60_000;

/** A peer's address; its number is the address's own, however often it is dialled. */
export type KnownPeer = { readonly number: number; readonly address: HostPort };

type Entry = KnownPeer & {
  readonly key: string;
  isBusy: boolean;
  failures: number;
  dueMs: number;
};

/**
 * Addresses of peers and when to dial each next, sans-IO. One that failed waits twice as long each
 * time; where there are too many, those that failed most often make room for new ones.
 */
export class PeerBook {
  readonly #entries = new Map<string, Entry>();
  readonly #busy = new Map<number, Entry>();
  readonly #banned = new Set<string>();
  #numbers = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** Takes addresses; gives those that are new. */
  add(addresses: readonly HostPort[]): readonly HostPort[] {
    return addresses
      .map(({ host, port }) => ({ host, port }))
      .filter((address) => this.#add(address));
  }

  /** The peer to dial now, which is busy from now on; the ones that failed least come first. */
  next(nowMs: number): KnownPeer | null {
    let best: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.isBusy || entry.dueMs > nowMs) continue;
      if (best === null || entry.failures < best.failures) best = entry;
    }
    if (best === null) return null;
    best.isBusy = true;
    this.#busy.set(best.number, best);
    return best;
  }

  /** Whether somebody waits to be dialled. */
  hasDue(nowMs: number): boolean {
    return this.#entries.values().some((entry) => !entry.isBusy && entry.dueMs <= nowMs);
  }

  /** The connection ended, or there was none. Of use is who gave something. */
  ended(number: number, wasOfUse: boolean, nowMs: number): void {
    const entry = this.#busy.get(number);
    if (entry === undefined) return;
    this.#busy.delete(number);
    entry.isBusy = false;
    entry.failures = wasOfUse ? 1 : entry.failures + 1;
    const waitMs = REDIAL_AFTER_MS * 2 ** (entry.failures - 1);
    entry.dueMs = nowMs + Math.min(REDIAL_AFTER_MS_MAX, waitMs);
  }

  /** It is dialled no more, whether its connection is there still or not. */
  ban(number: number): void {
    const entry = this.#entries.values().find((each) => each.number === number);
    if (entry === undefined) return;
    this.#entries.delete(entry.key);
    this.#busy.delete(number);
    this.#banned.add(entry.key);
    if (this.#banned.size <= ADDRESSES_BANNED_MAX) return;
    const [oldest] = this.#banned;
    if (oldest !== undefined) this.#banned.delete(oldest);
  }

  /** Everybody may be dialled at once: something else is wanted from now on. */
  forgetFailures(): void {
    for (const entry of this.#entries.values()) {
      entry.failures = 0;
      entry.dueMs = Number.NEGATIVE_INFINITY;
    }
  }

  #add(address: HostPort): boolean {
    const key = `${address.host} ${address.port}`;
    if (this.#entries.has(key) || this.#banned.has(key)) return false;
    if (this.#entries.size >= ADDRESSES_MAX && !this.#makeRoom()) return false;
    const entry = { key, number: this.#numbers, address };
    this.#numbers += 1;
    this.#entries.set(key, {
      ...entry,
      ...{ isBusy: false, failures: 0, dueMs: Number.NEGATIVE_INFINITY },
    });
    return true;
  }

  #makeRoom(): boolean {
    let worst: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.isBusy || entry.failures === 0) continue;
      if (worst === null || entry.failures > worst.failures) worst = entry;
    }
    return worst !== null && this.#entries.delete(worst.key);
  }
}
