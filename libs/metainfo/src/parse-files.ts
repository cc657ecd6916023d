import {
  type Bencoded,
  bytesOf,
  find,
  integerOf,
  isDictionary,
  isList,
  itemsOf,
  textOf,
} from "./bencoded.ts";
import { distinctPaths } from "./distinct-paths.ts";
import {
  FILE_LENGTH_BYTES_MAX,
  FILES_MAX,
  PATH_BYTES_MAX,
  PATH_DEPTH_MAX,
  PIECES_MAX,
} from "./limits.ts";
import type { MetainfoFile } from "./metainfo.ts";
import { marksPadding, pathElement } from "./path-element.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

type ParsedFile = Omit<MetainfoFile, "offsetBytes">;

/**
 * Reads the `files` list of an info dictionary. A file that is a symbolic link takes no bytes,
 * whatever length it claims (BEP 47).
 */
export function parseFiles(
  list: Bencoded,
  pieceLengthBytes: number,
): readonly MetainfoFile[] | MetainfoViolation {
  const parsed: ParsedFile[] = [];
  for (const item of itemsOf(list)) {
    if (parsed.length === FILES_MAX) return violation({ code: "too-many-files", max: FILES_MAX });
    const file = parseFile(item, parsed.length);
    if ("kind" in file) return file;
    parsed.push(file);
  }
  if (parsed.length === 0) return violation({ code: "no-files-in-torrent" });

  const paths = distinctPaths(parsed.map(({ path, padding }) => (padding ? null : path)));
  if ("kind" in paths) return paths;
  return placedFiles(
    parsed.map((file, index) => ({ ...file, path: paths[index] ?? file.path })),
    pieceLengthBytes,
  );
}

/** The one file of a torrent without a `files` list; its `length` stands in the info itself. */
export function parseSingleFile(
  info: Bencoded,
  name: string | null,
  pieceLengthBytes: number,
): readonly MetainfoFile[] | MetainfoViolation {
  const lengthBytes = fileLength(info);
  if (lengthBytes === null) return violation({ code: "torrent-invalid-length", file: null });
  if (name === null) return violation({ code: "torrent-missing-name" });
  return placedFiles([{ path: [name], lengthBytes, padding: false }], pieceLengthBytes);
}

/** Lays the files end to end; stops as soon as they need more pieces than a torrent may have. */
function placedFiles(
  files: readonly ParsedFile[],
  pieceLengthBytes: number,
): readonly MetainfoFile[] | MetainfoViolation {
  const sizeBytesMax = PIECES_MAX * pieceLengthBytes;
  const placed: MetainfoFile[] = [];
  let offsetBytes = 0;
  for (const file of files) {
    placed.push({ ...file, offsetBytes });
    offsetBytes += file.lengthBytes;
    if (offsetBytes > sizeBytesMax) {
      return violation({ code: "too-many-pieces-in-torrent", max: PIECES_MAX });
    }
  }
  return placed;
}

function parseFile(item: Bencoded, file: number): ParsedFile | MetainfoViolation {
  if (!isDictionary(item)) return violation({ code: "torrent-file-parse-failed", file });
  const lengthBytes = fileLength(item);
  if (lengthBytes === null) return violation({ code: "torrent-invalid-length", file });

  const padding = attributes(item).includes("p");
  const preferred = find(item, "path.utf-8");
  const list = isList(preferred) ? preferred : find(item, "path");
  const [first] = itemsOf(list);
  if (first === undefined) {
    // Padding needs no name, since nothing of it is stored; this is what others call it.
    if (padding) return { path: [".pad", `${lengthBytes}`], lengthBytes, padding };
    return violation({ code: "torrent-missing-name" });
  }
  const path = parsePath(list, file);
  if ("kind" in path) return path;
  return { path, lengthBytes, padding: padding || path.some(marksPadding) };
}

function parsePath(list: Bencoded | null, file: number): readonly string[] | MetainfoViolation {
  const path: string[] = [];
  let depth = 0;
  let pathBytes = 0;
  for (const item of itemsOf(list)) {
    const bytes = bytesOf(item);
    if (bytes === null) return violation({ code: "torrent-invalid-name", file });
    depth += 1;
    pathBytes += bytes.length + 1;
    // Judged before the name is read, so that no time goes into one of a million bytes.
    if (depth > PATH_DEPTH_MAX || pathBytes > PATH_BYTES_MAX) {
      return violation({ code: "path-too-long", file });
    }
    const element = pathElement(bytes);
    if (element !== null) path.push(element);
  }
  return path.length === 0 ? ["_"] : path;
}

function fileLength(file: Bencoded): number | null {
  if (attributes(file).includes("l")) return 0;
  const length = integerOf(find(file, "length"));
  return length !== null && length >= 0 && length <= FILE_LENGTH_BYTES_MAX ? length : null;
}

function attributes(file: Bencoded): string {
  return textOf(find(file, "attr")) ?? "";
}
