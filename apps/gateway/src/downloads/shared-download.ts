import type { InfoHash } from "@seedfleet/bytes";
import { MIRROR_CLAIMS_MAX, type MirrorClaims } from "@seedfleet/contracts";
import { rendezvous } from "@seedfleet/fleet";
import type { BegunPiece } from "@seedfleet/picker";
import type { TorrentDownload } from "./torrent-download.ts";

/** What a gateway claims is told this often, whether it changed or not. */
export const CLAIMS_TOLD_MS = 1_000;

/** So long after its last word what a gateway claims is left to it: it may be gone. */
export const CLAIMS_MS = 5_000;

/** A begun piece that no peer is asked for is claimed so long: its peer may unchoke us again. */
export const IDLE_CLAIM_MS = 20_000;

/** Who has nothing else to ask for waits so long for what others claim, then asks for it too. */
export const PATIENCE_MS = 10_000;

export type SharedDownloadPorts = Pick<
  TorrentDownload,
  "begunPieces" | "hold" | "isAllAsked" | "letGo" | "pausedBecause" | "prefer" | "wake"
>;

export type SharedBy = {
  readonly infoHash: InfoHash;
  readonly gateway: string;
  /** Those that take part, `gateway` among them. */
  readonly gateways: readonly string[];
};

const NOTHING: ReadonlySet<number> = new Set();

/**
 * One gateway's part in a torrent that several download together. It rather fetches the pieces that
 * are its own by rank, claims those that it has begun, and leaves to others what they claim, so
 * that no piece comes twice. What two began at once is his whose it rather is. Nothing is left to
 * somebody for ever: not to who falls silent, nor what does not come within `PATIENCE_MS` when
 * there is nothing else to ask for. Pure.
 */
export class SharedDownload {
  readonly #download: SharedDownloadPorts;
  readonly #by: SharedBy;
  /** By gateway, without this one. */
  readonly #claims = new Map<string, { pieces: ReadonlySet<number>; atMs: number }>();
  /** What is left to others. */
  readonly #held = new Set<number>();
  /** What is left to nobody any more. */
  readonly #overdue = new Set<number>();
  /** Of begun pieces, since when no peer is asked for them. */
  #idleSinceMs = new Map<number, number>();
  #nothingElseSinceMs: number | null = null;
  #isToWake = false;
  #told: ReadonlySet<number> = NOTHING;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(download: SharedDownloadPorts, by: SharedBy) {
    this.#download = download;
    this.#by = by;
    download.prefer((piece) => this.#first(piece, by.gateways) === by.gateway);
  }

  /** Another gateway says what it claims. */
  heard({ gateway, pieces }: MirrorClaims, nowMs: number): void {
    if (gateway === this.#by.gateway || !this.#by.gateways.includes(gateway)) return;
    this.#setClaims(gateway, new Set(pieces), nowMs);
    this.#wake();
  }

  /** A piece is there, whoever brought it. */
  verified(piece: number): void {
    this.#held.delete(piece);
    this.#overdue.delete(piece);
  }

  /** What the others are to be told that this one claims; null while they know. */
  tick(nowMs: number): readonly number[] | null {
    for (const [gateway, { atMs }] of this.#claims) {
      if (nowMs - atMs >= CLAIMS_MS) this.#setClaims(gateway, NOTHING, atMs);
    }
    this.#losePatience(nowMs);
    const begun = [...this.#download.begunPieces];
    for (const each of begun) this.#consider(each.piece, each);
    this.#wake();
    const claimed = this.#claimed(begun, nowMs);
    const isNews = claimed.length !== this.#told.size || claimed.some((it) => !this.#told.has(it));
    if (!isNews && nowMs - this.#toldAtMs < CLAIMS_TOLD_MS) return null;
    this.#told = new Set(claimed);
    this.#toldAtMs = nowMs;
    return claimed;
  }

  /** Nothing is left to anybody any more. */
  end(): void {
    for (const piece of this.#held) this.#download.letGo(piece);
    this.#isToWake = this.#held.size > 0;
    this.#held.clear();
    this.#wake();
  }

  #setClaims(gateway: string, pieces: ReadonlySet<number>, atMs: number): void {
    const before = this.#claims.get(gateway)?.pieces ?? NOTHING;
    this.#claims.set(gateway, { pieces, atMs });
    const changed = before.symmetricDifference(pieces);
    if (changed.size === 0) return;
    const begun = new Map([...this.#download.begunPieces].map((each) => [each.piece, each]));
    for (const piece of changed) this.#consider(piece, begun.get(piece));
  }

  /** Holds a piece, or lets it go, as others claim it or not. */
  #consider(piece: number, begun: BegunPiece | undefined): void {
    const isHeld = this.#isOthers(piece, begun);
    if (isHeld === this.#held.has(piece)) return;
    if (isHeld) {
      this.#held.add(piece);
      this.#download.hold(piece);
    } else {
      this.#held.delete(piece);
      this.#download.letGo(piece);
    }
    this.#isToWake = true;
  }

  #isOthers(piece: number, begun: BegunPiece | undefined): boolean {
    if (this.#overdue.has(piece) || begun?.isWhole) return false;
    const claimants = [...this.#claims].flatMap(([gateway, { pieces }]) => {
      return pieces.has(piece) ? [gateway] : [];
    });
    if (claimants.length === 0 || begun === undefined) return claimants.length > 0;
    return this.#first(piece, [this.#by.gateway, ...claimants]) !== this.#by.gateway;
  }

  #losePatience(nowMs: number): void {
    if (this.#held.size === 0 || !this.#download.isAllAsked) {
      this.#nothingElseSinceMs = null;
      return;
    }
    this.#nothingElseSinceMs ??= nowMs;
    if (nowMs - this.#nothingElseSinceMs < PATIENCE_MS) return;
    for (const piece of this.#held) this.#overdue.add(piece);
    this.end();
  }

  #wake(): void {
    if (this.#isToWake) this.#download.wake();
    this.#isToWake = false;
  }

  #claimed(begun: readonly BegunPiece[], nowMs: number): readonly number[] {
    // What is begun does not come on, and others may bring it to a store that answers them.
    if (this.#download.pausedBecause !== null) return [];
    const idleSinceMs = new Map<number, number>();
    const claimed: number[] = [];
    for (const { piece, isIdle, isWhole } of begun) {
      if (this.#held.has(piece)) continue;
      const sinceMs = this.#idleSinceMs.get(piece) ?? nowMs;
      if (isIdle && !isWhole) idleSinceMs.set(piece, sinceMs);
      if (!isIdle || isWhole || nowMs - sinceMs < IDLE_CLAIM_MS) claimed.push(piece);
    }
    this.#idleSinceMs = idleSinceMs;
    return claimed.slice(0, MIRROR_CLAIMS_MAX);
  }

  /** Whose a piece is among these. */
  #first(piece: number, gateways: readonly string[]): string | null {
    return rendezvous(`${this.#by.infoHash} ${piece}`, gateways);
  }
}
