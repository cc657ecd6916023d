import type { HostPort } from "@seedfleet/contracts";

/** Addresses remembered of one torrent: more than anybody can go to. */
export const ADDRESSES_MAX = 2_000;

/** Addresses whose peers sent what is wrong for certain, which are not dialled again. */
export const ADDRESSES_BANNED_MAX = 1_000;

/** After the first failure; twice as long after each further one … */
export const REDIAL_AFTER_MS = 15_000;

/** … up to this: whoever was away for an hour may still come back. */
export const REDIAL_AFTER_MS_MAX: number = 15 * 60_000;

/** A peer's address; its number is the address's own, however often it is dialled. */
export type KnownPeer = { readonly number: number; readonly address: HostPort };

export type PeerBookOptions = {
  /** Connections and dials at once, and dials among them. */
  readonly connectionsMax: number;
  readonly dialsMax: number;
  /** Addresses that are let fall at once, as this fleet's own. */
  readonly isOurs?: (address: HostPort) => boolean;
};

type Entry = KnownPeer & {
  readonly key: string;
  state: "idle" | "dialling" | "connected";
  failures: number;
  dueMs: number;
};

/**
 * Addresses of one torrent's peers, as trackers, PEX and people said, and which to go to next,
 * sans-IO. One that failed waits twice as long each time, and so does one that let us in and gave
 * nothing: who comes and goes again and again costs a dial now and then. Where there are too many,
 * those that failed most often make room for new ones.
 */
export class PeerBook {
  readonly #options: PeerBookOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #busy = new Map<number, Entry>();
  readonly #banned = new Set<string>();
  #numbers = 0;
  #dialling = 0;

  constructor(options: PeerBookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Connections and dials. */
  get busy(): number {
    return this.#busy.size;
  }

  /** Whether there is no place for one more. */
  get isFull(): boolean {
    return this.#busy.size >= this.#options.connectionsMax;
  }

  /** Whether more addresses would be of use. */
  get wantsMore(): boolean {
    const connected = this.#busy.size - this.#dialling;
    return connected < this.#options.connectionsMax && this.#entries.size < ADDRESSES_MAX;
  }

  /** Takes addresses; gives those that are new. */
  add(addresses: readonly HostPort[]): readonly HostPort[] {
    return addresses
      .map(({ host, port }) => ({ host, port }))
      .filter((address) => this.#add(address));
  }

  /**
   * The peer to dial now, which is being dialled from then on; the ones that failed least come
   * first. Null where nobody is due, or there is no place.
   */
  next(nowMs: number): KnownPeer | null {
    if (this.isFull || this.#dialling >= this.#options.dialsMax) return null;
    let best: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.state !== "idle" || entry.dueMs > nowMs) continue;
      if (best === null || entry.failures < best.failures) best = entry;
    }
    if (best === null) return null;
    best.state = "dialling";
    this.#dialling += 1;
    this.#busy.set(best.number, best);
    return best;
  }

  /** Whether somebody waits to be dialled. */
  hasDue(nowMs: number): boolean {
    return this.#entries.values().some((entry) => entry.state === "idle" && entry.dueMs <= nowMs);
  }

  /** Its handshake is done. */
  connected(number: number): void {
    const entry = this.#busy.get(number);
    if (entry?.state !== "dialling") return;
    entry.state = "connected";
    this.#dialling -= 1;
  }

  /** The connection ended, or there was none. Of use is who gave something. */
  ended(number: number, wasOfUse: boolean, nowMs: number): void {
    const entry = this.#busy.get(number);
    if (entry === undefined) return;
    this.#busy.delete(number);
    if (entry.state === "dialling") this.#dialling -= 1;
    entry.state = "idle";
    entry.failures = wasOfUse ? 1 : entry.failures + 1;
    const waitMs = REDIAL_AFTER_MS * 2 ** (entry.failures - 1);
    entry.dueMs = nowMs + Math.min(REDIAL_AFTER_MS_MAX, waitMs);
  }

  /** It is dialled no more, whether its connection is there still or not. */
  ban(number: number): void {
    const entry = this.#entries.values().find((each) => each.number === number);
    if (entry === undefined) return;
    this.#entries.delete(entry.key);
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
    if (address.port === 0 || this.#options.isOurs?.(address) === true) return false;
    if (this.#entries.has(key) || this.#banned.has(key)) return false;
    if (this.#entries.size >= ADDRESSES_MAX && !this.#makeRoom()) return false;
    const entry = { key, number: this.#numbers, address };
    this.#numbers += 1;
    this.#entries.set(key, {
      ...entry,
      ...{ state: "idle", failures: 0, dueMs: Number.NEGATIVE_INFINITY },
    });
    return true;
  }

  /** Whoever names a thousand addresses where nobody is does not keep others out. */
  #makeRoom(): boolean {
    let worst: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.state !== "idle" || entry.failures === 0) continue;
      if (worst === null || entry.failures > worst.failures) worst = entry;
    }
    return worst !== null && this.#entries.delete(worst.key);
  }
}
