import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FileSpan, fileSpans } from "./file-spans.ts";
import type { MetainfoFile } from "./metainfo.ts";
import { givenFile } from "./testing.ts";

function givenFiles(lengths: readonly number[]): { files: MetainfoFile[]; sizeBytes: number } {
  let sizeBytes = 0;
  const files = lengths.map((lengthBytes, index): MetainfoFile => {
    const offsetBytes = sizeBytes;
    sizeBytes += lengthBytes;
    return givenFile({ path: [`${index}`], lengthBytes, offsetBytes });
  });
  return { files, sizeBytes };
}

/** Byte by byte: slow, and plainly right. */
function naiveSpans(lengths: readonly number[], begin: number, length: number): FileSpan[] {
  const owners = lengths.flatMap((lengthBytes, file) =>
    Array.from({ length: lengthBytes }, (_, offsetBytes) => ({ file, offsetBytes })),
  );
  const spans: { file: number; offsetBytes: number; lengthBytes: number }[] = [];
  for (const { file, offsetBytes } of owners.slice(begin, begin + length)) {
    const last = spans.at(-1);
    if (last?.file === file) last.lengthBytes += 1;
    else spans.push({ file, offsetBytes, lengthBytes: 1 });
  }
  return spans;
}

test("fileSpans() gives what walking every byte gives", () => {
  const anyLengths = fc.array(fc.oneof(fc.constant(0), fc.nat(9)), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(anyLengths, fc.nat(), fc.nat(), (lengths, first, second) => {
      const torrent = givenFiles(lengths);
      const begin = first % (torrent.sizeBytes + 1);
      const length = second % (torrent.sizeBytes - begin + 1);
      deepEqual(fileSpans(torrent, begin, length), naiveSpans(lengths, begin, length));
    }),
    { numRuns: 1_000 },
  );
});

test("fileSpans() given a range past the end is our own mistake", () => {
  throws(() => fileSpans(givenFiles([5]), 3, 3));
});

test("fileSpans() given 200,000 empty files between two", () => {
  const torrent = givenFiles([1, ...Array.from({ length: 200_000 }, () => 0), 1]);
  deepEqual(fileSpans(torrent, 0, 2), [
    { file: 0, offsetBytes: 0, lengthBytes: 1 },
    { file: 200_001, offsetBytes: 0, lengthBytes: 1 },
  ]);
});
