/**
 * The bytes from one place up to another or the end. Most reads are hashed as a whole, and a view
 * less for each keeps the garbage collector out of the threads.
 */
export function partOf(bytes: Uint8Array, begin: number, end: number): Uint8Array {
  return begin === 0 && end >= bytes.length ? bytes : bytes.subarray(begin, end);
}
