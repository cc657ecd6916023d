import { type HashAnswerPlan, hashesFromPieces, pieceLengthAt } from "@seedfleet/metainfo";
import type { Clock } from "@seedfleet/runtime";
import { encodeMessage, type HashRange } from "@seedfleet/wire";
import type { CachedPieces } from "../blocks/cached-piece.ts";
import { unframed } from "../blocks/framed-piece.ts";
import type { PieceSource } from "../fills/piece-source.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { HASHED_ANSWER_INTERVAL_MS_MIN, HASHED_ANSWERS_BURST_MAX } from "./peer-limits.ts";
import type { PeerSession } from "./peer-session.ts";

/** Pieces may be forgotten again while others of the same answer are brought. */
const BRING_TRIES_MAX = 3;

type PiecesPlan = HashAnswerPlan & { readonly kind: "needs-pieces" };

export type HashAnswersPorts = {
  readonly clock: Clock;
  readonly cache: CachedPieces;
  readonly fills: PieceSource;
};

export type HashAnswersPeer = {
  readonly torrent: Torrent;
  readonly session: PeerSession;
  readonly traceId: string;
  /** The next answer may be there by now. */
  readonly ready: () => void;
};

/**
 * Answers one peer's hash requests (BEP 52), one after the other: of the piece layers at once, of
 * blocks from the pieces themselves, which are brought first. Those take work, so a peer gets them
 * no faster than a few a second.
 */
export class HashAnswers {
  readonly #ports: HashAnswersPorts;
  readonly #peer: HashAnswersPeer;
  /** The request that waits for its pieces, or for its tree to be built. */
  #request: HashRange | null = null;
  #tries = 0;
  #isBringing = false;
  #isStopped = false;
  #allowance = HASHED_ANSWERS_BURST_MAX;
  #allowanceAtMs: number;

  constructor(ports: HashAnswersPorts, peer: HashAnswersPeer) {
    this.#ports = ports;
    this.#peer = peer;
    this.#allowanceAtMs = ports.clock.nowMs();
  }

  /** The next answer, as a whole message; null when there is none, or not yet. */
  next(): Uint8Array | null {
    const { session, torrent } = this.#peer;
    if (this.#isBringing || this.#isStopped) return null;
    this.#request ??= session.takeHashRequest();
    const request = this.#request;
    if (request === null) return null;
    const plan = torrent.hashTrees.plan(request);
    if (plan.kind === "needs-another-call") {
      setImmediate(this.#peer.ready);
      return null;
    }
    if (plan.kind === "hashes") return this.#answer(request, plan.hashes);
    if (plan.kind === "needs-pieces") return this.#fromPieces(request, plan);
    if (plan.kind === "hash-reject") return this.#reject(request);
    return this.#pass();
  }

  /** The peer is gone: what was not read for it yet is not read. */
  stop(): void {
    this.#isStopped = true;
  }

  #fromPieces(request: HashRange, plan: PiecesPlan): Uint8Array | null {
    if (this.#tries === 0 && !this.#mayHash()) return this.#reject(request);
    const missing = plan.pieces.filter((piece) => this.#cached(piece) === null);
    if (missing.length > 0) {
      if (this.#tries === BRING_TRIES_MAX) return this.#pass();
      this.#bring(missing);
      return null;
    }
    const bytes = plan.pieces.map((piece) => this.#cached(piece) ?? Buffer.of());
    return this.#answer(request, hashesFromPieces(plan, bytes));
  }

  #bring(pieces: readonly number[]): void {
    const { torrent, traceId, ready } = this.#peer;
    this.#tries += 1;
    this.#isBringing = true;
    let waitingFor = pieces.length;
    const waiter = {
      waits: () => !this.#isStopped,
      tell: (): void => {
        waitingFor -= 1;
        if (waitingFor > 0) return;
        this.#isBringing = false;
        if (!this.#isStopped) ready();
      },
    };
    for (const piece of pieces) this.#ports.fills.want(torrent, piece, { traceId, waiter });
  }

  #cached(piece: number): Buffer | null {
    const { torrent } = this.#peer;
    const cached = this.#ports.cache.get(torrent.shelf, piece);
    if (cached === null) return null;
    return Buffer.concat(unframed(cached.framed, 0, pieceLengthAt(torrent.metainfo, piece)));
  }

  #mayHash(): boolean {
    const nowMs = this.#ports.clock.nowMs();
    const earned = (nowMs - this.#allowanceAtMs) / HASHED_ANSWER_INTERVAL_MS_MIN;
    this.#allowanceAtMs = nowMs;
    this.#allowance = Math.min(HASHED_ANSWERS_BURST_MAX, this.#allowance + earned);
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  #answer(request: HashRange, hashes: Uint8Array): Uint8Array {
    this.#done();
    return encodeMessage({ kind: "hashes", ...request, hashes });
  }

  #reject(request: HashRange): Uint8Array {
    this.#done();
    return encodeMessage({ kind: "hash-reject", ...request });
  }

  /** Says nothing, since a reject of what it asks for then has libtorrent 2.0.8 crash. */
  #pass(): Uint8Array | null {
    this.#done();
    return this.next();
  }

  #done(): void {
    this.#request = null;
    this.#tries = 0;
  }
}
