import { type Bencoded, find, integerOf, isDictionary, isList, itemsOf } from "@seedfleet/bencode";
import { parseAttributes, parseSymlink } from "./file-attributes.ts";
import { FILE_LENGTH_BYTES_MAX, FILES_MAX } from "./limits.ts";
import { parsePath } from "./parse-path.ts";
import { marksPadding } from "./path-element.ts";
import { paddingFile, type UnplacedFile } from "./place-files.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/**
 * Reads the `files` list of an info dictionary (BEP 3). A file that is a symbolic link takes no
 * bytes, whatever length it claims (BEP 47).
 */
export function parseFiles(list: Bencoded): readonly UnplacedFile[] | MetainfoViolation {
  const parsed: UnplacedFile[] = [];
  for (const item of itemsOf(list)) {
    if (parsed.length === FILES_MAX) return violation({ code: "too-many-files", max: FILES_MAX });
    const file = parseFile(item, parsed.length);
    if ("kind" in file) return file;
    parsed.push(file);
  }
  if (parsed.length === 0) return violation({ code: "no-files-in-torrent" });
  return parsed;
}

/** The one file of a torrent without a `files` list; its `length` stands in the info itself. */
export function parseSingleFile(
  info: Bencoded,
  name: string | null,
): readonly UnplacedFile[] | MetainfoViolation {
  const { link, executable, hidden } = parseAttributes(info);
  const lengthBytes = link ? 0 : parseFileLength(info);
  if (lengthBytes === null) return violation({ code: "torrent-invalid-length", file: null });
  if (name === null) return violation({ code: "torrent-missing-name" });
  return [
    {
      ...{ path: [name], lengthBytes, padding: false, executable, hidden },
      ...{ symlink: null, piecesRoot: null },
    },
  ];
}

/** Null for a length that no file may have. */
export function parseFileLength(entry: Bencoded): number | null {
  const length = integerOf(find(entry, "length"));
  return length !== null && length >= 0 && length <= FILE_LENGTH_BYTES_MAX ? length : null;
}

function parseFile(item: Bencoded, file: number): UnplacedFile | MetainfoViolation {
  if (!isDictionary(item)) return violation({ code: "torrent-file-parse-failed", file });
  const { padding, link, executable, hidden } = parseAttributes(item);
  if (padding && link) return violation({ code: "torrent-invalid-pad-file", file });
  const lengthBytes = link ? 0 : parseFileLength(item);
  if (lengthBytes === null) return violation({ code: "torrent-invalid-length", file });

  const preferred = find(item, "path.utf-8");
  const list = isList(preferred) ? preferred : find(item, "path");
  const [first] = itemsOf(list);
  if (first === undefined) {
    // Padding needs no name, since nothing of it is stored.
    return padding ? paddingFile(lengthBytes) : violation({ code: "torrent-missing-name" });
  }
  const kept = parsePath(itemsOf(list), file);
  if ("kind" in kept) return kept;
  const symlink = link ? parseSymlink(item, file) : null;
  if (symlink !== null && "kind" in symlink) return symlink;
  const path = kept.length === 0 ? ["_"] : kept;
  const marked = padding || (symlink === null && path.some(marksPadding));
  return { path, lengthBytes, padding: marked, executable, hidden, symlink, piecesRoot: null };
}
