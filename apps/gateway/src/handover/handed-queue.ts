import type { CloseReason } from "../peers/close-reason.ts";
import { type Leecher, leecherKey } from "./leecher.ts";

/** A client that knows where else to go and may, is there within this. */
export const HANDED_DIAL_AFTER_MS = 300;

/**
 * So long after one that closed the connection, it is gone to again: a client that lets one address
 * in once, as libtorrent does, closes us while its connection with the gateway that leaves is open,
 * if both are behind one address.
 */
export const HANDED_AGAIN_AFTER_MS = 2_000;

/** By the last one the gateway that leaves has closed its connections, or nearly. */
export const HANDED_TRIES_MAX = 4;

/** Leechers waited for at once; as many peers as a gateway has at most unless it is told. */
export const HANDED_LEECHERS_MAX = 4_096;

/** What came of a leecher that was handed over. */
export type HandedOutcome = "came" | "reached" | "unreachable" | "refused" | "no-room";

type Entry = {
  readonly leecher: Leecher;
  dueMs: number;
  tries: number;
};

/**
 * Leechers that other gateways left, and when to go to each, sans-IO. What is wrong with a
 * connection is the peer's own business: who cannot be reached is behind a firewall, and forgotten.
 */
export class HandedQueue {
  /** In the order they came. */
  readonly #waiting = new Map<string, Entry>();
  readonly #dialling = new Map<string, Entry>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#dialling.size === 0;
  }

  get diallingCount(): number {
    return this.#dialling.size;
  }

  /** Gives how many there was no room for. */
  add(leechers: readonly Leecher[], nowMs: number): number {
    let dropped = 0;
    for (const leecher of leechers) {
      const key = leecherKey(leecher);
      if (this.#waiting.has(key) || this.#dialling.has(key)) continue;
      if (this.#waiting.size + this.#dialling.size >= HANDED_LEECHERS_MAX) dropped += 1;
      else this.#waiting.set(key, { leecher, dueMs: nowMs + HANDED_DIAL_AFTER_MS, tries: 0 });
    }
    return dropped;
  }

  /** Those to go to now, so many at most; `settled` or `forget` must follow for each. */
  takeDue(nowMs: number, countMax: number): readonly Leecher[] {
    const taken: Leecher[] = [];
    for (const [key, entry] of this.#waiting) {
      if (taken.length >= countMax) break;
      if (entry.dueMs > nowMs) continue;
      this.#waiting.delete(key);
      this.#dialling.set(key, entry);
      taken.push(entry.leecher);
    }
    return taken;
  }

  /**
   * Why a connection was not to be had, null if it was. What came of the leecher; null while it is
   * to be gone to again.
   */
  settled(leecher: Leecher, reason: CloseReason | null, nowMs: number): HandedOutcome | null {
    const key = leecherKey(leecher);
    const entry = this.#dialling.get(key);
    this.#dialling.delete(key);
    if (reason === null) return "reached";
    if (reason === "unreachable") return "unreachable";
    if (reason === "gateway-full" || reason === "address-full") return "no-room";
    if (entry === undefined || reason !== "peer-closed") return "refused";
    entry.tries += 1;
    if (entry.tries >= HANDED_TRIES_MAX) return "refused";
    entry.dueMs = nowMs + HANDED_AGAIN_AFTER_MS;
    this.#waiting.set(key, entry);
    return null;
  }

  forget(leecher: Leecher): void {
    this.#dialling.delete(leecherKey(leecher));
  }

  /** Forgets all, and gives those that were not reached, for somebody else to go to. */
  takeAll(): readonly Leecher[] {
    const all = [...this.#dialling.values(), ...this.#waiting.values()];
    this.#dialling.clear();
    this.#waiting.clear();
    return all.map(({ leecher }) => leecher);
  }
}
