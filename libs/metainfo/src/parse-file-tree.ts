import { type Bencoded, bytesOf, entriesOf, find, isDictionary } from "@seedfleet/bencode";
import { parseAttributes, parseSymlink } from "./file-attributes.ts";
import { FILES_MAX, PATH_BYTES_MAX, PATH_DEPTH_MAX } from "./limits.ts";
import { BLOCK_HASH_BYTES } from "./merkle-tree.ts";
import { parseFileLength } from "./parse-files.ts";
import { pathElement } from "./path-element.ts";
import type { UnplacedFile } from "./place-files.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/** The files of a v2 file tree, in its order. */
export type FileTree = {
  readonly files: readonly UnplacedFile[];
  /** Whether the tree is one file and no directory. */
  readonly single: boolean;
  /** Whether every path is as it stands in the tree; then no two of them can be alike. */
  readonly unchanged: boolean;
};

/** How far the reading has come, and where it is. */
type Walk = {
  readonly own: (view: Uint8Array) => Uint8Array;
  readonly files: UnplacedFile[];
  readonly path: string[];
  pathBytes: number;
  depth: number;
  unchanged: boolean;
};

/**
 * Reads the `file tree` of an info dictionary (BEP 52): a dictionary in which a name leads to a
 * directory, or to a dictionary whose one key is empty and whose value tells of a file. It is no
 * deeper than bencoding may be, which bounds the recursion. Of bytes that are kept, `own` says
 * where else they stand: the text may be written over.
 */
export function parseFileTree(
  tree: Bencoded,
  own: (view: Uint8Array) => Uint8Array,
): FileTree | MetainfoViolation {
  const walk: Walk = { own, files: [], path: [], pathBytes: 0, depth: 0, unchanged: true };
  const refused = readDirectory(tree, walk);
  if (refused !== null) return refused;
  const { files, unchanged } = walk;
  if (files.length === 0) return violation({ code: "no-files-in-torrent" });
  const [first, second] = entriesOf(tree);
  const single = second === undefined && first !== undefined && leafOf(first.value) !== null;
  return { files, single, unchanged };
}

function readDirectory(directory: Bencoded, walk: Walk): MetainfoViolation | null {
  for (const { key, value } of entriesOf(directory)) {
    const bytes = bytesOf(key) ?? new Uint8Array();
    const file = walk.files.length;
    if (bytes.length === 0 || !isDictionary(value)) {
      return violation({ code: "torrent-file-parse-failed", file });
    }
    const { length } = walk.path;
    walk.depth += 1;
    walk.pathBytes += bytes.length + 1;
    // Judged before the name is read, so that no time goes into one of a million bytes.
    if (walk.depth > PATH_DEPTH_MAX || walk.pathBytes > PATH_BYTES_MAX) {
      return violation({ code: "path-too-long", file });
    }
    const element = pathElement(bytes);
    if (element !== null) walk.path.push(element);
    if (element === null || !Buffer.from(element).equals(bytes)) walk.unchanged = false;

    const leaf = leafOf(value);
    const refused = leaf === null ? readDirectory(value, walk) : readFile(leaf, walk);
    if (refused !== null) return refused;
    walk.path.length = length;
    walk.depth -= 1;
    walk.pathBytes -= bytes.length + 1;
  }
  return null;
}

function readFile(entry: Bencoded, walk: Walk): MetainfoViolation | null {
  const file = walk.files.length;
  if (file === FILES_MAX) return violation({ code: "too-many-files", max: FILES_MAX });
  if (!isDictionary(entry)) return violation({ code: "torrent-file-parse-failed", file });
  const { padding, link, executable, hidden } = parseAttributes(entry);
  if (padding) return violation({ code: "torrent-invalid-pad-file", file });
  const lengthBytes = link ? 0 : parseFileLength(entry);
  if (lengthBytes === null) return violation({ code: "torrent-invalid-length", file });
  const symlink = link ? parseSymlink(entry, file) : null;
  if (symlink !== null && "kind" in symlink) return symlink;

  const root = lengthBytes === 0 ? null : bytesOf(find(entry, "pieces root"));
  if (lengthBytes > 0 && !isRoot(root)) {
    return violation({ code: "torrent-missing-pieces-root", file });
  }
  const piecesRoot = root === null ? null : walk.own(root);
  const path = walk.path.length === 0 ? ["_"] : [...walk.path];
  const attributes = { padding, executable, hidden, symlink };
  walk.files.push({ path, lengthBytes, ...attributes, piecesRoot });
  return null;
}

/** What a name leads to, if it is a file: the value of the empty key, where there is no other. */
function leafOf(value: Bencoded): Bencoded | null {
  const entries = entriesOf(value);
  const first = entries.next().value;
  if (first === undefined || bytesOf(first.key)?.length !== 0) return null;
  return entries.next().done === true ? first.value : null;
}

/** Zeros are no SHA-256 of anything: they would stand for a tree without leaves. */
function isRoot(root: Uint8Array | null): root is Uint8Array {
  return root !== null && root.length === BLOCK_HASH_BYTES && root.some((byte) => byte !== 0);
}
