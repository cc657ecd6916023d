import assert from "node:assert/strict";
import { hash } from "node:crypto";
import {
  type InfoHash,
  infoHashBytes,
  ipAddressBytes,
  ipAddressFamily,
  parseIpAddress,
} from "@seedfleet/bytes";
import { uint32At } from "./received-bytes.ts";

/** A SHA-1 gives five indices. */
const INDICES_PER_HASH = 5;
const INDEX_BYTES = 4;

/**
 * Hashes until we are content with fewer pieces. Ten of eleven pieces take some five; only who
 * asks for nearly all of a large torrent gets to this.
 */
const HASHES_MAX = 100;

/** For whom the set is, and how large it should be. */
export type AllowedFastRequest = {
  /** The one that the connection goes by. */
  readonly infoHash: InfoHash;
  /** The address at which we see the peer. */
  readonly host: string;
  readonly pieceCount: number;
  readonly count: number;
};

/**
 * The pieces that a peer may have although it is choked, by BEP 6's algorithm: every seed that
 * follows it gives the same peer the same pieces, and a peer gets no others by another address of
 * its /24. Where there are no more than `count` pieces it is all of them.
 *
 * None for IPv6, for which BEP 6 makes no provision. libtorrent hashes all sixteen bytes of such an
 * address; but whoever has one has 2^64 of them, and would have as many sets.
 */
export function allowedFast({ infoHash, host, pieceCount, count }: AllowedFastRequest): number[] {
  assert(pieceCount > 0);
  const address = parseIpAddress(host);
  if (address === null || ipAddressFamily(address) === "ipv6") return [];
  if (pieceCount <= count) return Array.from({ length: pieceCount }, (_, piece) => piece);

  const network = ipAddressBytes(address).fill(0, 3);
  let bytes: Uint8Array = Buffer.concat([network, infoHashBytes(infoHash)]);
  const pieces = new Set<number>();
  for (let hashes = 0; hashes < HASHES_MAX && pieces.size < count; hashes += 1) {
    bytes = hash("sha1", bytes, "buffer");
    for (let index = 0; index < INDICES_PER_HASH && pieces.size < count; index += 1) {
      pieces.add(uint32At(bytes, index * INDEX_BYTES) % pieceCount);
    }
  }
  return [...pieces];
}
