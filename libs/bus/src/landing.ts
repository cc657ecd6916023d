import assert from "node:assert/strict";

/**
 * Memory that the asker of a stream of bytes would have them in. Where both ends are one process
 * the server may take it and fill it instead of giving chunks, which spares a copy; it may as well
 * leave it alone, and over a network it never sees it.
 *
 * Who takes it is the only one to write to it, and says when that is over: `fill` when all bytes
 * are there, `giveBack` when they are not. Until then nobody may use the memory for anything else,
 * whatever has become of the stream.
 */
export class Landing {
  /** One after the other, as long as all that was asked for. */
  readonly parts: readonly Uint8Array[];
  #state: "free" | "taken" | "filled" = "free";

  constructor(parts: readonly Uint8Array[]) {
    this.parts = parts;
  }

  /** Somebody may still be writing to it. */
  get isTaken(): boolean {
    return this.#state === "taken";
  }

  /** All bytes are there, and nobody writes to it any more. */
  get isFilled(): boolean {
    return this.#state === "filled";
  }

  /** Takes it to be written to; false if somebody has. */
  take(): boolean {
    if (this.#state !== "free") return false;
    this.#state = "taken";
    return true;
  }

  /** By who took it: all bytes are there. */
  fill(): void {
    assert(this.#state === "taken");
    this.#state = "filled";
  }

  /** By who took it: it is not written to any more, and what is in it is nothing. */
  giveBack(): void {
    assert(this.#state === "taken");
    this.#state = "free";
  }
}
