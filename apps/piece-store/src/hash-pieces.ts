import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Content } from "@seedfleet/content";
import { PIECE_HASH_BYTES } from "@seedfleet/metainfo";
import type { Layout } from "./layout.ts";
import { readAhead } from "./read-ahead.ts";

export type HashPlan = {
  readonly layout: Layout;
  readonly pieceLengthBytes: number;
  /** Takes the SHA-1 of every piece, one after the other. */
  readonly pieceHashes: Uint8Array;
  readonly signal: AbortSignal;
  /** Told after every read how many bytes have been hashed in all. */
  readonly hashed: (hashedBytes: number) => void;
};

/**
 * Hashes the pieces of a torrent (BEP 3), which take no notice of where files end. Reading goes on
 * while a chunk is hashed; between two chunks everything else in the process has its turn.
 */
export async function hashPieces(content: Content, plan: HashPlan): Promise<void> {
  const { pieceLengthBytes, pieceHashes, signal } = plan;
  let hash = createHash("sha1");
  let piece = 0;
  let hashedBytes = 0;
  let pieceBytesLeft = pieceLengthBytes;
  const endPiece = (): void => {
    pieceHashes.set(hash.digest(), piece * PIECE_HASH_BYTES);
    hash = createHash("sha1");
    piece += 1;
    pieceBytesLeft = pieceLengthBytes;
  };

  for await (const chunk of readAhead(content, plan.layout)) {
    signal.throwIfAborted();
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + pieceBytesLeft);
      hash.update(part);
      at += part.length;
      pieceBytesLeft -= part.length;
      if (pieceBytesLeft === 0) endPiece();
    }
    hashedBytes += chunk.length;
    plan.hashed(hashedBytes);
    await nextTurn();
  }
  if (pieceBytesLeft < pieceLengthBytes) endPiece();
}
