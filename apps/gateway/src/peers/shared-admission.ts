import { hash } from "node:crypto";
import type { Admission, AdmissionLimits, Refusal } from "./peer-admission.ts";

/** Two counts for each address, at places that two halves of its hash name. */
const ROWS = 2;
const ROW_LENGTH = 2 ** 16;

/** The memory through which threads count together. */
export function sharedAdmissionMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + ROWS * ROW_LENGTH) * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * The connections of a gateway over all its threads. The number of them is exact. Addresses share
 * counts where their hashes meet, and the lower of an address's two counts holds: it is never too
 * low, and too high only where both places are shared, which among 20,000 addresses one in fourteen
 * has, mostly with one connection each.
 */
export class SharedAdmission implements Admission {
  readonly #counts: Int32Array;
  readonly #limits: AdmissionLimits;

  constructor(memory: SharedArrayBuffer, limits: AdmissionLimits) {
    this.#counts = new Int32Array(memory);
    this.#limits = limits;
  }

  get count(): number {
    return Atomics.load(this.#counts, 0);
  }

  enter(origin: string): Refusal | null {
    if (Atomics.add(this.#counts, 0, 1) >= this.#limits.peersMax) {
      Atomics.sub(this.#counts, 0, 1);
      return "gateway-full";
    }
    const before = placesOf(origin).map((place) => Atomics.add(this.#counts, place, 1));
    if (Math.min(...before) < this.#limits.peersPerAddressMax) return null;
    this.leave(origin);
    return "address-full";
  }

  leave(origin: string): void {
    Atomics.sub(this.#counts, 0, 1);
    for (const place of placesOf(origin)) Atomics.sub(this.#counts, place, 1);
  }
}

function placesOf(origin: string): readonly number[] {
  const digest = hash("sha1", origin, "buffer");
  return Array.from({ length: ROWS }, (_, row) => {
    return 1 + row * ROW_LENGTH + digest.readUInt16LE(2 * row);
  });
}
