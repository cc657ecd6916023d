import { Bitfield } from "@seedfleet/bitfield";
import type { PeerMessage } from "@seedfleet/wire";
import { ALL_OR_NONE_SAID_MAX } from "./peer-limits.ts";

/** What a peer says of its pieces: BEP 3, and BEP 6 for all or none. */
export type PiecesMessage = Extract<
  PeerMessage,
  { readonly kind: "have" | "bitfield" | "have-all" | "have-none" }
>;

export type PiecesViolationCode =
  | "bitfield-wrong"
  | "fast-not-agreed"
  | "piece-out-of-range"
  | "pieces-flood";

/** Which pieces a peer says it has. Takes memory only for a peer that has some and not all. */
export class PeerPieces {
  readonly #pieceCount: number;
  readonly #keepsNews: boolean;
  #bits: Bitfield | "none" | "all" = "none";
  #news: number[] | null = null;
  #saidAll = false;
  /** How often it said that it has all, or none. */
  #saidAllOrNone = 0;
  /** A piece was lost: kept as bits from then on, or each loss would make a bitfield anew. */
  #hasLost = false;

  /** `keepsNews`: for a peer of whose pieces others are told. */
  constructor(pieceCount: number, { keepsNews = false }: { readonly keepsNews?: boolean } = {}) {
    this.#pieceCount = pieceCount;
    this.#keepsNews = keepsNews;
  }

  get isFull(): boolean {
    return this.#bits === "all" || (this.#bits !== "none" && this.#bits.isFull);
  }

  get count(): number {
    if (this.#bits === "none") return 0;
    return this.#bits === "all" ? this.#pieceCount : this.#bits.count;
  }

  has(piece: number): boolean {
    return this.#bits === "all" || (this.#bits !== "none" && this.#bits.has(piece));
  }

  /** What was said since this was asked last; null if nothing was, not even that it has none. */
  takeNews(): readonly number[] | null {
    const news = this.#news;
    this.#news = null;
    return news;
  }

  /** Why it cannot be; null where it is taken in. */
  receive(
    message: PiecesMessage,
    { fast }: { readonly fast: boolean },
  ): PiecesViolationCode | null {
    if (message.kind === "have") {
      if (message.piece >= this.#pieceCount) return "piece-out-of-range";
      this.add(message.piece);
      return null;
    }
    // aria2 says its bitfield again and again, where that is shorter than what is new in it.
    if (message.kind === "bitfield")
      return this.setBitfield(message.bits) ? null : "bitfield-wrong";
    if (!fast) return "fast-not-agreed";
    this.#saidAllOrNone += 1;
    if (this.#saidAllOrNone > ALL_OR_NONE_SAID_MAX) return "pieces-flood";
    if (message.kind === "have-all") this.setAll();
    else this.setNone();
    return null;
  }

  /** As the `bitfield` message has it. */
  toBytes(): Uint8Array {
    return this.bits.toBytes();
  }

  get bits(): Bitfield {
    const bits = this.#bits;
    if (bits === "all") return Bitfield.full(this.#pieceCount);
    return bits === "none" ? Bitfield.empty(this.#pieceCount) : bits;
  }

  setAll(): void {
    this.#bits = "all";
    this.#keepAll();
  }

  setNone(): void {
    this.#bits = "none";
    this.#keepAll();
  }

  /** False when these are no bitfield of the torrent. */
  setBitfield(bytes: Uint8Array): boolean {
    const bits = Bitfield.parse(bytes, this.#pieceCount);
    if (bits === null) return false;
    this.#bits = bits;
    this.#settle(bits);
    this.#keepAll();
    return true;
  }

  add(piece: number): void {
    if (this.#keepsNews && !this.has(piece)) {
      this.#news ??= [];
      this.#news.push(piece);
    }
    if (this.#bits === "all") return;
    if (this.#bits === "none") this.#bits = Bitfield.empty(this.#pieceCount);
    this.#bits.add(piece);
    this.#settle(this.#bits);
  }

  /** False where it did not have it. */
  remove(piece: number): boolean {
    if (piece >= this.#pieceCount || !this.has(piece)) return false;
    this.#bits = this.bits;
    this.#bits.remove(piece);
    this.#hasLost = true;
    return true;
  }

  /** It is for a peer to say once; whoever says it again and again is listened to once. */
  #keepAll(): void {
    if (!this.#keepsNews || this.#saidAll) return;
    this.#saidAll = true;
    this.#news = [...this.#pieces()];
  }

  *#pieces(): Generator<number, void, void> {
    if (this.#bits === "all") yield* Bitfield.full(this.#pieceCount).pieces();
    else if (this.#bits !== "none") yield* this.#bits.pieces();
  }

  #settle(bits: Bitfield): void {
    if (this.#hasLost) return;
    if (bits.isFull) this.#bits = "all";
    else if (bits.count === 0) this.#bits = "none";
  }
}
