import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { placesBetween, placesLength } from "./places.ts";

const anyPlaces = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 });

test("placesBetween() gives views of those bytes, however the places are cut", () => {
  fc.assert(
    fc.property(anyPlaces, fc.nat(90), fc.nat(90), (places, one, other) => {
      const whole = Buffer.concat(places);
      equal(placesLength(places), whole.length);
      const [begin = 0, end = 0] = [one, other]
        .map((at) => Math.min(at, whole.length))
        .toSorted((a, b) => a - b);
      const between = placesBetween(places, begin, end);
      deepEqual(Buffer.concat(between), whole.subarray(begin, end));
      for (const view of between) view.fill(0);
      equal(Buffer.compare(Buffer.concat(places), whole.fill(0, begin, end)), 0);
    }),
  );
});

test("placesBetween() given a place that is wanted whole gives it as it is", () => {
  const places = [new Uint8Array(3), new Uint8Array(4), new Uint8Array(2)];
  const [first, second, ...more] = placesBetween(places, 3, 9);
  equal(first, places[1]);
  equal(second, places[2]);
  deepEqual(more, []);
});
