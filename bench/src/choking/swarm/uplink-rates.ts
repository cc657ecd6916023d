/** A link that carries bytes now. */
export type ActiveLink = {
  readonly link: number;
  readonly from: number;
  readonly to: number;
  /** The most that its sender gives it. */
  readonly maxBytesPerSecond: number;
};

/**
 * How fast each link is, in bytes per second, where links share their sender's uplink alike, as
 * TCP roughly does. Who is held to less leaves the rest to the others.
 */
export function uplinkRates(
  links: readonly ActiveLink[],
  uploadBytesPerSecond: readonly number[],
): Float64Array {
  const rates = new Float64Array(links.length);
  const ofSender = new Map<number, number[]>();
  for (const [at, { from }] of links.entries()) {
    const own = ofSender.get(from);
    if (own === undefined) ofSender.set(from, [at]);
    else own.push(at);
  }
  const maxOf = (at: number): number => links[at]?.maxBytesPerSecond ?? 0;
  for (const [from, own] of ofSender) {
    let left = uploadBytesPerSecond[from] ?? 0;
    own.sort((a, b) => maxOf(a) - maxOf(b) || a - b);
    for (const [done, at] of own.entries()) {
      const rate = Math.min(maxOf(at), left / (own.length - done));
      rates[at] = rate;
      left -= rate;
    }
  }
  return rates;
}
