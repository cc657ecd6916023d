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
  /** The lengths of its files, by path; else it is one, of `sizeBytes`. */
  readonly files?: Readonly<Record<string, number>>;
  /** Makes the info dictionary longer by as much. */
  readonly source?: string | null;
};

/** A torrent whose bytes follow from its name. */
export function givenTorrent(name: string, options: TorrentOptions = {}): GivenTorrent {
  const { pieceLengthBytes = 65_536, version = "v1", files = null } = options;
  const single = files === null;
  const sizes = Object.entries(files ?? { [name]: options.sizeBytes ?? 300_000 });
  const sizeBytes = sizes.reduce((sum, [, lengthBytes]) => sum + lengthBytes, 0);
  const content = createHash("shake256", { outputLength: sizeBytes }).update(name).digest();
  const bytes = makeMetainfo({
    ...{ version, name, single, pieceLengthBytes, source: options.source ?? null },
    files: sizes.map(([path, lengthBytes]) => ({ path: path.split("/"), lengthBytes })),
    private: options.private ?? false,
    ...hashesOf(content, pieceLengthBytes, version),
  });
  const metainfo = parseMetainfo(bytes);
  assert(metainfo.kind === "metainfo");
  const { infoHash, infoHashV2, pieceCount } = metainfo;
  const shape = {
    sizeBytes: metainfo.sizeBytes,
    pieceLengthBytes,
    pieceCount,
    fileCount: sizes.length,
  };
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
