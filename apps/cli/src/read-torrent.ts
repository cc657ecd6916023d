import { createReadStream } from "node:fs";
import { METAINFO_BYTES_MAX, type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { errorCode, errorMessage, SeedfleetError } from "@seedfleet/runtime";
import { metainfoRefused } from "./metainfo-refused.ts";

/** What a command is given a torrent by, where that is not a file. */
export const STANDARD_INPUT = "-";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "it may not be read by this user",
};

/**
 * The bytes of a file or of standard input, and never more than one above what a `.torrent` may
 * have: then there are more, whatever they are.
 */
export async function readTorrent(path: string): Promise<Uint8Array> {
  const stream: AsyncIterable<Buffer> =
    path === STANDARD_INPUT ? process.stdin : createReadStream(path);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > METAINFO_BYTES_MAX) break;
    }
  } catch (error) {
    const reason = REASONS[errorCode(error) ?? ""] ?? errorMessage(error);
    const message = `Cannot read ${nameOf(path)}: ${reason}`;
    throw new SeedfleetError(message, { code: "torrent-unreadable" }, error);
  }
  return Buffer.concat(chunks).subarray(0, METAINFO_BYTES_MAX + 1);
}

/** A `.torrent` that was judged, and its bytes as they were. Throws the violation of any other. */
export type ReadTorrent = { readonly bytes: Uint8Array; readonly metainfo: Metainfo };

export async function readMetainfo(path: string): Promise<ReadTorrent> {
  const bytes = await readTorrent(path);
  const metainfo = parseMetainfo(bytes);
  if (metainfo.kind === "violation") throw metainfoRefused(nameOf(path), metainfo);
  return { bytes, metainfo };
}

/** What the input is called in a message. */
export function nameOf(path: string): string {
  return path === STANDARD_INPUT ? "standard input" : path;
}
