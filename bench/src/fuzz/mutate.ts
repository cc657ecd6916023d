import type { Rng } from "@seedfleet/runtime";

/** Numbers at which lengths and indices turn into something else. */
const EDGES = [0, 1, 2, 13, 16_384, 16_385, 0x7fff, 0x8000, 0xffff, 0x10000] as const;
const HIGH_EDGES = [0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff] as const;
const WORDS = [...EDGES, ...HIGH_EDGES] as const;

const CHANGES_MAX = 8;
const SPLICE_BYTES_MAX = 64;

type Change = (bytes: Buffer, rng: Rng) => Buffer;

/** Every way in which one place of a text is made wrong. */
const CHANGES: readonly Change[] = [
  (bytes, rng) => written(bytes, rng, (byte) => byte ^ (1 << rng.below(8))),
  (bytes, rng) => written(bytes, rng, () => rng.below(256)),
  (bytes, rng) => {
    if (bytes.length < 4) return bytes;
    const changed = Buffer.from(bytes);
    changed.writeUInt32BE(pick(WORDS, rng), rng.below(bytes.length - 3));
    return changed;
  },
  // Some bytes are lost, come twice, or come from nowhere.
  (bytes, rng) => {
    const { start, end } = range(bytes, rng);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  (bytes, rng) => {
    const { start, end } = range(bytes, rng);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  (bytes, rng) => {
    const at = rng.below(bytes.length + 1);
    const more = randomBytesOf(rng, 1 + rng.below(SPLICE_BYTES_MAX));
    return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
  },
  (bytes, rng) => bytes.subarray(0, rng.below(bytes.length + 1)),
];

/** The bytes with some of them changed, as chance has it: the same for the same chance. */
export function mutate(bytes: Uint8Array, rng: Rng): Buffer {
  let changed = Buffer.from(bytes);
  for (let rest = 1 + rng.below(CHANGES_MAX); rest > 0; rest -= 1) {
    changed = Buffer.from(pick(CHANGES, rng)(changed, rng));
  }
  return changed;
}

/** The bytes in reads of any length, most of them short. */
export function cutAnywhere(bytes: Uint8Array, rng: Rng): readonly Uint8Array[] {
  const reads: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lengthMax = pick([1, 16, 256, 4_096, bytes.length], rng);
    const end = Math.min(bytes.length, at + 1 + rng.below(lengthMax));
    reads.push(bytes.subarray(at, end));
    at = end;
  }
  return reads;
}

export function randomBytesOf(rng: Rng, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => rng.below(256)));
}

export function pick<Each>(each: readonly Each[], rng: Rng): Each {
  return each[rng.below(each.length)] as Each;
}

/** True so many times in a hundred. */
export function chance(rng: Rng, percent: number): boolean {
  return rng.below(100) < percent;
}

function written(bytes: Buffer, rng: Rng, write: (byte: number) => number): Buffer {
  if (bytes.length === 0) return bytes;
  const changed = Buffer.from(bytes);
  const at = rng.below(bytes.length);
  changed[at] = write(changed[at] ?? 0);
  return changed;
}

function range(bytes: Buffer, rng: Rng): { readonly start: number; readonly end: number } {
  const start = rng.below(bytes.length + 1);
  return { start, end: Math.min(bytes.length, start + rng.below(SPLICE_BYTES_MAX)) };
}
