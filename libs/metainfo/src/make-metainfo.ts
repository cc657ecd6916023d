import assert from "node:assert/strict";
import {
  type DictionaryEntry,
  type Encoded,
  encodeBytes,
  encodeDictionary,
  encodeValue,
  joined,
} from "@seedfleet/bencode";
import { infoHashBytes } from "@seedfleet/bytes";
import { draftViolation } from "./draft-violation.ts";
import { encodeFileTree } from "./encode-file-tree.ts";
import { attributeLetters } from "./file-attributes.ts";
import { layoutTorrent } from "./layout-torrent.ts";
import type { MetainfoFile } from "./metainfo.ts";
import type { MetainfoDraft } from "./metainfo-draft.ts";
import { pieceLayer } from "./piece-layer.ts";
import { rootOfPieceRoots } from "./piece-root.ts";
import { trackerEntries } from "./tracker-entries.ts";

/** A file with its piece layer, which is empty where it has none. */
type LayeredFile = MetainfoFile & { readonly layer: Uint8Array };

/**
 * Makes a .torrent file (BEP 3, 52): canonical bencoding, text in UTF-8, equal drafts to the bit
 * alike. `parseMetainfo()` gives the draft back. It must be one that `draftViolation()` has nothing
 * against; as names and sizes come from outside, ask that first.
 */
export function makeMetainfo(draft: MetainfoDraft): Uint8Array {
  assert.equal(draftViolation(draft), null);
  assert(Number.isSafeInteger(draft.creationDateSeconds ?? 0));
  assert((draft.creationDateSeconds ?? 0) >= 0);
  const { version = "v1", trackers = [], webSeeds = [], httpSeeds = [] } = draft;
  const { files } = layoutTorrent({ ...draft, version });
  const layered = version === "v1" ? [] : layeredFiles(draft, files);
  const info = encodeDictionary([
    ...(version === "v2" ? [] : v1Entries(draft, files)),
    ...(version === "v1" ? [] : v2Entries(layered)),
    ...plainEntries({
      name: draft.name,
      "piece length": draft.pieceLengthBytes,
      private: draft.private ? 1 : null,
      source: draft.source,
      similar: draft.similar?.length ? draft.similar.map(infoHashBytes) : null,
      collections: draft.collections?.length ? draft.collections : null,
    }),
  ]);
  return joined(
    encodeDictionary([
      ["info", info],
      ["piece layers", version === "v1" ? null : encodeLayers(layered, draft.pieceLengthBytes)],
      ...plainEntries({
        ...trackerEntries(trackers),
        comment: draft.comment,
        "created by": draft.createdBy,
        "creation date": draft.creationDateSeconds,
        "url-list": webSeeds.length > 0 ? webSeeds : null,
        httpseeds: httpSeeds.length > 0 ? httpSeeds : null,
      }),
    ]),
  );
}

function v1Entries(draft: MetainfoDraft, files: readonly MetainfoFile[]): DictionaryEntry[] {
  const [first] = files;
  assert(first !== undefined);
  const content = draft.single
    ? { attr: attributeLetters(first), length: first.lengthBytes }
    : {
        files: files.map((file) => ({
          attr: attributeLetters(file),
          length: file.lengthBytes,
          path: file.path,
          "symlink path": file.symlink,
        })),
      };
  return [...plainEntries(content), ["pieces", encodeBytes(draft.pieceHashes ?? new Uint8Array())]];
}

function v2Entries(files: readonly LayeredFile[]): DictionaryEntry[] {
  return [
    ["file tree", encodeFileTree(files)],
    ["meta version", encodeValue(2)],
  ];
}

/** The files of v2's tree, their pieces roots computed from the roots of their pieces. */
function layeredFiles(
  { pieceRoots = null, pieceLengthBytes }: MetainfoDraft,
  files: readonly MetainfoFile[],
): LayeredFile[] {
  const content = files.filter(({ padding }) => !padding);
  return content.map((file) => {
    const layer = pieceLayer({ pieceRoots, pieceLengthBytes }, file);
    if (layer === null) return { ...file, layer: new Uint8Array() };
    return { ...file, layer, piecesRoot: rootOfPieceRoots(layer, pieceLengthBytes) };
  });
}

/** A layer for each file of more than one piece; files of the same bytes share theirs. */
function encodeLayers(files: readonly LayeredFile[], pieceLengthBytes: number): Encoded {
  const layers = new Map<string, DictionaryEntry>();
  for (const { lengthBytes, piecesRoot, layer } of files) {
    if (piecesRoot === null || lengthBytes <= pieceLengthBytes) continue;
    layers.set(piecesRoot.toHex(), [piecesRoot, encodeBytes(layer)]);
  }
  return encodeDictionary([...layers.values()]);
}

/** Of keys that are ours and values that npm's encoder knows; null and undefined are left out. */
function plainEntries(values: Readonly<Record<string, unknown>>): DictionaryEntry[] {
  return Object.entries(values).map(([key, value]) => [key, encodeValue(value)]);
}
