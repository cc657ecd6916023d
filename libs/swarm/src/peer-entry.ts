/**
 * A peer in its pool: the words of its address, then one with the port in the lower half, and in
 * the upper one its tail: whether it is a partial seed, and the tick of its last announce as far as
 * fits. The first byte is a word's lowest, so a peer goes into an answer by two stores and a shift.
 */
export const IPV4_ENTRY_WORDS = 2;
export const IPV6_ENTRY_WORDS = 5;

/** The port, in an entry's last word; what is above it is the tail. */
export const ENDPOINT_MASK = 0xffff;
export const TAIL_SHIFT = 16;

/** Of a tail. */
export const PARTIAL_SEED_SHIFT = 14;
export const PARTIAL_SEED: number = 1 << PARTIAL_SEED_SHIFT;
export const STAMP_BITS = 14;
export const STAMP_MASK: number = 2 ** STAMP_BITS - 1;

const WORD_BYTES = 4;

/** Reads address and port; the upper half of the last word is left 0. */
export function readEndpoint(endpoint: Uint8Array, into: Int32Array): void {
  const last = into.length - 1;
  for (let word = 0; word < last; word += 1) into[word] = wordAt(endpoint, word * WORD_BYTES);
  const portAt = last * WORD_BYTES;
  into[last] = (endpoint[portAt] ?? 0) | ((endpoint[portAt + 1] ?? 0) << 8);
}

/** Reads whole words. */
export function readWords(bytes: Uint8Array, into: Int32Array): void {
  for (let word = 0; word < into.length; word += 1) into[word] = wordAt(bytes, word * WORD_BYTES);
}

/** Writes the bytes that a word was read from. */
export function writeWord(word: number, bytes: Uint8Array, at: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}
