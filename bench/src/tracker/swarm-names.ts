import { createHash } from "node:crypto";

const PEER_ID_PREFIX = "-SB0001-0000";
const PEER_ID_DIGITS = 8;

export const PEER_ID_BYTES: number = PEER_ID_PREFIX.length + PEER_ID_DIGITS;

/** The info hash of swarm N: like a real one its bytes are spread evenly. */
export function swarmHash(swarm: number): Uint8Array {
  return createHash("sha1").update(`seedfleet bench swarm ${swarm}`).digest();
}

/**
 * Writes the peer id of a source's peer with this port: another one for every peer of a swarm, of
 * characters that stand for themselves in a URL.
 */
export function writePeerId(
  bytes: Uint8Array,
  at: number,
  { source, port }: { readonly source: number; readonly port: number },
): void {
  for (let index = 0; index < PEER_ID_PREFIX.length; index += 1) {
    bytes[at + index] = PEER_ID_PREFIX.charCodeAt(index);
  }
  const digitsAt = at + PEER_ID_PREFIX.length;
  writeHex(bytes, digitsAt, source);
  writeHex(bytes, digitsAt + 4, port);
}

function writeHex(bytes: Uint8Array, at: number, number: number): void {
  for (let digit = 0; digit < 4; digit += 1) {
    const value = (number >> (12 - 4 * digit)) & 0xf;
    bytes[at + digit] = value < 10 ? 0x30 + value : 0x57 + value;
  }
}
