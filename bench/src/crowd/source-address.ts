/** Fewer than a gateway lets in from one address by default, and than an address has ports. */
const PEERS_PER_ADDRESS = 200;

/**
 * Where a peer connects from: all of 127/8 is this machine. One address has too few ports for very
 * many peers, and a gateway may let in only so many from each.
 */
export function sourceAddress(serial: number): string {
  const number = Math.floor(serial / PEERS_PER_ADDRESS) + 1;
  return `127.1.${number >> 8}.${number & 0xff}`;
}
