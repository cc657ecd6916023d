import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { givenTree } from "./given-content.ts";

const PIECE_LENGTH_BYTES = 65_536;

/** A file, and a torrent of it. */
export type GivenTorrent = {
  readonly infoHash: string;
  /** Where the file lies, as `content.bin`. */
  readonly directory: string;
  readonly file: string;
  readonly sizeBytes: number;
};

/**
 * Writes a file into an empty directory of its own, the same bytes for the same directory's name.
 */
export async function givenContent(directory: string, sizeBytes: number): Promise<string> {
  const name = directory.split("/").at(-1) ?? "";
  const made = await givenTree(dirname(directory), { [`${name}/content.bin`]: sizeBytes });
  return join(made, name);
}

/**
 * A v1 torrent of the file of `givenContent` with one tracker. It is private (BEP 27), so a client
 * looks for peers with that tracker alone, whatever else it knows.
 */
export async function givenTorrent(
  directory: string,
  announceUrl: string,
  name: string = "given",
): Promise<GivenTorrent> {
  const content = await readFile(join(directory, "content.bin"));
  const hashes: Buffer[] = [];
  for (let at = 0; at < content.length; at += PIECE_LENGTH_BYTES) {
    const piece = content.subarray(at, at + PIECE_LENGTH_BYTES);
    hashes.push(createHash("sha1").update(piece).digest());
  }
  const pieces = Buffer.concat(hashes);
  const info = Buffer.concat([
    Buffer.from(`d6:lengthi${content.length}e4:name11:content.bin`),
    Buffer.from(`12:piece lengthi${PIECE_LENGTH_BYTES}e6:pieces${pieces.length}:`),
    pieces,
    Buffer.from("7:privatei1ee"),
  ]);
  const announce = Buffer.from(`d8:announce${announceUrl.length}:${announceUrl}4:info`);
  const file = `${directory}.${name}.torrent`;
  await writeFile(file, Buffer.concat([announce, info, Buffer.from("e")]));
  const infoHash = createHash("sha1").update(info).digest("hex");
  return { infoHash, directory, file, sizeBytes: content.length };
}
