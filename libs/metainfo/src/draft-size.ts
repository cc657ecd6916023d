import { sharedDepth } from "./encode-file-tree.ts";
import type { TorrentLayout } from "./layout-torrent.ts";
import { BENCODE_TOKENS_MAX, METAINFO_BYTES_MAX } from "./limits.ts";
import { BLOCK_HASH_BYTES } from "./merkle-tree.ts";
import type { MetainfoFile } from "./metainfo.ts";
import type { MetainfoDraft } from "./metainfo-draft.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/** No less than what the values of fixed size take, be they all there. */
const FIXED: Size = { bytes: 1_024, tokens: 64 };

/** No less than what a file takes in the list of v1, and in the tree of v2, with its length. */
const LISTED: Size = { bytes: 40, tokens: 5 };
const IN_TREE: Size = { bytes: 36, tokens: 4 };

/** A root with its key, and the key of its layer, the hashes of which are counted as such. */
const ROOT: Size = { bytes: 24 + BLOCK_HASH_BYTES, tokens: 2 };
const LAYER: Size = { bytes: 16 + BLOCK_HASH_BYTES, tokens: 2 };

/** The letters of `attr`, and `symlink path` but for its names. */
const LETTERS: Size = { bytes: 16, tokens: 2 };
const LINK: Size = { bytes: 24, tokens: 2 };

const NOTHING: Size = { bytes: 0, tokens: 0 };

/** No less than what a name takes in either, besides its own bytes. */
const NAME_BYTES = 8;

/** What a part of the draft becomes: bytes, perhaps some more than it will be, and tokens. */
type Size = { readonly bytes: number; readonly tokens: number };

/**
 * Whether the .torrent file could become larger than we and others read: what we make we must be
 * able to load. The estimate may be a little high, but is never low.
 */
export function draftSizeViolation(
  draft: MetainfoDraft,
  layout: TorrentLayout,
): MetainfoViolation | null {
  const { bytes, tokens } = draftSize(draft, layout);
  if (bytes > METAINFO_BYTES_MAX) {
    return violation({ code: "metainfo-too-large", max: METAINFO_BYTES_MAX });
  }
  if (tokens > BENCODE_TOKENS_MAX) {
    return violation({ code: "token-limit-exceeded", max: BENCODE_TOKENS_MAX });
  }
  return null;
}

/** What the draft becomes: hashes, texts, and files in either or both forms. */
export function draftSize(draft: MetainfoDraft, { files }: TorrentLayout): Size {
  const { version = "v1", pieceHashes, pieceRoots } = draft;
  return sumOf([
    FIXED,
    { bytes: (pieceHashes?.length ?? 0) + (pieceRoots?.length ?? 0), tokens: 0 },
    textsSize(draft),
    ...(version === "v2" ? [] : files.map(listedSize)),
    ...(version === "v1" ? [] : treeSizes(files, draft.pieceLengthBytes)),
  ]);
}

function textsSize(draft: MetainfoDraft): Size {
  const { name, comment, createdBy, source, trackers = [], webSeeds = [], httpSeeds = [] } = draft;
  const { similar = [], collections = [] } = draft;
  const texts = [name, comment ?? "", createdBy ?? "", source ?? "", ...similar, ...collections];
  // Trackers twice: the first also stands alone, and a tier of one is a list of its own.
  texts.push(...trackers.flat(), ...trackers.flat(), ...webSeeds, ...httpSeeds);
  return namesSize(texts);
}

/** What a file is in the list of v1: a dictionary with a length and a path. */
function listedSize(file: MetainfoFile): Size {
  return sumOf([LISTED, namesSize(file.path), attributesSize(file)]);
}

/** What each file adds to the tree of v2; a directory is written once, with its first file. */
function treeSizes(files: readonly MetainfoFile[], pieceLengthBytes: number): Size[] {
  let last: readonly string[] = [];
  return files
    .filter(({ padding }) => !padding)
    .map((file) => {
      const names = namesSize(file.path.slice(sharedDepth(last, file.path)));
      last = file.path;
      const root = file.lengthBytes === 0 ? NOTHING : ROOT;
      const layer = file.lengthBytes <= pieceLengthBytes ? NOTHING : LAYER;
      // Each name is a key with a dictionary.
      const dictionaries = { bytes: 0, tokens: names.tokens };
      return sumOf([IN_TREE, names, dictionaries, root, layer, attributesSize(file)]);
    });
}

function attributesSize({ padding, executable, hidden, symlink }: MetainfoFile): Size {
  const hasLetters = padding || executable || hidden || symlink !== null;
  const target = symlink === null ? NOTHING : sumOf([LINK, namesSize(symlink)]);
  return sumOf([hasLetters ? LETTERS : NOTHING, target]);
}

function namesSize(names: readonly string[]): Size {
  const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(name) + NAME_BYTES, 0);
  return { bytes, tokens: names.length };
}

function sumOf(sizes: readonly Size[]): Size {
  let bytes = 0;
  let tokens = 0;
  for (const size of sizes) {
    bytes += size.bytes;
    tokens += size.tokens;
  }
  return { bytes, tokens };
}
