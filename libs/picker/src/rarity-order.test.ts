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
  fc.record({ step: fc.constant("many" as const), pieces: fc.uniqueArray(anyPiece) }),
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
  if (step.step === "many") {
    order.addMany(step.pieces, 1);
    for (const piece of step.pieces) at(slow, piece).availability += 1;
    return;
  }
  const { piece } = step;
  const known = at(slow, piece);
  if (step.step === "add") {
    order.add(piece);
    known.availability += 1;
  } else if (step.step === "subtract" && known.availability > 0) {
    order.subtract(piece);
    known.availability -= 1;
  } else if (step.step === "remove") {
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
      for (const step of steps) {
        apply(order, slow, step);
        expectSame(order, slow);
      }
    }),
  );
});

test("RarityOrder ranks what is common alike, however common it is", () => {
  const order = new RarityOrder(2, seededChance(1));
  for (let at = 0; at < AVAILABILITY_RANKED_MAX + 20; at += 1) order.add(0);
  for (let at = 0; at < AVAILABILITY_RANKED_MAX; at += 1) order.add(1);
  for (let at = 0; at < 20; at += 1) order.subtract(0);
  equal(order.availability(0), AVAILABILITY_RANKED_MAX);
  order.subtract(1);
  equal(order.at(0), 1);
});

test("RarityOrder finds any of equally rare pieces", () => {
  const how = { withUnheard: false, fromCommon: false, anyRarity: false, lookedMax: 9 };
  const order = new RarityOrder(5, seededChance(1));
  for (const piece of [0, 1, 2, 3, 4, 4]) order.add(piece);
  const found = Array.from({ length: 200 }, () => order.search(() => true, how));
  deepEqual([...new Set(found)].toSorted(), [0, 1, 2, 3]);
  const common = order.search(() => true, { ...how, fromCommon: true });
  equal(common, 4);
  equal(
    order.search(() => false, { ...how, lookedMax: 3 }),
    "gave-up",
  );
});
