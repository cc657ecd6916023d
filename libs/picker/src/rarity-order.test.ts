import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AVAILABILITY_RANKED_MAX, PRIORITY_DEFAULT, RarityOrder } from "./rarity-order.ts";
import { seededChance } from "./testing.ts";

const PIECES = 12;

const anyPiece = fc.nat(PIECES - 1);
const anyStep = fc.oneof(
  fc.record({ step: fc.constant("add" as const), piece: anyPiece }),
  fc.record({ step: fc.constant("subtract" as const), piece: anyPiece }),
  fc.record({ step: fc.constant("remove" as const), piece: anyPiece }),
  fc.record({ step: fc.constant("insert" as const), piece: anyPiece }),
  fc.record({ step: fc.constant("prefer" as const), piece: anyPiece, priority: fc.nat(7) }),
  // So many at once that all are sorted anew.
  fc.record({
    step: fc.constant("all" as const),
    change: fc.constantFrom(1 as const, -1 as const),
  }),
  fc.record({ step: fc.constant("look" as const) }),
);

type Slow = { availability: number; priority: number; isIn: boolean };

/** The same by hand: a list of pieces, to be sorted. */
function expectSame(order: RarityOrder, slow: readonly Slow[]): void {
  order.refresh();
  const pieces = Array.from({ length: order.size }, (_, place) => order.at(place));
  const expected = slow.flatMap(({ isIn }, piece) => (isIn ? [piece] : []));
  deepEqual(
    pieces.toSorted((a, b) => a - b),
    expected,
  );
  const keys = pieces.map((piece) => {
    const { priority = 0, availability = 0 } = slow[piece] ?? {};
    return (7 - priority) * 1_000 + Math.min(availability, AVAILABILITY_RANKED_MAX);
  });
  deepEqual(
    keys,
    keys.toSorted((a, b) => a - b),
  );
  for (const withUnheard of [true, false]) {
    const heard = keys.filter((key) => withUnheard || key % 1_000 > 0);
    equal(order.hasAny(withUnheard), heard.length > 0);
    const how = { withUnheard, fromCommon: false, anyRarity: false, lookedMax: 999 };
    const found = order.search(() => true, how);
    const key = found === "none" || found === "gave-up" ? found : keys[pieces.indexOf(found)];
    equal(key, heard[0] ?? "none");
  }
}

function apply(order: RarityOrder, slow: Slow[], step: Step): void {
  if (step.step === "look") return expectSame(order, slow);
  if (step.step === "all") {
    for (const piece of slow.keys()) count(order, slow, { piece, change: step.change });
    return;
  }
  const { piece } = step;
  const known = at(slow, piece);
  if (step.step === "add") count(order, slow, { piece, change: 1 });
  else if (step.step === "subtract") count(order, slow, { piece, change: -1 });
  else if (step.step === "remove") {
    order.remove(piece);
    known.isIn = false;
  } else if (step.step === "insert") {
    order.insert(piece);
    known.isIn = known.priority > 0;
  } else if (step.step === "prefer") {
    const wasUnwanted = known.priority === 0;
    order.setPriority(piece, step.priority);
    known.priority = step.priority;
    known.isIn = (known.isIn || wasUnwanted) && step.priority > 0;
  }
}

function count(
  order: RarityOrder,
  slow: readonly Slow[],
  { piece, change }: { readonly piece: number; readonly change: 1 | -1 },
): void {
  const known = at(slow, piece);
  if (known.availability + change < 0) return;
  order.count(piece, change);
  known.availability += change;
}

type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

function at(slow: readonly Slow[], piece: number): Slow {
  const known = slow[piece];
  ok(known !== undefined);
  return known;
}

test("RarityOrder is the order that sorting would give, whatever happens", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: "max" }), fc.nat(), (steps, seed) => {
      const order = new RarityOrder(PIECES, seededChance(seed));
      const slow = Array.from({ length: PIECES }, (): Slow => {
        return { availability: 0, priority: PRIORITY_DEFAULT, isIn: true };
      });
      for (const step of steps) apply(order, slow, step);
      expectSame(order, slow);
    }),
  );
});

test("RarityOrder ranks what is common alike, however common it is", () => {
  const order = new RarityOrder(2, seededChance(1));
  for (let at = 0; at < AVAILABILITY_RANKED_MAX + 20; at += 1) order.count(0, 1);
  for (let at = 0; at < AVAILABILITY_RANKED_MAX; at += 1) order.count(1, 1);
  for (let at = 0; at < 20; at += 1) order.count(0, -1);
  equal(order.availability(0), AVAILABILITY_RANKED_MAX);
  order.count(1, -1);
  order.refresh();
  equal(order.at(0), 1);
});

test("RarityOrder finds any of equally rare pieces", () => {
  const how = { withUnheard: false, fromCommon: false, anyRarity: false, lookedMax: 9 };
  const order = new RarityOrder(5, seededChance(1));
  for (const piece of [0, 1, 2, 3, 4, 4]) order.count(piece, 1);
  order.refresh();
  const found = Array.from({ length: 200 }, () => order.search(() => true, how));
  deepEqual([...new Set(found)].toSorted(), [0, 1, 2, 3]);
  const common = order.search(() => true, { ...how, fromCommon: true });
  equal(common, 4);
  equal(
    order.search(() => false, { ...how, lookedMax: 3 }),
    "gave-up",
  );
});
