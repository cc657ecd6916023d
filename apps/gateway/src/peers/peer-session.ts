import { bitfieldBytes } from "@seedfleet/bitfield";
import {
  type Block,
  encodeMessage,
  type HashRange,
  type PeerMessage,
  WireDecoder,
  type WireViolation,
} from "@seedfleet/wire";
import { PeerRequests } from "../blocks/peer-requests.ts";
import type { TakenBlock } from "../blocks/request-queue.ts";
import type { DownloadFromPeer, DownloadViolation } from "../downloads/download-from-peer.ts";
import type { AllowedFastSet } from "./allowed-fast-set.ts";
import type { ExtensionViolationCode, PeerExtensions } from "./peer-extensions.ts";
import {
  HASH_REQUESTS_QUEUED_MAX,
  MESSAGE_LENGTH_BYTES_MAX,
  OUTGOING_WAITING_MAX,
  REQUEST_LENGTH_BYTES_MAX,
} from "./peer-limits.ts";
import { PeerPieces, type PiecesMessage, type PiecesViolationCode } from "./peer-pieces.ts";
import { pieceLengthIfAny, type TorrentShape } from "./session-shape.ts";
import type { ToldPieces } from "./told-pieces.ts";

export type SessionOptions = {
  readonly shape: TorrentShape;
  /** Which pieces can be had of us now. */
  readonly have: { has(piece: number): boolean };
  /** Which of them the peer knows of; it may ask for no other. */
  readonly told: Pick<ToldPieces, "has" | "isAll">;
  /** Whether both sides speak the fast extension (BEP 6). */
  readonly fast: boolean;
  /** BEP 10's part of the session, where both sides speak it. */
  readonly extensions: PeerExtensions | null;
  /** Whether the torrent has a tree of hashes to ask for (BEP 52). */
  readonly hasTree: boolean;
  /** What we download from it; null of a peer that we only seed to. */
  readonly download: DownloadFromPeer | null;
  /** Whether what is received is only there until it was. */
  readonly reusesReads?: boolean;
};

/** A peer broke the rules: its connection ends and is counted under the code. */
export type PeerViolation =
  | WireViolation
  | {
      readonly kind: "violation";
      readonly code:
        | PiecesViolationCode
        | DownloadViolation["code"]
        | "request-out-of-range"
        | "request-too-long"
        | ExtensionViolationCode;
    };

/** A message that waits to be sent. */
type Outgoing = Parameters<typeof encodeMessage>[0];

/**
 * The protocol state of one connected peer, as far as it downloads from us: whether it is
 * interested, whether we choke it, what it has, and which of its requests wait. What we download
 * from it is its `PeerDownload`'s to say. Sans-IO: bytes in, state out; what is to be answered at
 * once is taken with `takeOutgoing`.
 *
 * A choke drops the requests that are not answered, as BEP 3 has it; who speaks BEP 6 is told of
 * each, so that no request of its is ever left open.
 */
export class PeerSession {
  readonly #options: SessionOptions;
  readonly #decoder: WireDecoder;
  /** Those that are to be answered. */
  readonly requests: PeerRequests = new PeerRequests();
  readonly #hashRequests: HashRange[] = [];
  readonly #peerHas: PeerPieces;
  readonly #request: TakenBlock = { piece: 0, begin: 0, length: 0 };
  #outgoing: Uint8Array[] = [];
  #allowedFast: AllowedFastSet | null = null;
  #peerInterested = false;
  #amChoking = true;
  #finishing = false;

  constructor(options: SessionOptions) {
    const { pieceCount } = options.shape;
    this.#options = options;
    this.#peerHas = new PeerPieces(pieceCount, { keepsNews: !options.told.isAll });
    this.#decoder = new WireDecoder({
      lengthMax: Math.max(MESSAGE_LENGTH_BYTES_MAX, 1 + bitfieldBytes(pieceCount)),
      // Of what is seeded, little comes; of blocks, gigabytes.
      reusesReads: options.reusesReads === true || options.download !== null,
    });
  }

  get peerInterested(): boolean {
    return this.#peerInterested;
  }

  get amChoking(): boolean {
    return this.#amChoking;
  }

  /** True when the peer told us that it has every piece. */
  get peerIsSeed(): boolean {
    return this.#peerHas.isFull;
  }

  /** How many pieces it says it has. */
  get havePieces(): number {
    return this.#peerHas.count;
  }

  peerHas(piece: number): boolean {
    return this.#peerHas.has(piece);
  }

  /** What a peer that is told of single pieces said that it has since this was asked last. */
  takeNews(): readonly number[] | null {
    return this.#peerHas.takeNews();
  }

  /**
   * Takes in what the peer sent; a violation ends the connection. Where something is downloaded
   * from it, or reads are reused, the bytes are looked at now and never again.
   */
  receive(bytes: Uint8Array, nowMs: number): PeerViolation | null {
    const decoder = this.#decoder;
    decoder.push(bytes);
    while (true) {
      while (decoder.nextRequest(this.#request)) {
        const violation = this.#onRequest(this.#request);
        if (violation !== null) return violation;
      }
      const next = decoder.next();
      if (next === null) {
        decoder.settle();
        return null;
      }
      const violation = next.kind === "violation" ? next : this.#handle(next, nowMs);
      if (violation !== null) return violation;
    }
  }

  /**
   * Whether we wait for what the peer sends, which then has to be read; but not from one that has
   * us make answer after answer meanwhile.
   */
  get awaitsPeer(): boolean {
    const isAwaiting = this.#options.download?.isAwaiting ?? false;
    return isAwaiting && this.#outgoing.length < OUTGOING_WAITING_MAX;
  }

  /** Short answers to be sent now, in order. */
  takeOutgoing(): readonly Uint8Array[] {
    const more = this.#options.extensions?.takeOutgoing() ?? [];
    if (this.#outgoing.length === 0) return more;
    const taken = this.#outgoing;
    this.#outgoing = [];
    taken.push(...more);
    return taken;
  }

  get hasHashRequest(): boolean {
    return this.#hashRequests.length > 0;
  }

  /** The next hashes that the peer asks for, or null. */
  takeHashRequest(): HashRange | null {
    return this.#hashRequests.shift() ?? null;
  }

  /** Takes no more requests; those at hand are still answered. */
  finish(): void {
    this.#finishing = true;
  }

  /** Lets a choked peer ask for these pieces, and says so. */
  allowFast(allowed: AllowedFastSet): void {
    if (!this.#options.fast || this.#allowedFast !== null) return;
    this.#allowedFast = allowed;
    for (const piece of allowed.pieces) this.#send({ kind: "allowed-fast", piece });
  }

  choke(): void {
    this.#amChoking = true;
    this.#reject(this.requests.drop());
  }

  unchoke(): void {
    this.#amChoking = false;
  }

  /** Its piece cannot be had: says so to a peer that can be told. False for any other. */
  pieceFailed(piece: number): boolean {
    if (!this.#options.fast) return false;
    this.#reject(this.requests.takeWaiting(piece));
    return true;
  }

  #handle(message: PeerMessage, nowMs: number): PeerViolation | null {
    switch (message.kind) {
      case "cancel":
        this.#cancel(message);
        return null;
      case "interested":
        this.#peerInterested = true;
        return null;
      case "not-interested":
        this.#peerInterested = false;
        return null;
      case "have":
      case "bitfield":
      case "have-all":
      case "have-none":
        return this.#pieces(message);
      case "suggest-piece":
      case "reject-request":
      case "allowed-fast":
        if (!this.#options.fast) return violation("fast-not-agreed");
        return this.#options.download?.receive(message) ?? null;
      case "extended":
        return this.#extended(message.extendedId, message.payload, nowMs);
      case "hash-request":
        this.#hashRequest(message);
        return null;
      default:
        return this.#options.download?.receive(message) ?? null;
    }
  }

  /** The block is written over by the next one. */
  #onRequest(block: Block): PeerViolation | null {
    const { piece, begin, length } = block;
    if (length > REQUEST_LENGTH_BYTES_MAX) return violation("request-too-long");
    const inPiece = begin + length <= pieceLengthIfAny(this.#options.shape, piece);
    if (length === 0 || !inPiece) return violation("request-out-of-range");
    if (this.#mayHave(block)) this.requests.push(block);
    else this.#reject([{ piece, begin, length }]);
    return null;
  }

  #mayHave(block: Block): boolean {
    const { fast, have, told } = this.#options;
    if (this.#finishing || !told.has(block.piece)) return false;
    if (fast && !have.has(block.piece)) return false;
    return !this.#amChoking || (this.#allowedFast?.takes(block) ?? false);
  }

  #cancel({ piece, begin, length }: Block): void {
    const block = { piece, begin, length };
    if (this.requests.cancel(block)) this.#reject([block]);
  }

  /** Without BEP 6 a request that is not answered falls, and the peer asks again. */
  #reject(blocks: readonly Block[]): void {
    if (!this.#options.fast) return;
    for (const block of blocks) this.#send({ kind: "reject-request", ...block });
  }

  #pieces(message: PiecesMessage): PeerViolation | null {
    const code = this.#peerHas.receive(message, this.#options);
    if (code !== null) return violation(code);
    this.#options.download?.has(message, this.#peerHas);
    return null;
  }

  #extended(id: number, payload: Uint8Array, nowMs: number): PeerViolation | null {
    const outcome = this.#options.extensions?.receive(id, payload, nowMs) ?? null;
    if (outcome?.kind === "violation") return violation(outcome.code);
    if (outcome?.kind === "piece-lost" && this.#peerHas.remove(outcome.piece)) {
      this.#options.download?.lost(outcome.piece);
    }
    return null;
  }

  /** The request's root is a view of what was received, and of a `Buffer` so is a slice. */
  #hashRequest({ piecesRoot, baseLayer, index, length, proofLayers }: HashRange): void {
    const range = {
      piecesRoot: Uint8Array.from(piecesRoot),
      baseLayer,
      index,
      length,
      proofLayers,
    };
    const hasRoom = this.#hashRequests.length < HASH_REQUESTS_QUEUED_MAX;
    if (this.#options.hasTree && hasRoom && !this.#finishing) this.#hashRequests.push(range);
    else this.#send({ kind: "hash-reject", ...range });
  }

  #send(message: Outgoing): void {
    this.#outgoing.push(encodeMessage(message));
  }
}

type OwnCode = Exclude<PeerViolation["code"], WireViolation["code"]>;

function violation(code: OwnCode): PeerViolation {
  return { kind: "violation", code };
}
