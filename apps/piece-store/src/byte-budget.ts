type Waiter = { readonly bytes: number; readonly give: () => void };

/**
 * So many bytes at once, those who want more wait, in the order they came. One who wants more than
 * there is gets it when nobody else has any. What was taken is given back by disposing it.
 */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #waiting: Waiter[] = [];
  #takenBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  async take(bytes: number): Promise<Disposable> {
    if (this.#waiting.length === 0 && this.#hasRoomFor(bytes)) this.#takenBytes += bytes;
    else await new Promise<void>((give) => this.#waiting.push({ bytes, give }));
    return { [Symbol.dispose]: () => this.#giveBack(bytes) };
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#takenBytes === 0 || this.#takenBytes + bytes <= this.#bytesMax;
  }

  /** What is free goes from hand to hand, so that nobody can come in between. */
  #giveBack(bytes: number): void {
    this.#takenBytes -= bytes;
    while (this.#waiting[0] !== undefined && this.#hasRoomFor(this.#waiting[0].bytes)) {
      const next = this.#waiting.shift();
      this.#takenBytes += next?.bytes ?? 0;
      next?.give();
    }
  }
}
