import assert from "node:assert/strict";
import { createHash, hash } from "node:crypto";
import type { CatalogEntry } from "@seedfleet/contracts";
import {
  aliasInfoHashes,
  type Metainfo,
  type MetainfoDraft,
  makeMetainfo,
  parseMetainfo,
  pieceRoot,
  type TorrentVersion,
} from "@seedfleet/metainfo";

export const HOLDER = "store-1";

export type GivenTorrent = {
  readonly content: Buffer;
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
  readonly entry: CatalogEntry;
};

export type TorrentOptions = {
  readonly sizeBytes?: number;
  readonly pieceLengthBytes?: number;
  readonly version?: TorrentVersion;
  readonly private?: boolean;
  /** Makes the info dictionary longer by as much. */
  readonly source?: string | null;
};

/** A torrent of one file whose bytes follow from its name. */
export function givenTorrent(name: string, options: TorrentOptions = {}): GivenTorrent {
  const { sizeBytes = 300_000, pieceLengthBytes = 65_536, version = "v1" } = options;
  const content = createHash("shake256", { outputLength: sizeBytes }).update(name).digest();
  const bytes = makeMetainfo({
    ...{ version, name, single: true, pieceLengthBytes, source: options.source ?? null },
    files: [{ path: [name], lengthBytes: sizeBytes }],
    private: options.private ?? false,
    ...hashesOf(content, pieceLengthBytes, version),
  });
  const metainfo = parseMetainfo(bytes);
  assert(metainfo.kind === "metainfo");
  const { infoHash, infoHashV2, pieceCount } = metainfo;
  const shape = { sizeBytes: metainfo.sizeBytes, pieceLengthBytes, pieceCount, fileCount: 1 };
  const source = { holder: HOLDER, shared: false, location: `/${name}` };
  const sources = [{ ...source, fingerprint: "0".repeat(64) }];
  const aliases = aliasInfoHashes(metainfo);
  return {
    // What of a v2 torrent's last piece is no file's is zeros.
    content: Buffer.concat([content], metainfo.sizeBytes),
    bytes,
    metainfo,
    entry: {
      ...{ infoHash, infoHashV2, version, aliases, name, private: metainfo.private },
      ...{ ...shape, contentBytes: sizeBytes, sources, addedAtMs: 0 },
    },
  };
}

function hashesOf(
  content: Buffer,
  pieceLengthBytes: number,
  version: TorrentVersion,
): Pick<MetainfoDraft, "pieceHashes" | "pieceRoots"> {
  const fileIsOnePiece = content.length <= pieceLengthBytes;
  const pieces = Array.from({ length: Math.ceil(content.length / pieceLengthBytes) }, (_, piece) =>
    content.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes),
  );
  const hashes = pieces.map((piece) => hash("sha1", piece, "buffer"));
  return {
    pieceHashes: version === "v2" ? null : Buffer.concat(hashes),
    pieceRoots:
      version === "v1"
        ? null
        : Buffer.concat(
            pieces.map((piece) => pieceRoot(piece, pieceLengthBytes, { fileIsOnePiece })),
          ),
  };
}
