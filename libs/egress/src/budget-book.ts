import { type LimitDemand, splitLimit } from "./split-limit.ts";

/** What one holder says of a budget that it has a part of. */
export type BudgetAsk = {
  /** The whole budget, as far as the holder knows. */
  readonly budgetBytesPerSecond: number;
  readonly demand: LimitDemand;
  /** The part that it keeps to now. */
  readonly heldBytesPerSecond: number;
};

type Part = {
  readonly budgetBytesPerSecond: number;
  /** What is counted as its demand beside that of others. */
  readonly claim: LimitDemand;
  /** What it may use … */
  readonly bytesPerSecond: number;
  readonly untilMs: number;
};

type Budget = { readonly parts: Map<string, Part>; bytesPerSecond: number };

/**
 * Splits budgets between those that keep them together, such as the gateways of a fleet. Each asks
 * for its parts in turn, so what one is to give up is another's only once the first has asked: the
 * parts that are held never come to more than the budget. Who falls silent has its part until it
 * expires.
 *
 * A book that is new, after another was lost, learns what is held from those that ask, and leaves
 * it as it is until it has heard all of them, or every part from before has expired.
 */
export class BudgetBook {
  readonly #validForMs: number;
  readonly #budgets = new Map<string, Budget>();
  /** By holder, when it is forgotten. */
  readonly #heard = new Map<string, number>();
  #beganAtMs = 0;

  constructor({ validForMs }: { readonly validForMs: number }) {
    this.#validForMs = validForMs;
  }

  /** What is given out of each budget, by its name. */
  given(nowMs: number): ReadonlyMap<string, number> {
    this.#forget(nowMs);
    return new Map(this.#budgets.entries().map(([name, { parts }]) => [name, sumOf(parts)]));
  }

  /**
   * The parts of one of so many holders, in bytes a second, by the names of the budgets that it
   * asks for; it gives up those it does not ask for.
   */
  ask(
    { holder, holders }: { readonly holder: string; readonly holders: number },
    asks: ReadonlyMap<string, BudgetAsk>,
    nowMs: number,
  ): ReadonlyMap<string, number> {
    this.#forget(nowMs);
    if (this.#heard.size === 0) this.#beganAtMs = nowMs;
    this.#heard.set(holder, nowMs + this.#validForMs);
    const isComplete = this.#heard.size >= holders || nowMs - this.#beganAtMs >= this.#validForMs;
    for (const [name, { parts }] of this.#budgets) if (!asks.has(name)) parts.delete(holder);
    const given = new Map<string, number>();
    for (const [name, ask] of asks) {
      const budget = this.#budgetOf(name, ask);
      const claim = claimOf(ask.demand, budget.parts.get(holder));
      budget.parts.delete(holder);
      const free = Math.max(0, budget.bytesPerSecond - sumOf(budget.parts));
      const wanted = isComplete ? fairPart(budget, claim) : ask.heldBytesPerSecond;
      const bytesPerSecond = Math.min(wanted, free);
      const { budgetBytesPerSecond } = ask;
      const untilMs = nowMs + this.#validForMs;
      budget.parts.set(holder, { budgetBytesPerSecond, claim, bytesPerSecond, untilMs });
      given.set(name, bytesPerSecond);
    }
    return given;
  }

  /** Whoever knows of a smaller budget keeps to that, so the others must as well. */
  #budgetOf(name: string, { budgetBytesPerSecond }: BudgetAsk): Budget {
    const known = this.#budgets.get(name);
    const budget = known ?? {
      parts: new Map<string, Part>(),
      bytesPerSecond: budgetBytesPerSecond,
    };
    this.#budgets.set(name, budget);
    const before = budget.bytesPerSecond;
    const asked = Array.from(budget.parts.values(), (each) => each.budgetBytesPerSecond);
    budget.bytesPerSecond = Math.min(budgetBytesPerSecond, ...asked);
    if (budget.bytesPerSecond >= before) return budget;
    for (const [holder, part] of budget.parts) {
      const bytesPerSecond = (part.bytesPerSecond * budget.bytesPerSecond) / before;
      budget.parts.set(holder, { ...part, bytesPerSecond });
    }
    return budget;
  }

  #forget(nowMs: number): void {
    for (const [holder, untilMs] of this.#heard) if (untilMs <= nowMs) this.#heard.delete(holder);
    for (const [name, { parts }] of this.#budgets) {
      for (const [holder, { untilMs }] of parts) if (untilMs <= nowMs) parts.delete(holder);
      if (parts.size === 0) this.#budgets.delete(name);
    }
  }
}

/** What the asker would have if all were given theirs now. */
function fairPart({ parts, bytesPerSecond }: Budget, claim: LimitDemand): number {
  const others = Array.from(parts.values(), (part) => part.claim);
  return splitLimit(bytesPerSecond, [claim, ...others])[0] ?? 0;
}

/**
 * Whoever has peers gives up half of what it does not use each time, not all of it: where two
 * budgets hold it back in turn, each would be taken from it because of the other.
 */
function claimOf(demand: LimitDemand, last: Part | undefined): LimitDemand {
  const { wantedBytesPerSecond: wanted, activePeers } = demand;
  if (last === undefined || activePeers === 0) return demand;
  const before = Math.min(last.claim.wantedBytesPerSecond, last.bytesPerSecond);
  return { activePeers, wantedBytesPerSecond: Math.max(wanted, (wanted + before) / 2) };
}

function sumOf(parts: ReadonlyMap<string, Part>): number {
  return parts.values().reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
}
