const SURROGATE_MIN = 0xd800;
const ABOVE_SURROGATES_MIN = 0xe000;

/**
 * Compares text as its UTF-8 bytes would be, which is how the keys of a dictionary are sorted
 * (BEP 3). JavaScript's own order is another: of UTF-16 units, in which a character beyond the
 * basic plane begins with a surrogate and so comes before U+E000 to U+FFFF, not after.
 */
export function inByteOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Compares paths element by element, as a v2 file tree lists its files (BEP 52). */
export function inTreeOrder(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const order = inByteOrder(a[at] ?? "", b[at] ?? "");
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Puts the surrogates above all other units, each group in its own order. */
function rank(unit: number): number {
  if (unit < SURROGATE_MIN) return unit;
  return unit < ABOVE_SURROGATES_MIN ? unit + 0x2000 : unit - 0x800;
}
