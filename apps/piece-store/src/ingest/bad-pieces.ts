import type { InfoHash } from "@seedfleet/bytes";
import type { Catalog } from "@seedfleet/fleet";
import { BLOCK_HASH_BYTES, type Metainfo, PIECE_HASH_BYTES } from "@seedfleet/metainfo";
import { metainfoUnusable } from "../errors.ts";
import type { PieceDigests } from "../hashing/hash-plan.ts";
import { readMetainfo } from "../reading/known-metainfo.ts";

/** The metainfo of a torrent whose pieces can be checked. Rejects with `metainfo-unusable`. */
export async function readCheckable(catalog: Catalog, infoHash: InfoHash): Promise<Metainfo> {
  const metainfo = await readMetainfo(catalog, infoHash);
  if (metainfo.pieceHashes !== null || metainfo.pieceRoots !== null) return metainfo;
  throw metainfoUnusable(
    infoHash,
    "it has no piece layers, as one saved from a magnet link, so no piece can be checked; " +
      "take a .torrent that has them",
  );
}

/** The pieces whose bytes are not what the torrent says, by either of its hashes. */
export function badPieces(metainfo: Metainfo, digests: PieceDigests): readonly number[] {
  const kinds = [
    { said: metainfo.pieceHashes, found: digests.pieceHashes, hashBytes: PIECE_HASH_BYTES },
    { said: metainfo.pieceRoots, found: digests.pieceRoots, hashBytes: BLOCK_HASH_BYTES },
  ];
  const bad: number[] = [];
  for (let piece = 0; piece < metainfo.pieceCount; piece += 1) {
    const differs = kinds.some(({ said, found, hashBytes }) => {
      if (said === null || found === null) return false;
      const start = piece * hashBytes;
      const end = start + hashBytes;
      return Buffer.compare(said.subarray(start, end), found.subarray(start, end)) !== 0;
    });
    if (differs) bad.push(piece);
  }
  return bad;
}
