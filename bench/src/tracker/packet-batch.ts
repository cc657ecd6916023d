import assert from "node:assert/strict";
import { type PinnedBytes, pinned } from "./libc.ts";

/** `struct mmsghdr` and `struct iovec` of 64-bit Linux, all of whose machines here are LE. */
const HEADER_BYTES = 64;
const VECTORS_AT = 16;
const VECTOR_COUNT_AT = 24;
const LENGTH_AT = 56;
const VECTOR_BYTES = 16;
const LITTLE = true;

/**
 * Packets for one call: the places of a buffer that is cut into equal ones. A batch names which
 * places go, in which order; at first it is all of them, as they lie.
 */
export class PacketBatch {
  readonly #headers: PinnedBytes;
  readonly #view: DataView;
  readonly #vectors: BigUint64Array;
  /** The collector does not see that headers point at these. */
  readonly #pointedAt: readonly PinnedBytes[];

  constructor(packets: PinnedBytes, placeBytes: number) {
    const count = Math.floor(packets.bytes.length / placeBytes);
    const vectors = pinned(new Uint8Array(count * VECTOR_BYTES));
    const vectorsView = new DataView(vectors.bytes.buffer);
    this.#vectors = new BigUint64Array(count);
    this.#headers = pinned(new Uint8Array(count * HEADER_BYTES));
    this.#view = new DataView(this.#headers.bytes.buffer);
    for (let place = 0; place < count; place += 1) {
      const at = place * VECTOR_BYTES;
      vectorsView.setBigUint64(at, packets.pointer + BigInt(place * placeBytes), LITTLE);
      vectorsView.setBigUint64(at + 8, BigInt(placeBytes), LITTLE);
      this.#vectors[place] = vectors.pointer + BigInt(at);
      this.#view.setBigUint64(place * HEADER_BYTES + VECTOR_COUNT_AT, 1n, LITTLE);
      this.put(place, place);
    }
    this.#pointedAt = [packets, vectors];
  }

  get pointer(): bigint {
    assert(this.#pointedAt.length > 0);
    return this.#headers.pointer;
  }

  /** The message at `index` of the batch is the packet at `place` of the buffer. */
  put(index: number, place: number): void {
    const at = index * HEADER_BYTES + VECTORS_AT;
    this.#view.setBigUint64(at, this.#vectors[place] ?? 0n, LITTLE);
  }

  /** How many bytes the message at `index` had. */
  length(index: number): number {
    return this.#view.getUint32(index * HEADER_BYTES + LENGTH_AT, LITTLE);
  }
}
