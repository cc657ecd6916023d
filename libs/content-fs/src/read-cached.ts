import assert from "node:assert/strict";
import type { Places } from "@seedfleet/bytes";
import { foreignFunctions } from "@seedfleet/runtime";

/**
 * Fills the places with a file's bytes from a position on, if the system has all of them in memory:
 * false if not, and then the places hold anything. Never waits for a disk. Whoever has many reads
 * go to the same memory hands in the same `places`, which are looked at once.
 */
export type ReadCached = (fd: number, position: number, places: Places) => boolean;

/** `preadv2`: what would have to be waited for is not read (Linux 4.14; ext4, XFS, Btrfs). */
const RWF_NOWAIT = 8;

/** Of `preadv2`; a longer list is refused by the kernel. */
const PLACES_MAX = 1_024;

/** A `struct iovec` of a machine with 64 bits: an address and a length. */
const IOVEC_BYTES = 16;

type IoVectors = {
  readonly pointer: bigint;
  readonly lengthBytes: number;
  readonly memory: Buffer;
};

/** Null where the C library cannot be called. */
export function loadReadCached(): ReadCached | null {
  const ffi = foreignFunctions();
  if (ffi === null) return null;
  try {
    const { functions } = ffi.dlopen(null, {
      // It returns 64 bits, of which the lower half tells all: nobody reads gigabytes at once.
      preadv2: {
        arguments: ["int32", "pointer", "int32", "int64", "int32"],
        return: "int32",
      },
    });
    const known = new WeakMap<Places, IoVectors>();
    return (fd, position, places) => {
      const vectors = known.get(places) ?? ioVectors(places, ffi.getRawPointer);
      known.set(places, vectors);
      const { pointer, lengthBytes } = vectors;
      const at = BigInt(position);
      return functions.preadv2(fd, pointer, places.length, at, RWF_NOWAIT) === lengthBytes;
    };
  } catch {
    return null;
  }
}

/** Nobody checks the addresses: the views, by which it is found, keep the memory behind them. */
function ioVectors(
  places: Places,
  pointerTo: (memory: NodeJS.ArrayBufferView) => bigint,
): IoVectors {
  assert(places.length <= PLACES_MAX);
  const memory = Buffer.allocUnsafeSlow(places.length * IOVEC_BYTES);
  let lengthBytes = 0;
  for (const [index, place] of places.entries()) {
    memory.writeBigUInt64LE(pointerTo(place), index * IOVEC_BYTES);
    memory.writeBigUInt64LE(BigInt(place.length), index * IOVEC_BYTES + 8);
    lengthBytes += place.length;
  }
  return { pointer: pointerTo(memory), lengthBytes, memory };
}
