import { Bitfield, bitfieldBytes } from "@seedfleet/bitfield";
import { type Block, type PeerMessage, WireDecoder, type WireViolation } from "@seedfleet/wire";
import { MESSAGE_LENGTH_BYTES_MAX, REQUEST_LENGTH_BYTES_MAX } from "./peer-limits.ts";
import { RequestQueue, sameBlock } from "./request-queue.ts";

/** What the session must know of its torrent. */
export type TorrentShape = {
  readonly pieceCount: number;
  readonly pieceLengthBytes: number;
  readonly sizeBytes: number;
};

/** A peer broke the rules of BEP 3: its connection ends and is counted under the code. */
export type PeerViolation =
  | WireViolation
  | {
      readonly kind: "violation";
      readonly code:
        | "bitfield-wrong"
        | "piece-out-of-range"
        | "request-out-of-range"
        | "request-too-long";
    };

/**
 * The protocol state of one connected peer, seen by a seed: whether it is interested, whether we
 * choke it, what it has, and which of its requests wait. Sans-IO: bytes in, state out.
 *
 * A block is in exactly one place: queued, waiting for its piece, or taken. Choking drops both the
 * queued and the waiting, as BEP 3 has it: the peer asks again when it is unchoked.
 */
export class PeerSession {
  readonly #shape: TorrentShape;
  readonly #decoder: WireDecoder;
  readonly #queue = new RequestQueue();
  readonly #waiting = new Map<number, Block[]>();
  #peerHas: Bitfield;
  #waitingCount = 0;
  #peerInterested = false;
  #amChoking = true;
  #finishing = false;

  constructor(shape: TorrentShape) {
    this.#shape = shape;
    this.#peerHas = Bitfield.empty(shape.pieceCount);
    this.#decoder = new WireDecoder({
      lengthMax: Math.max(MESSAGE_LENGTH_BYTES_MAX, 1 + bitfieldBytes(shape.pieceCount)),
    });
  }

  get peerInterested(): boolean {
    return this.#peerInterested;
  }

  get amChoking(): boolean {
    return this.#amChoking;
  }

  /** True when the peer told us it has every piece. */
  get peerIsSeed(): boolean {
    return this.#peerHas.isFull;
  }

  /** Requests not answered yet. */
  get requestCount(): number {
    return this.#queue.size + this.#waitingCount;
  }

  /** Takes in what the peer sent; a violation ends the connection. */
  receive(bytes: Uint8Array): PeerViolation | null {
    this.#decoder.push(bytes);
    for (let next = this.#decoder.next(); next !== null; next = this.#decoder.next()) {
      const violation = next.kind === "violation" ? next : this.#handle(next);
      if (violation !== null) return violation;
    }
    return null;
  }

  /** Takes no more requests; those at hand are still answered. */
  finish(): void {
    this.#finishing = true;
  }

  choke(): void {
    this.#amChoking = true;
    this.#queue.clear();
    this.#waiting.clear();
    this.#waitingCount = 0;
  }

  unchoke(): void {
    this.#amChoking = false;
  }

  /** The next request to answer, or null. */
  takeRequest(): Block | null {
    return this.#queue.shift();
  }

  /** Sets a taken request aside until `pieceArrived`. */
  awaitPiece(block: Block): void {
    const others = this.#waiting.get(block.piece);
    if (others === undefined) this.#waiting.set(block.piece, [block]);
    else others.push(block);
    this.#waitingCount += 1;
  }

  /** Its piece is there: what waited for it is next. */
  pieceArrived(piece: number): void {
    const blocks = this.#waiting.get(piece);
    if (blocks === undefined) return;
    this.#waiting.delete(piece);
    this.#waitingCount -= blocks.length;
    this.#queue.unshift(blocks);
  }

  isAwaiting(piece: number): boolean {
    return this.#waiting.has(piece);
  }

  #handle(message: PeerMessage): PeerViolation | null {
    switch (message.kind) {
      case "request":
        return this.#request(message);
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
        return this.#have(message.piece);
      case "bitfield":
        return this.#bitfield(message.bits);
      default:
        return null;
    }
  }

  #request({ piece, begin, length }: Block): PeerViolation | null {
    if (length > REQUEST_LENGTH_BYTES_MAX) return violation("request-too-long");
    const inPiece = begin + length <= pieceLengthAt(this.#shape, piece);
    if (length === 0 || !inPiece) return violation("request-out-of-range");
    // A request may cross our choke on the way; BEP 3 lets it fall.
    if (this.#amChoking || this.#finishing) return null;
    this.#queue.push({ piece, begin, length });
    return null;
  }

  #cancel(block: Block): void {
    if (this.#queue.remove(block)) return;
    const waiting = this.#waiting.get(block.piece) ?? [];
    const index = waiting.findIndex((each) => sameBlock(each, block));
    if (index === -1) return;
    waiting.splice(index, 1);
    this.#waitingCount -= 1;
    if (waiting.length === 0) this.#waiting.delete(block.piece);
  }

  #have(piece: number): PeerViolation | null {
    if (piece >= this.#shape.pieceCount) return violation("piece-out-of-range");
    this.#peerHas.add(piece);
    return null;
  }

  #bitfield(bits: Uint8Array): PeerViolation | null {
    const peerHas = Bitfield.parse(bits, this.#shape.pieceCount);
    if (peerHas === null) return violation("bitfield-wrong");
    this.#peerHas = peerHas;
    return null;
  }
}

/** The bytes of one piece; 0 when there is no such piece. */
export function pieceLengthAt(shape: TorrentShape, piece: number): number {
  if (piece >= shape.pieceCount) return 0;
  return Math.min(shape.pieceLengthBytes, shape.sizeBytes - piece * shape.pieceLengthBytes);
}

function violation(code: Exclude<PeerViolation["code"], WireViolation["code"]>): PeerViolation {
  return { kind: "violation", code };
}
