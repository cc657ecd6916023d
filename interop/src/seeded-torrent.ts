import { ok } from "node:assert/strict";
import { hash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  layoutTorrent,
  type Metainfo,
  makeMetainfo,
  parseMetainfo,
  pieceRoot,
  type TorrentLayout,
  type TorrentVersion,
} from "@seedfleet/metainfo";
import { type GivenFiles, givenTree } from "./given-content.ts";

export type SeededTorrent = {
  readonly metainfo: Metainfo;
  readonly torrentFile: string;
  /** Where the torrent's own directory lies: what a client calls its download directory. */
  readonly directory: string;
};

export type SeededOptions = {
  readonly version: TorrentVersion;
  readonly files: GivenFiles;
  readonly pieceLengthBytes: number;
  /** Makes the info dictionary longer by as much. */
  readonly source?: string;
  /** Its only tracker; without it there is none. */
  readonly announceUrl?: string;
  /** Its peers tell each other of nobody (BEP 27). */
  readonly private?: boolean;
};

/** Content in a directory of its own, and a torrent of it. */
export async function seededTorrent(
  directory: string,
  { version, files, pieceLengthBytes, source = "", ...options }: SeededOptions,
): Promise<SeededTorrent> {
  const { announceUrl, private: isPrivate = false } = options;
  const name = "content";
  const tree = await givenTree(join(directory, name), files);
  const drafts = Object.entries(files).map(([path, lengthBytes]) => {
    return { path: path.split("/"), lengthBytes };
  });
  const layout = layoutTorrent({ version, pieceLengthBytes, files: drafts });
  const content = await Promise.all(
    layout.files.map(({ path, lengthBytes, padding }) =>
      padding ? Buffer.alloc(lengthBytes) : readFile(join(tree, ...path)),
    ),
  );
  const bytes = makeMetainfo({
    ...{ version, name, single: false, pieceLengthBytes, source, files: layout.files },
    ...{ trackers: announceUrl === undefined ? [] : [[announceUrl]], private: isPrivate },
    pieceHashes: version === "v2" ? null : pieceHashes(Buffer.concat(content), pieceLengthBytes),
    pieceRoots: version === "v1" ? null : pieceRoots(layout, content, pieceLengthBytes),
  });
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo");
  const torrentFile = `${directory}.torrent`;
  await writeFile(torrentFile, bytes);
  return { metainfo, torrentFile, directory };
}

function pieceHashes(content: Buffer, pieceLengthBytes: number): Buffer {
  const pieces = piecesOf(content, pieceLengthBytes);
  return Buffer.concat(pieces.map((piece) => hash("sha1", piece, "buffer")));
}

function pieceRoots(
  { files }: Pick<TorrentLayout, "files">,
  content: readonly Buffer[],
  pieceLengthBytes: number,
): Buffer {
  const roots = files.flatMap(({ padding }, index) => {
    const bytes = content[index] ?? Buffer.alloc(0);
    const fileIsOnePiece = bytes.length <= pieceLengthBytes;
    if (padding) return [];
    return piecesOf(bytes, pieceLengthBytes).map((piece) =>
      pieceRoot(piece, pieceLengthBytes, { fileIsOnePiece }),
    );
  });
  return Buffer.concat(roots);
}

function piecesOf(content: Buffer, pieceLengthBytes: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(content.length / pieceLengthBytes) }, (_, piece) =>
    content.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes),
  );
}
