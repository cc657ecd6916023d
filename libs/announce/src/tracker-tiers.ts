import assert from "node:assert/strict";
import { knowsNobody, type TrackerReply } from "./announce-answer.ts";
import type { AnnounceEvent } from "./announce-fields.ts";
import { EARLY_INTERVAL_MS } from "./announce-limits.ts";
import type { Chance } from "./chance.ts";
import { dueOfTier, wakeOfTier } from "./seed-tier.ts";
import { shuffledTiers } from "./shuffled-tiers.ts";
import { TrackerEntry, type TrackerState } from "./tracker-entry.ts";
import type { TrackerUrl } from "./tracker-url.ts";

/** Whom to tell what. Until its outcome is told, nobody else is asked. */
export type AnnounceStep = {
  readonly kind: "announce";
  readonly tracker: TrackerUrl;
  readonly event: AnnounceEvent | null;
  readonly trackerId: Uint8Array | null;
};

/** Nothing to do before; null as long as nothing is told. */
export type WaitStep = { readonly kind: "wait"; readonly untilMs: number | null };

/** An announce that brought nothing: why, for people, and when the tracker says to come again. */
export type AnnounceFailure = {
  readonly reason: string;
  readonly retryInMs: number | "never" | null;
};

type Asking = {
  readonly entry: TrackerEntry;
  /** Whether the download was complete when it was asked. */
  readonly afterEnd: boolean;
};

/** What is known of one tracker, for display. */
export type TrackerStatus = {
  readonly tracker: TrackerUrl;
  readonly tier: number;
  readonly state: TrackerState;
  readonly reason: string | null;
  readonly seeders: number | null;
  readonly leechers: number | null;
  /** When it may be asked next; null while it is asked and if it never will be. */
  readonly nextAtMs: number | null;
};

/**
 * Which tracker of a torrent is asked next, and when (BEP 12). A round goes through the tiers from
 * the first on, and through each from its front, until one answers, which then is the front of its
 * tier. One that failed is left alone for a while, longer each time. The next round begins after
 * the interval of who answered, or after its minimum interval while peers are wanted.
 *
 * One thing is not in BEP 12: while peers are wanted, a tracker that knows of nobody does not end
 * the round, which goes on with the next tier. Magnets name trackers of all kinds, and many take
 * any torrent without having its swarm.
 *
 * Nor is what a seed does: it is in the list of one tracker of every tier, since whoever downloads
 * may ask any of them.
 */
export class TrackerTiers {
  readonly #tiers: readonly TrackerEntry[][];
  readonly #chance: Chance;
  /** Asked in this round, or of a tier that is done with. */
  readonly #tried = new Set<TrackerEntry>();
  #asking: Asking | null = null;
  /** When the next round begins, and when at the soonest while peers are wanted. */
  #roundAtMs: number;
  #earlyAtMs: number;
  /** Whether the round goes on though somebody answered. */
  #isSeeking = false;
  #isCompleted = false;
  #isSeed = false;
  #isStopped = false;

  constructor(tiers: readonly (readonly string[])[], chance: Chance, nowMs: number) {
    this.#chance = chance;
    this.#tiers = shuffledTiers(tiers, chance).map((urls, tier) =>
      urls.map((url) => new TrackerEntry(url, tier, nowMs)),
    );
    this.#roundAtMs = nowMs;
    this.#earlyAtMs = nowMs;
  }

  /** What to do now. An announce is under way from then on, until `answered` or `failed`. */
  next(nowMs: number, options: { readonly wantsPeers: boolean }): AnnounceStep | WaitStep {
    if (this.#isStopped || this.#asking !== null) return { kind: "wait", untilMs: null };
    const owing = this.#entries().find((each) => this.#owesEnd(each) && each.mayBeAsked(nowMs));
    if (owing !== undefined) return this.#ask(owing, "completed");
    const entry = this.#isSeed
      ? this.#nextOfSeed(nowMs)
      : this.#nextOfRound(nowMs, options.wantsPeers);
    if (entry !== null) return this.#ask(entry, entry.isTold ? null : "started");
    return { kind: "wait", untilMs: this.#wakeAtMs(nowMs, options.wantsPeers) };
  }

  /** The announce that was under way was taken. */
  answered(reply: TrackerReply, nowMs: number): void {
    const { entry, afterEnd } = this.#finish();
    const { intervalMs, minIntervalMs } = reply;
    const earlyMs = Math.min(minIntervalMs ?? EARLY_INTERVAL_MS, intervalMs);
    entry.answered({ soonestAtMs: nowMs + earlyMs, dueAtMs: nowMs + intervalMs });
    entry.reason = reply.warning;
    entry.seeders = reply.seeders;
    entry.leechers = reply.leechers;
    entry.trackerId = reply.trackerId ?? entry.trackerId;
    if (afterEnd) entry.knowsEnd = true;
    if (this.#owesEnd(entry)) entry.notBeforeMs = nowMs;
    this.#toFront(entry);
    this.#roundAtMs = nowMs + intervalMs;
    this.#earlyAtMs = nowMs + earlyMs;
    this.#isSeeking = knowsNobody(reply);
    if (!this.#isSeeking) return this.#tried.clear();
    for (const each of this.#tiers[entry.tier] ?? []) this.#tried.add(each);
  }

  /** The announce that was under way was refused, or led nowhere. */
  failed({ reason, retryInMs }: AnnounceFailure, nowMs: number): void {
    const { entry } = this.#finish();
    entry.failed(retryInMs, this.#chance, nowMs);
    entry.reason = reason;
    this.#tried.add(entry);
  }

  /** The download is complete: trackers that know us as a leecher are told at once. */
  completed(nowMs: number): void {
    this.#isCompleted = true;
    for (const entry of this.#entries()) {
      // An event need not wait for the minimum interval, which is for want of peers.
      if (this.#owesEnd(entry) && entry.state === "answering") entry.notBeforeMs = nowMs;
    }
  }

  /** It is whole and goes on being announced: each tier by itself, at its own interval. */
  seed(nowMs: number): void {
    this.completed(nowMs);
    this.#isSeed = true;
  }

  /** Ends it all, and says who is to be told: the trackers that have us in their lists. */
  stop(): readonly AnnounceStep[] {
    if (this.#isStopped) return [];
    this.#isStopped = true;
    return this.#entries()
      .filter(({ isTold, state }) => isTold && state !== "given-up")
      .map(({ url, trackerId }) => ({
        kind: "announce",
        tracker: url,
        event: "stopped",
        trackerId,
      }));
  }

  /** In the order of the tiers as they are now. */
  status(): readonly TrackerStatus[] {
    return this.#entries().map((entry) => {
      const { url: tracker, tier, state, reason, seeders, leechers } = entry;
      return { tracker, tier, state, reason, seeders, leechers, nextAtMs: this.#nextAtMs(entry) };
    });
  }

  #nextAtMs({ state, notBeforeMs, dueAtMs }: TrackerEntry): number | null {
    if (state === "asking" || state === "given-up" || this.#isStopped) return null;
    if (state !== "answering") return notBeforeMs;
    return Math.max(notBeforeMs, this.#isSeed ? dueAtMs : this.#roundAtMs);
  }

  #owesEnd({ isTold, knowsEnd }: TrackerEntry): boolean {
    return this.#isCompleted && isTold && !knowsEnd;
  }

  #entries(): readonly TrackerEntry[] {
    return this.#tiers.flat();
  }

  #nextOfSeed(nowMs: number): TrackerEntry | null {
    for (const tier of this.#tiers) {
      const entry = dueOfTier(tier, nowMs);
      if (entry !== null) return entry;
    }
    return null;
  }

  #nextOfRound(nowMs: number, wantsPeers: boolean): TrackerEntry | null {
    if (this.#isSeeking && wantsPeers) {
      const entry = this.#untried(nowMs);
      if (entry !== null) return entry;
    }
    if (this.#isSeeking) {
      this.#isSeeking = false;
      this.#tried.clear();
    }
    if (nowMs < this.#dueAtMs(wantsPeers)) return null;
    const entry = this.#untried(nowMs);
    if (entry !== null || this.#tried.size === 0) return entry;
    this.#tried.clear();
    return this.#untried(nowMs);
  }

  #untried(nowMs: number): TrackerEntry | null {
    const found = this.#entries().find((each) => each.mayBeAsked(nowMs) && !this.#tried.has(each));
    return found ?? null;
  }

  #dueAtMs(wantsPeers: boolean): number {
    return wantsPeers ? this.#earlyAtMs : this.#roundAtMs;
  }

  #wakeAtMs(nowMs: number, wantsPeers: boolean): number | null {
    const dueAtMs = this.#dueAtMs(wantsPeers);
    const times = this.#entries().flatMap((entry) => {
      const { state, notBeforeMs } = entry;
      if (state === "given-up") return [];
      if (this.#owesEnd(entry)) return [notBeforeMs];
      return this.#isSeed ? [] : [Math.max(notBeforeMs, dueAtMs)];
    });
    if (this.#isSeed) times.push(...this.#tiers.flatMap((tier) => wakeOfTier(tier) ?? []));
    return times.length === 0 ? null : Math.max(nowMs, Math.min(...times));
  }

  #ask(entry: TrackerEntry, event: AnnounceEvent | null): AnnounceStep {
    entry.state = "asking";
    const { url: tracker, trackerId } = entry;
    this.#asking = { entry, afterEnd: this.#isCompleted };
    return { kind: "announce", tracker, event, trackerId };
  }

  #finish(): Asking {
    assert(this.#asking !== null, "no announce is under way");
    const asked = this.#asking;
    this.#asking = null;
    return asked;
  }

  #toFront(entry: TrackerEntry): void {
    const tier = this.#tiers[entry.tier] ?? [];
    tier.splice(tier.indexOf(entry), 1);
    tier.unshift(entry);
  }
}
