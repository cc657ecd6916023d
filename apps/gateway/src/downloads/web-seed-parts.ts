import type { Metainfo, MetainfoFile } from "@seedfleet/metainfo";

type Files = Pick<Metainfo, "name" | "single" | "files">;

/** Bytes of one file. */
export type FilePart = {
  /** Null where they are zeros that are stored nowhere (BEP 47). */
  readonly file: MetainfoFile | null;
  /** From the file's beginning. */
  readonly fromByte: number;
  readonly lengthBytes: number;
};

/** The files in which a stretch of the torrent lies, in their order. */
export function partsOf(
  { files }: Pick<Files, "files">,
  fromByte: number,
  lengthBytes: number,
): readonly FilePart[] {
  const untilByte = fromByte + lengthBytes;
  const parts: FilePart[] = [];
  for (let at = firstIn(files, fromByte); at < files.length; at += 1) {
    const file = files[at];
    if (file === undefined || file.offsetBytes >= untilByte) break;
    const first = Math.max(fromByte, file.offsetBytes);
    const length = Math.min(untilByte, file.offsetBytes + file.lengthBytes) - first;
    if (length <= 0) continue;
    const part = { fromByte: first - file.offsetBytes, lengthBytes: length };
    parts.push({ file: file.padding ? null : file, ...part });
  }
  return parts;
}

/**
 * Where a web seed has a file (BEP 19): of a torrent of one file at the URL itself, unless that is
 * a directory. Null for what no HTTP server has.
 */
export function webSeedUrl(seed: string, { name, single }: Files, file: MetainfoFile): URL | null {
  const isDirectory = !single || seed.endsWith("/");
  const path = (single ? [name] : [name, ...file.path]).map(encodeURIComponent).join("/");
  const text = isDirectory ? `${seed.endsWith("/") ? seed : `${seed}/`}${path}` : seed;
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && isHttp(url) ? url : null;
}

export function isHttp({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}

/** The last file that begins at or before the byte, or one before it that is as good. */
function firstIn(files: readonly MetainfoFile[], byte: number): number {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const file = files[middle];
    if (file !== undefined && file.offsetBytes + file.lengthBytes <= byte) low = middle + 1;
    else high = middle;
  }
  return low;
}
