import { hash } from "node:crypto";
import type { MetainfoFile, TorrentVersion } from "@seedfleet/metainfo";

const BLOCK_BYTES = 16_384;
const ZEROS: Buffer = Buffer.alloc(32);

export type HashedFile = Pick<MetainfoFile, "padding"> & { readonly content: Buffer };

/**
 * What the pieces of a torrent hash to, straight from the texts: SHA-1 of the files end to end
 * (BEP 3), and of each file a tree of SHA-256 (BEP 52). With all of it in memory and none of the
 * project's own hashing.
 */
export function plainHashes(
  files: readonly HashedFile[],
  { version, pieceLengthBytes }: { version: TorrentVersion; pieceLengthBytes: number },
): { readonly pieceHashes: Buffer | null; readonly pieceRoots: Buffer | null } {
  const stored = files.filter(({ padding }) => !padding);
  const whole = Buffer.concat(files.map(({ content }) => content));
  const pieceHashes = partsOf(whole, pieceLengthBytes).map((piece) =>
    hash("sha1", piece, "buffer"),
  );
  const pieceRoots = stored.flatMap(({ content }) => rootsOf(content, pieceLengthBytes));
  return {
    pieceHashes: version === "v2" ? null : Buffer.concat(pieceHashes),
    pieceRoots: version === "v1" ? null : Buffer.concat(pieceRoots),
  };
}

function rootsOf(content: Buffer, pieceLengthBytes: number): Buffer[] {
  return partsOf(content, pieceLengthBytes).map((piece) => {
    const leaves: Buffer[] = partsOf(piece, BLOCK_BYTES).map((block) =>
      hash("sha256", block, "buffer"),
    );
    const isOnePiece = content.length <= pieceLengthBytes;
    const width = isOnePiece ? leaves.length : pieceLengthBytes / BLOCK_BYTES;
    let level = leaves;
    while (level.length < width || !Number.isInteger(Math.log2(level.length))) level.push(ZEROS);
    while (level.length > 1) {
      level = partsOf(Buffer.concat(level), 64).map((pair) => hash("sha256", pair, "buffer"));
    }
    return level[0] ?? ZEROS;
  });
}

function partsOf(bytes: Buffer, lengthBytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / lengthBytes) }, (_, part) =>
    bytes.subarray(part * lengthBytes, (part + 1) * lengthBytes),
  );
}
