import assert from "node:assert/strict";

/**
 * Answers a request as its server would, all of it, into memory of the asker's and before it
 * returns. False where that cannot be done now, or not any more: then the asker asks as always, and
 * the memory holds anything.
 */
export type AtOnce<Request> = (request: Request, parts: readonly Uint8Array[]) => boolean;

/**
 * Memory that the asker of a stream of bytes would have them in. Where both ends are one process
 * the server may take it and fill it instead of giving chunks, which spares a copy; it may as well
 * leave it alone, and over a network it never sees it.
 *
 * Who takes it is the only one to write to it, and says when that is over: `fill` when all bytes
 * are there, `giveBack` when they are not. Until then nobody may use the memory for anything else,
 * whatever has become of the stream.
 */
export class Landing<Request> {
  /** One after the other, as long as all that was asked for. */
  readonly parts: readonly Uint8Array[];
  #state: "free" | "taken" | "filled" = "free";
  #atOnce: AtOnce<Request> | null = null;

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

  /** By who filled it: how the asker may have more of the kind without asking. */
  offer(atOnce: AtOnce<Request>): void {
    this.#atOnce = atOnce;
  }

  get atOnce(): AtOnce<Request> | null {
    return this.#atOnce;
  }

  /** By who took it: it is not written to any more, and what is in it is nothing. */
  giveBack(): void {
    assert(this.#state === "taken");
    this.#state = "free";
  }
}

/** A landing as a transport carries it, for requests of whatever kind. */
export type LandingMemory = Omit<Landing<never>, "offer" | "atOnce">;
