import { type Bencoded, bytesOf, find, isList } from "@seedfleet/bencode";
import type { InfoHash } from "@seedfleet/bytes";
import { distinctPaths } from "./distinct-paths.ts";
import { hybridFiles } from "./hybrid-files.ts";
import type { Metainfo, MetainfoFile, TorrentVersion } from "./metainfo.ts";
import { parseFileTree } from "./parse-file-tree.ts";
import { parseFiles, parseSingleFile } from "./parse-files.ts";
import { pathElement } from "./path-element.ts";
import { piecesViolation, placeFiles, sizeOf } from "./place-files.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

type Content = Pick<Metainfo, "name" | "single" | "files">;

/** What is known of a torrent before its files are read. */
type Context = {
  readonly version: TorrentVersion;
  readonly infoHash: InfoHash;
  readonly pieceLengthBytes: number;
  /** The same bytes in the metainfo's own info dictionary. */
  readonly own: (view: Uint8Array) => Uint8Array;
};

/** Reads the name and the files of an info dictionary, as its version has them. */
export function parseContent(info: Bencoded, context: Context): Content | MetainfoViolation {
  const { version, infoHash } = context;
  const nameBytes = bytesOf(find(info, "name.utf-8")) ?? bytesOf(find(info, "name"));
  if (nameBytes === null) return violation({ code: "torrent-missing-name" });
  // A directory left without a name takes the info hash for one; a file is refused.
  const named = (content: Omit<Content, "name">): Content => ({
    name: pathElement(nameBytes) ?? infoHash,
    ...content,
  });
  if (version === "v1") {
    const content = parseList(info, nameBytes, context);
    return "kind" in content ? content : withDistinctPaths(named(content));
  }

  const tree = parseTree(info, context);
  if ("kind" in tree) return tree;
  const { single, files } = tree;
  if (version === "v2") {
    // What the file is called is its name in the tree; `name` is but advice there (BEP 52).
    const [first] = files;
    const content = named({ single, files });
    const whole = single && first?.path[0] ? { ...content, name: first.path[0] } : content;
    return tree.unchanged ? whole : withDistinctPaths(whole);
  }
  const list = parseList(info, nameBytes, context);
  if ("kind" in list) return list;
  const both = hybridFiles(list.files, files);
  if ("kind" in both) return both;
  return withDistinctPaths(named({ single: list.single, files: both }));
}

/** The v1 side. */
function parseList(
  info: Bencoded,
  nameBytes: Uint8Array,
  { pieceLengthBytes }: Context,
): Omit<Content, "name"> | MetainfoViolation {
  const list = find(info, "files");
  const single = !isList(list);
  const files = single
    ? parseSingleFile(info, nameBytes.length === 0 ? null : pathElement(nameBytes))
    : parseFiles(list);
  if ("kind" in files) return files;
  const placed = placeFiles(files, { pieceLengthBytes, padded: false });
  return tooLarge(placed, pieceLengthBytes) ?? { single, files: placed };
}

/** The v2 side, with the padding that is not written there. */
function parseTree(
  info: Bencoded,
  { pieceLengthBytes, own }: Context,
): (Omit<Content, "name"> & { readonly unchanged: boolean }) | MetainfoViolation {
  const dictionary = find(info, "file tree");
  if (dictionary === null) return violation({ code: "torrent-missing-file-tree" });
  const tree = parseFileTree(dictionary, own);
  if ("kind" in tree) return tree;
  const placed = placeFiles(tree.files, { pieceLengthBytes, padded: true });
  return tooLarge(placed, pieceLengthBytes) ?? { ...tree, files: placed };
}

/** Sums beyond this are not exact, so nothing else is made of them. */
function tooLarge(
  files: readonly MetainfoFile[],
  pieceLengthBytes: number,
): MetainfoViolation | null {
  const refused = piecesViolation(sizeOf(files), pieceLengthBytes);
  return refused?.code === "too-many-pieces-in-torrent" ? refused : null;
}

function withDistinctPaths(content: Content): Content | MetainfoViolation {
  const { files } = content;
  const paths = distinctPaths(files.map(({ path, padding }) => (padding ? null : path)));
  if ("kind" in paths) return paths;
  const renamed = files.map((file, index) => {
    const path = paths[index] ?? file.path;
    return path === file.path ? file : { ...file, path };
  });
  return { ...content, files: renamed };
}
