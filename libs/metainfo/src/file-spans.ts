import assert from "node:assert/strict";
import type { MetainfoFile } from "./metainfo.ts";

/** What of a file's place is asked here. */
type Placed = Pick<MetainfoFile, "offsetBytes" | "lengthBytes">;

/** A run of bytes within one file. */
export type FileSpan = {
  readonly file: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
};

/**
 * Which bytes of which files a range of the torrent covers, in order. Files without bytes are in no
 * span; padding is. The range must lie in the torrent: it is for the caller to have judged it.
 * Each span is found by a binary search, so not even a million empty files in a row are walked.
 */
export function fileSpans(
  { files, sizeBytes }: { readonly files: readonly Placed[]; readonly sizeBytes: number },
  begin: number,
  length: number,
): FileSpan[] {
  assert(Number.isSafeInteger(begin) && begin >= 0);
  assert(Number.isSafeInteger(length) && length >= 0);
  const end = begin + length;
  assert(end <= sizeBytes);

  const spans: FileSpan[] = [];
  for (let at = begin; at < end; ) {
    const file = fileAt(files, at);
    const found = files[file];
    assert(found !== undefined);
    const offsetBytes = at - found.offsetBytes;
    const lengthBytes = Math.min(found.lengthBytes - offsetBytes, end - at);
    spans.push({ file, offsetBytes, lengthBytes });
    at += lengthBytes;
  }
  return spans;
}

/** The first file that ends after the byte; as none before it does, the byte is its own. */
export function fileAt(files: readonly Placed[], at: number): number {
  let low = 0;
  let high = files.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const file = files[middle];
    assert(file !== undefined);
    if (file.offsetBytes + file.lengthBytes > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
