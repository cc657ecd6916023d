import { Bitfield } from "@seedfleet/bitfield";

/** Which pieces a peer says it has. Takes memory only for a peer that has some and not all. */
export class PeerPieces {
  readonly #pieceCount: number;
  #bits: Bitfield | "none" | "all" = "none";

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount;
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

  setAll(): void {
    this.#bits = "all";
  }

  setNone(): void {
    this.#bits = "none";
  }

  /** False when these are no bitfield of the torrent. */
  setBitfield(bytes: Uint8Array): boolean {
    const bits = Bitfield.parse(bytes, this.#pieceCount);
    if (bits === null) return false;
    this.#bits = bits;
    this.#settle(bits);
    return true;
  }

  add(piece: number): void {
    if (this.#bits === "all") return;
    if (this.#bits === "none") this.#bits = Bitfield.empty(this.#pieceCount);
    this.#bits.add(piece);
    this.#settle(this.#bits);
  }

  remove(piece: number): void {
    if (this.#bits === "none") return;
    if (this.#bits === "all") this.#bits = Bitfield.full(this.#pieceCount);
    this.#bits.remove(piece);
    this.#settle(this.#bits);
  }

  #settle(bits: Bitfield): void {
    if (bits.isFull) this.#bits = "all";
    else if (bits.count === 0) this.#bits = "none";
  }
}
