/** How the swarms of a tracker are shared out over its threads; plain data, the same in each. */
export type SwarmShares = {
  readonly threads: number;
  /** Odd, of 32 bits: by chance, so that nobody makes info hashes that one thread has all of. */
  readonly key: number;
};

/** Below it are the bits of a product on which only few of its factors' bits have a say. */
export const OWNER_SHIFT = 16;

/** Where in an info hash the 32 bits begin that say whose swarm it is: those that come first. */
export const OWNER_BITS_AT = 0;

/**
 * The thread that a swarm belongs to, by the info hash that it goes by. As plain as this so that
 * the kernel can do it too, when it deals out datagrams (`steeringProgram`).
 */
export function ownerOf(infoHash: Uint8Array, { threads, key }: SwarmShares): number {
  const bits =
    ((infoHash[OWNER_BITS_AT] ?? 0) << 24) |
    ((infoHash[OWNER_BITS_AT + 1] ?? 0) << 16) |
    ((infoHash[OWNER_BITS_AT + 2] ?? 0) << 8) |
    (infoHash[OWNER_BITS_AT + 3] ?? 0);
  return (Math.imul(bits, key) >>> OWNER_SHIFT) % threads;
}
