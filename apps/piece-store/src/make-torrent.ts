import assert from "node:assert/strict";
import { join } from "node:path";
import type { Content, ContentListing } from "@seedfleet/content";
import {
  choosePieceLengthBytes,
  draftViolation,
  type Metainfo,
  type MetainfoDraft,
  type MetainfoViolation,
  makeMetainfo,
  PIECE_HASH_BYTES,
  parseMetainfo,
} from "@seedfleet/metainfo";
import { contentUnsuitable } from "./errors.ts";
import { type HashPlan, hashPieces } from "./hash-pieces.ts";
import { layoutOf } from "./layout.ts";

const CREATED_BY = "Seedfleet";

export type Torrent = { readonly metainfo: Metainfo; readonly metainfoBytes: Uint8Array };

export type TorrentOptions = Pick<HashPlan, "signal" | "hashed"> & { readonly private: boolean };

/**
 * Hashes listed content and makes its .torrent file: v1, no trackers and no date, so that the same
 * content always gives the same bytes. What no torrent can carry is refused before it is hashed.
 */
export async function makeTorrent(content: Content, options: TorrentOptions): Promise<Torrent> {
  const { listing } = content;
  const layout = layoutOf(listing);
  const pieceLengthBytes = choosePieceLengthBytes(listing.sizeBytes);
  const pieceCount = Math.ceil(listing.sizeBytes / pieceLengthBytes);
  const pieceHashes = new Uint8Array(pieceCount * PIECE_HASH_BYTES);
  const draft: MetainfoDraft = {
    name: listing.name,
    single: listing.single,
    files: layout.files,
    pieceLengthBytes,
    pieceHashes,
    private: options.private,
    createdBy: CREATED_BY,
  };
  const violation = draftViolation(draft);
  if (violation !== null) throw unsuitable(listing, violation);

  const { signal, hashed } = options;
  await hashPieces(content, { layout, pieceLengthBytes, pieceHashes, signal, hashed });
  const metainfoBytes = makeMetainfo(draft);
  const metainfo = parseMetainfo(metainfoBytes);
  assert(metainfo.kind === "metainfo");
  return { metainfo, metainfoBytes };
}

function unsuitable(listing: ContentListing, violation: MetainfoViolation): Error {
  const { code } = violation;
  const file = "file" in violation && violation.file !== null ? violation.file : null;
  const path =
    file === null || listing.single
      ? listing.path
      : join(listing.path, ...(listing.files[file]?.path ?? []));
  return contentUnsuitable(
    path,
    code,
    PROBLEMS[code] ?? `a torrent of it would be no good: ${code}`,
  );
}

const PROBLEMS: { readonly [code in MetainfoViolation["code"]]?: string } = {
  "torrent-missing-name": "a torrent cannot carry its name; rename it",
  "torrent-invalid-name": "a torrent cannot carry a name in this path; rename it",
  "path-too-long": "a torrent cannot carry so long a path; put it in fewer directories",
  "torrent-invalid-length": "a torrent cannot carry a file so large; split it",
  "too-many-pieces-in-torrent": "it is too large for one torrent; publish its parts one by one",
  "too-many-files": "it has too many files for one torrent; publish its parts one by one",
};
