/**
 * Copies bytes to `at` of the target, which must have room for them. `Uint8Array.set()` does the
 * same, but to or from shared memory, where one side is not aligned, byte by byte: 0.18 s a GiB
 * instead of 0.04.
 */
export function copyBytes(source: Uint8Array, target: Uint8Array, at: number): void {
  Buffer.prototype.copy.call(source, target, at);
}
