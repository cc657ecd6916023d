import assert from "node:assert/strict";
import { createHash, hash } from "node:crypto";
import type { CatalogEntry } from "@seedfleet/contracts";
import { type Metainfo, makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";

export const HOLDER = "store-1";

export type GivenTorrent = {
  readonly content: Buffer;
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
  readonly entry: CatalogEntry;
};

/** A torrent of one file whose bytes follow from its name. */
export function givenTorrent(
  name: string,
  size: Partial<Pick<Metainfo, "sizeBytes" | "pieceLengthBytes">> = {},
): GivenTorrent {
  const { sizeBytes = 300_000, pieceLengthBytes = 65_536 } = size;
  const content = createHash("shake256", { outputLength: sizeBytes }).update(name).digest();
  const hashes: Buffer[] = [];
  for (let at = 0; at < sizeBytes; at += pieceLengthBytes) {
    hashes.push(hash("sha1", content.subarray(at, at + pieceLengthBytes), "buffer"));
  }
  const bytes = makeMetainfo({
    name,
    single: true,
    files: [{ path: [name], lengthBytes: sizeBytes }],
    pieceLengthBytes,
    pieceHashes: Buffer.concat(hashes),
  });
  const metainfo = parseMetainfo(bytes);
  assert(metainfo.kind === "metainfo");
  const { infoHash, pieceCount } = metainfo;
  const shape = { sizeBytes, pieceLengthBytes, pieceCount, fileCount: 1 };
  const source = { holder: HOLDER, shared: false, location: `/${name}` };
  const sources = [{ ...source, fingerprint: "0".repeat(64) }];
  return {
    content,
    bytes,
    metainfo,
    entry: {
      ...{ infoHash, infoHashV2: null, version: "v1", aliases: [], name, private: false },
      ...{ ...shape, contentBytes: sizeBytes, sources, addedAtMs: 0 },
    },
  };
}
