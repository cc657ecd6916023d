import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BudgetBook } from "./budget-book.ts";
import { HeldParts } from "./held-parts.ts";

const BUDGET = 1_000_000;
const VALID_MS = 8_000;
const SKEW_MS = 2_000;
const HELD_BACK = Number.POSITIVE_INFINITY;

type Wants = Readonly<Record<string, number>>;

/** Holders of one budget, and the book that they ask. */
class GivenFleet {
  book = new BudgetBook({ validForMs: VALID_MS });
  readonly held: ReadonlyMap<string, HeldParts>;
  nowMs = 0;
  budget = BUDGET;

  constructor(holders: readonly string[]) {
    this.held = new Map(holders.map((name) => [name, new HeldParts({ skewMs: SKEW_MS })]));
  }

  part(holder: string): number {
    const of = { budgetBytesPerSecond: this.budget, holders: this.held.size };
    return this.held.get(holder)?.part("fleet", of, this.nowMs) ?? Number.NaN;
  }

  ask(holder: string, wantedBytesPerSecond: number): number {
    const demand = { wantedBytesPerSecond, activePeers: wantedBytesPerSecond > 0 ? 1 : 0 };
    const asks = new Map([
      [
        "fleet",
        {
          ...{ budgetBytesPerSecond: this.budget, demand },
          heldBytesPerSecond: this.part(holder),
        },
      ],
    ]);
    const given = this.book.ask({ holder, holders: this.held.size }, asks, this.nowMs);
    const bytesPerSecond = given.get("fleet") ?? Number.NaN;
    const untilMs = this.nowMs + VALID_MS;
    const of = { budgetBytesPerSecond: this.budget, untilMs };
    this.held.get(holder)?.give("fleet", { bytesPerSecond, ...of });
    return bytesPerSecond;
  }

  /** Lets each ask some times, a second apart. */
  rounds(count: number, wants: Wants): readonly number[] {
    for (let round = 0; round < count; round += 1) {
      this.nowMs += 1_000;
      for (const [holder, wanted] of Object.entries(wants)) this.ask(holder, wanted);
    }
    return Array.from(this.held.keys(), (holder) => Math.round(this.part(holder)));
  }

  get sum(): number {
    return this.held.keys().reduce((sum, holder) => sum + this.part(holder), 0);
  }
}

const cases = [
  {
    given: "one that is held back and one that wants nothing",
    wants: { a: HELD_BACK, b: 0 },
    then: [995_000, 5_000],
  },
  { given: "two that are held back", wants: { a: HELD_BACK, b: HELD_BACK }, then: [5e5, 5e5] },
  {
    given: "one that wants less than its part",
    wants: { a: HELD_BACK, b: 200_000 },
    then: [800_000, 200_000],
  },
  { given: "nobody that wants anything", wants: { a: 0, b: 0 }, then: [5e5, 5e5] },
] as const;

for (const { given, wants, then } of cases) {
  test(`BudgetBook.ask() given ${given}`, () => {
    deepEqual(new GivenFleet(["a", "b"]).rounds(30, wants), then);
  });
}

test("who falls silent keeps its part until it expires; then the others have it", () => {
  const fleet = new GivenFleet(["a", "b"]);
  fleet.rounds(3, { a: HELD_BACK, b: HELD_BACK });
  deepEqual(fleet.rounds(7, { a: HELD_BACK })[0], 5e5);
  equal(fleet.book.given(fleet.nowMs).get("fleet"), BUDGET);
  equal(fleet.rounds(2, { a: HELD_BACK })[0], BUDGET);
});

test("who asks for a budget no more gives its part to the others at once", () => {
  const fleet = new GivenFleet(["a", "b"]);
  fleet.rounds(3, { a: HELD_BACK, b: HELD_BACK });
  fleet.book.ask({ holder: "b", holders: 2 }, new Map(), fleet.nowMs);
  equal(fleet.ask("a", HELD_BACK), BUDGET);
});

test("a new book leaves what is held as it is until it has heard everybody", () => {
  const fleet = new GivenFleet(["a", "b"]);
  const parts = fleet.rounds(3, { a: HELD_BACK, b: 200_000 });
  fleet.book = new BudgetBook({ validForMs: VALID_MS });
  equal(fleet.ask("a", 0), parts[0]);
  equal(fleet.ask("b", HELD_BACK), parts[1]);
  deepEqual(fleet.rounds(2, { a: 0, b: HELD_BACK }), [5_000, 995_000]);

  // Or until what the others held must have expired.
  fleet.book = new BudgetBook({ validForMs: VALID_MS });
  equal(fleet.rounds(8, { b: HELD_BACK })[1], 995_000);
  equal(fleet.rounds(1, { b: HELD_BACK })[1], BUDGET);
});

test("a budget that is changed is split anew within two rounds", () => {
  const fleet = new GivenFleet(["a", "b"]);
  const wants = { a: HELD_BACK, b: HELD_BACK };
  fleet.rounds(3, wants);
  fleet.budget = BUDGET / 4;
  ok(fleet.sum <= fleet.budget);
  deepEqual(fleet.rounds(1, wants), [125_000, 125_000]);
  fleet.budget = BUDGET;
  deepEqual(fleet.rounds(2, wants), [5e5, 5e5]);
});

test("a holder gives up half of what it does not use, and all once its peers are gone", () => {
  const fleet = new GivenFleet(["a", "b"]);
  fleet.rounds(3, { a: HELD_BACK, b: HELD_BACK });
  const parts = [1, 2, 3].map(() => fleet.rounds(1, { a: 100_000, b: HELD_BACK })[0]);
  deepEqual(parts, [300_000, 200_000, 150_000]);
  deepEqual(fleet.rounds(1, { a: 0, b: HELD_BACK }), [5_000, 995_000]);
});

const steps = fc.array(
  fc.record({
    ms: fc.constantFrom(0, 1, 300, 1_000, 5_000),
    holder: fc.constantFrom("a", "b", "c", "d"),
    wanted: fc.oneof(fc.constant(HELD_BACK), fc.integer({ min: 0, max: 2 * BUDGET })),
    happens: fc.constantFrom("asks", "asks", "asks", "asks", "book lost", "smaller", "larger"),
  }),
  { maxLength: 200 },
);

test("the parts never come to more than the budget, whatever is wanted, changed and lost", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const fleet = new GivenFleet(["a", "b", "c", "d"]);
      for (const { ms, holder, wanted, happens } of all) {
        fleet.nowMs += ms;
        if (happens === "book lost") fleet.book = new BudgetBook({ validForMs: VALID_MS });
        else if (happens === "smaller") fleet.budget = Math.ceil(fleet.budget / 2);
        else if (happens === "larger") fleet.budget = Math.min(BUDGET, fleet.budget * 2);
        // Everybody looks at the clock at least this often, and asks.
        for (const each of fleet.held.keys()) if (ms >= 1_000) fleet.ask(each, wanted);
        fleet.ask(holder, wanted);
        ok(fleet.sum <= fleet.budget * (1 + 1e-9), `${fleet.sum} of ${fleet.budget}`);
      }
    }),
  );
});

test("holders whom nobody answers have alike parts in the end, never more than the budget", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(2 * BUDGET))),
      fc.array(fc.nat(500), { minLength: 60, maxLength: 60 }),
      (asked, waits) => {
        const fleet = new GivenFleet(["a", "b", "c"]);
        for (const [holder, wanted] of asked) {
          fleet.nowMs += 200;
          fleet.ask(holder, wanted);
        }
        for (const holder of fleet.held.keys()) fleet.ask(holder, HELD_BACK);
        for (const ms of [...waits, 20_000]) {
          fleet.nowMs += ms;
          ok(fleet.sum <= BUDGET * (1 + 1e-9), `${fleet.sum}`);
        }
        for (const holder of fleet.held.keys()) equal(fleet.part(holder), BUDGET / 3);
      },
    ),
  );
});
