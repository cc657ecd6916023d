import { draw } from "./chance.ts";
import { SuperSeed } from "./super-seed.ts";

/** A piece that a leecher has not got a minute after it was told of it may be told to another. */
export const SUPER_SEED_PATIENCE_MS = 60_000;

/**
 * A piece that a leecher has got and nobody took from it is waited for as long, and each time half
 * as long as the last: who cannot share gets a piece every few seconds, and nobody starves.
 */
export const SUPER_SEED_PATIENCE_MS_MIN = 5_000;

/** What so many leechers have they can give others, while these get something from each other. */
const COPIES_SPARED = 2;

/** A gateway that says nothing for so long is gone, and its leechers with it. */
export const SUPER_SEED_SILENCE_MS_MAX = 10_000;

/** As fine as the draws are. */
const CHANCES = 2 ** 32;

/** What a gateway tells of the leechers that it super-seeds to. */
export type SuperSeedReport = {
  /** Whether all that it told before is void. */
  readonly isWhole: boolean;
  /** Those that are gone, some of which may join again in the same report. */
  readonly left: readonly string[];
  readonly joined: readonly {
    readonly leecher: string;
    readonly have: Iterable<number>;
    /** What it was told of and has not got, its offer last. */
    readonly told: readonly number[];
  }[];
  readonly had: readonly { readonly leecher: string; readonly pieces: readonly number[] }[];
  /** Those that want nothing of what they were told of: they may want only some files. */
  readonly declined: readonly string[];
};

/** A piece that a leecher is to be told of, and nobody else. */
export type SuperSeedOffer = { readonly leecher: string; readonly piece: number };

type Leecher = {
  /** Where it is connected. */
  readonly gateways: Set<string>;
  /** Which of them told it of a piece last, and since when it is waited for the next thing. */
  offer: { readonly gateway: string; sinceMs: number; wasHad: boolean } | null;
  patienceMs: number;
  offeredAtMs: number;
  /** Whether it got something else since then. */
  isServedByOthers: boolean;
};

/**
 * The super-seeding (BEP 16) of one swarm over its gateways: takes in what they report, and answers
 * each with what its leechers are to be told of. Every piece is offered once in the fleet while
 * there is one that was not; after that leechers are left to each other, as long as that feeds
 * them. A leecher at several gateways is offered a piece at one of them.
 */
export class SuperSeeding {
  readonly #seed: SuperSeed;
  readonly #leechers = new Map<string, Leecher>();
  readonly #heardAtMs = new Map<string, number>();
  #chance: number;

  constructor(pieceCount: number, chance: number) {
    this.#seed = new SuperSeed(pieceCount);
    this.#chance = chance;
  }

  get leecherCount(): number {
    return this.#leechers.size;
  }

  get gatewayCount(): number {
    return this.#heardAtMs.size;
  }

  /** Whether it was heard of lately: of any other, only a whole report can be understood. */
  knows(gateway: string): boolean {
    return this.#heardAtMs.has(gateway);
  }

  /** Takes a gateway's report in; what its leechers are to be told of now. */
  heard(gateway: string, report: SuperSeedReport, nowMs: number): readonly SuperSeedOffer[] {
    if (report.isWhole) this.#forget(gateway);
    this.#heardAtMs.set(gateway, nowMs);
    for (const leecher of report.left) this.#left(gateway, leecher);
    for (const joined of report.joined) this.#joined(gateway, joined, nowMs);
    for (const { leecher, pieces } of report.had) {
      for (const piece of pieces) this.#had(leecher, piece, nowMs);
    }
    for (const leecher of report.declined) this.#declined(gateway, leecher);
    return this.#offers(gateway, nowMs);
  }

  /** Forgets gateways that have fallen silent. */
  forgetSilent(nowMs: number): void {
    for (const [gateway, atMs] of this.#heardAtMs) {
      if (nowMs - atMs > SUPER_SEED_SILENCE_MS_MAX) this.#forget(gateway);
    }
  }

  #forget(gateway: string): void {
    this.#heardAtMs.delete(gateway);
    for (const leecher of this.#leechers.keys()) this.#left(gateway, leecher);
  }

  #joined(
    gateway: string,
    { leecher, have, told }: SuperSeedReport["joined"][number],
    nowMs: number,
  ): void {
    const known = this.#leechers.get(leecher);
    if (known !== undefined) {
      known.gateways.add(gateway);
      for (const piece of have) this.#had(leecher, piece, nowMs);
      return;
    }
    this.#seed.joined(leecher, have, told);
    const offer = told.length === 0 ? null : { gateway, sinceMs: nowMs, wasHad: false };
    this.#leechers.set(leecher, {
      ...{ gateways: new Set([gateway]), offer, patienceMs: SUPER_SEED_PATIENCE_MS },
      ...{ offeredAtMs: nowMs, isServedByOthers: false },
    });
  }

  #had(leecher: string, piece: number, nowMs: number): void {
    const isOffer = this.#seed.has(leecher, piece);
    const known = this.#leechers.get(leecher);
    if (known !== undefined && !isOffer) known.isServedByOthers = true;
    const offer = known?.offer ?? null;
    if (!isOffer || offer === null) return;
    offer.wasHad = true;
    offer.sinceMs = nowMs;
  }

  #declined(gateway: string, leecher: string): void {
    const known = this.#leechers.get(leecher);
    if (known?.offer?.gateway === gateway && !known.offer.wasHad) this.#lapse(leecher, known);
  }

  #left(gateway: string, leecher: string): void {
    const known = this.#leechers.get(leecher);
    if (known === undefined || !known.gateways.delete(gateway)) return;
    if (known.gateways.size === 0) {
      this.#leechers.delete(leecher);
      this.#seed.left(leecher);
    } else if (known.offer?.gateway === gateway) this.#lapse(leecher, known);
  }

  #offers(gateway: string, nowMs: number): readonly SuperSeedOffer[] {
    const offers: SuperSeedOffer[] = [];
    for (const [leecher, known] of this.#leechers) {
      if (!known.gateways.has(gateway)) continue;
      this.#renewPatience(leecher, known, nowMs);
      const { value, chance } = draw(this.#chance, CHANCES);
      const isSpared =
        known.isServedByOthers && nowMs - known.offeredAtMs < SUPER_SEED_PATIENCE_MS_MIN;
      const copiesMax = isSpared ? COPIES_SPARED - 1 : Number.POSITIVE_INFINITY;
      const piece = this.#seed.next(leecher, value / CHANCES, copiesMax);
      if (piece === null) continue;
      this.#chance = chance;
      known.offer = { gateway, sinceMs: nowMs, wasHad: false };
      known.offeredAtMs = nowMs;
      known.isServedByOthers = false;
      offers.push({ leecher, piece });
    }
    return offers;
  }

  /** Lapses what is waited for in vain. */
  #renewPatience(leecher: string, known: Leecher, nowMs: number): void {
    const { offer } = known;
    if (offer === null) return;
    if (this.#seed.isFree(leecher)) {
      known.patienceMs = SUPER_SEED_PATIENCE_MS;
      return;
    }
    const patienceMs = offer.wasHad ? known.patienceMs : SUPER_SEED_PATIENCE_MS;
    if (nowMs - offer.sinceMs < patienceMs) return;
    if (offer.wasHad) {
      known.patienceMs = Math.max(known.patienceMs / 2, SUPER_SEED_PATIENCE_MS_MIN);
    }
    this.#lapse(leecher, known);
  }

  #lapse(leecher: string, known: Leecher): void {
    known.offer = null;
    this.#seed.lapsed(leecher);
  }
}
