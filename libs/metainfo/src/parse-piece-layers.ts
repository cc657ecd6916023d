import { type Bencoded, bytesOf, entriesOf, isDictionary } from "@seedfleet/bencode";
import { BLOCK_HASH_BYTES } from "./merkle-tree.ts";
import type { Metainfo, MetainfoFile } from "./metainfo.ts";
import { rootOfPieceRoots } from "./piece-root.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

type Described = Pick<Metainfo, "files" | "pieceLengthBytes" | "pieceCount">;

/**
 * The root of every piece, from the `piece layers` of a .torrent file (BEP 52). Each layer that is
 * there must be of a file of more than one piece, have a hash for each, and lead to the file's
 * pieces root. Null where one is not there: such a .torrent is as good as a magnet link.
 */
export function parsePieceRoots(
  layers: Bencoded | null,
  described: Described,
): Uint8Array | null | MetainfoViolation {
  const { files, pieceLengthBytes, pieceCount } = described;
  const verified = verifiedLayers(layers, described);
  if ("kind" in verified) return verified;
  const layerOf = ({ piecesRoot, lengthBytes }: MetainfoFile): Uint8Array | null => {
    if (piecesRoot === null || lengthBytes <= pieceLengthBytes) return piecesRoot;
    return verified.get(keyOf(piecesRoot)) ?? null;
  };
  // Asked before there is an array of them: a .torrent of few bytes may claim millions of pieces.
  if (files.some((file) => file.piecesRoot !== null && layerOf(file) === null)) return null;

  const pieceRoots = new Uint8Array(pieceCount * BLOCK_HASH_BYTES);
  for (const [index, file] of files.entries()) {
    const layer = layerOf(file);
    if (layer === null) continue;
    // Files of the same bytes share a layer; one of another length with the same root lies.
    if (layer.length !== layerBytes(file, pieceLengthBytes)) return invalid(index);
    pieceRoots.set(layer, (file.offsetBytes / pieceLengthBytes) * BLOCK_HASH_BYTES);
  }
  return pieceRoots;
}

/** The layers by the root of their file. */
function verifiedLayers(
  layers: Bencoded | null,
  { files, pieceLengthBytes }: Described,
): ReadonlyMap<string, Uint8Array> | MetainfoViolation {
  const owners = new Map<string, number>();
  const verified = new Map<string, Uint8Array>();
  if (!isDictionary(layers)) return verified;
  for (const [index, { piecesRoot, lengthBytes }] of files.entries()) {
    if (piecesRoot !== null && lengthBytes > pieceLengthBytes) {
      owners.set(keyOf(piecesRoot), index);
    }
  }
  for (const { key, value } of entriesOf(layers)) {
    const root = keyOf(bytesOf(key) ?? new Uint8Array());
    const index = owners.get(root);
    const file = index === undefined ? undefined : files[index];
    const layer = bytesOf(value);
    if (index === undefined || file === undefined || layer === null) return invalid(null);
    const hasLength = layer.length === layerBytes(file, pieceLengthBytes);
    if (!hasLength || keyOf(rootOfPieceRoots(layer, pieceLengthBytes)) !== root) {
      return invalid(index);
    }
    verified.set(root, layer);
  }
  return verified;
}

function layerBytes({ lengthBytes }: MetainfoFile, pieceLengthBytes: number): number {
  return Math.ceil(lengthBytes / pieceLengthBytes) * BLOCK_HASH_BYTES;
}

function keyOf(root: Uint8Array): string {
  return Buffer.from(root.buffer, root.byteOffset, root.byteLength).toString("latin1");
}

function invalid(file: number | null): MetainfoViolation {
  return violation({ code: "torrent-invalid-piece-layer", file });
}
