import { deepEqual, equal } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { type Rng, seededRng } from "@seedfleet/runtime";
import { hashUnits } from "./hash-units.ts";
import { AWKWARD_SIZES, givenLayout, hexOf, naiveDigests } from "./testing.ts";
import { UnitHasher } from "./unit-hasher.ts";

const RUNS = 40;

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`UnitHasher gives the ${version} digests however the bytes are cut`, () => {
    const seed = randomBytes(4).readUInt32LE();
    const rng = seededRng(seed);
    for (let run = 0; run < RUNS; run += 1) {
      const pieceLengthBytes = 16_384 * 2 ** rng.below(4);
      const sizes = AWKWARD_SIZES.filter(() => rng.below(3) > 0).concat(1 + rng.below(100_000));
      const files = sizes.map((size) => randomBytes(size));
      const layout = givenLayout(sizes, { version, pieceLengthBytes });
      const [unit] = [...hashUnits({ layout, version, pieceLengthBytes }, 0)];
      if (unit === undefined) throw new Error("no unit");
      const runs = unit.runs.map(({ contentFile, ...shape }) => {
        return { ...shape, isPadding: contentFile === null };
      });
      const hasher = new UnitHasher({
        version,
        pieceLengthBytes,
        pieceCount: unit.pieceCount,
        runs,
      });
      for (const part of cut(Buffer.concat(files), rng)) {
        equal(hasher.isDone, false);
        hasher.push(part);
      }
      const expected = naiveDigests({ files, layout, version, pieceLengthBytes });
      deepEqual(hexOf(hasher.digests()), hexOf(expected), `seed ${seed}, run ${run}`);
    }
  });
}

function cut(bytes: Uint8Array, rng: Rng): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = [1 + rng.below(100), 16_384, 1 + rng.below(200_000)][rng.below(3)] ?? 1;
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}
