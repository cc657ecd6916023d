type Held = {
  bytesPerSecond: number;
  /** The whole budget that it is a part of. */
  budgetBytesPerSecond: number;
  untilMs: number;
};

/**
 * The parts of budgets that one holder keeps to, also when nobody gives it any: then those it was
 * given stand until they expire, and from there each of so many holders has as much as the others.
 * A part first becomes smaller, and larger only once those of all others have expired as well, so
 * the parts never come to more than the budget.
 */
export class HeldParts {
  readonly #skewMs: number;
  readonly #held = new Map<string, Held>();

  /** No two holders ask further apart than `skewMs`. */
  constructor({ skewMs }: { readonly skewMs: number }) {
    this.#skewMs = skewMs;
  }

  /** It may have been given of a budget that is smaller by now. */
  give(name: string, given: Readonly<Held>): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    const ratio = Math.min(1, held.budgetBytesPerSecond / given.budgetBytesPerSecond);
    held.bytesPerSecond = given.bytesPerSecond * ratio;
    held.untilMs = given.untilMs;
  }

  /** In bytes a second, of a budget that so many share. A new one begins with nothing. */
  part(
    name: string,
    { budgetBytesPerSecond, holders }: { budgetBytesPerSecond: number; holders: number },
    nowMs: number,
  ): number {
    const held = this.#held.get(name) ?? {
      ...{ bytesPerSecond: 0, budgetBytesPerSecond, untilMs: nowMs },
    };
    this.#held.set(name, held);
    if (budgetBytesPerSecond < held.budgetBytesPerSecond) {
      held.bytesPerSecond *= budgetBytesPerSecond / held.budgetBytesPerSecond;
    }
    held.budgetBytesPerSecond = budgetBytesPerSecond;
    if (nowMs <= held.untilMs) return held.bytesPerSecond;
    const alike = budgetBytesPerSecond / holders;
    const mayGrow = nowMs > held.untilMs + this.#skewMs;
    held.bytesPerSecond = mayGrow ? alike : Math.min(held.bytesPerSecond, alike);
    return held.bytesPerSecond;
  }

  /** Gives up the parts of all other budgets. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#held.keys()) if (!names.has(name)) this.#held.delete(name);
  }
}
