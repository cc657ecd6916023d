import { createHash } from "node:crypto";
import { hasRoot, type PieceProof, type TreeProof } from "@seedfleet/metainfo";

/** So much stays in the cache of one core from the one who hashes it to the one who takes it. */
const PART_BYTES: number = 128 * 1024;

/** The chunks of a piece in order, as they came from its store. */
export type PieceChunks = {
  readonly proof: PieceProof;
  readonly chunks: readonly Uint8Array[];
};

/**
 * Gives a piece's bytes to `take`, part by part in order, and says whether they were the piece's:
 * by its SHA-1 where there is one, else by its tree. Each part is taken and hashed in one go, so
 * that it comes from memory once, and taken first: the bytes were read by another core, from whose
 * cache a copy fetches them much faster than a hash does. What was taken must not be used where the
 * answer is false; of the wrong length nothing is taken.
 */
export function takeVerified(
  { proof, chunks }: PieceChunks,
  take: (part: Uint8Array, at: number) => void,
): boolean {
  if (lengthOf(chunks) !== proof.lengthBytes) return false;
  if (proof.kind === "tree") return takeByTree(proof, chunks, take);
  const hash = createHash("sha1");
  for (const { part, at } of partsOf(chunks)) {
    take(part, at);
    hash.update(part);
  }
  return hash.digest().equals(proof.sha1);
}

/** A tree's blocks may lie across two chunks, so it is given the bytes as one. */
function takeByTree(
  proof: TreeProof,
  chunks: readonly Uint8Array[],
  take: (part: Uint8Array, at: number) => void,
): boolean {
  const [only] = chunks;
  const bytes = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  for (const { part, at } of partsOf([bytes])) take(part, at);
  return hasRoot(proof, bytes);
}

/** How many bytes they are together. */
export function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/** Chunks in order, cut to parts that stay in the cache of one core while they are worked on. */
export function* partsOf(
  chunks: readonly Uint8Array[],
): Generator<{ readonly part: Uint8Array; readonly at: number }, void, void> {
  let at = 0;
  for (const chunk of chunks) {
    for (let begin = 0; begin < chunk.length; begin += PART_BYTES) {
      const part = chunk.subarray(begin, begin + PART_BYTES);
      yield { part, at };
      at += part.length;
    }
  }
}
