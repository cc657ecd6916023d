import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { MetainfoFile } from "@seedfleet/metainfo";
import fc from "fast-check";
import { partsOf, webSeedUrl } from "./web-seed-parts.ts";

const PLAIN = { executable: false, hidden: false, symlink: null, piecesRoot: null };

function given(lengths: readonly number[]): readonly MetainfoFile[] {
  let offsetBytes = 0;
  return lengths.map((lengthBytes, at) => {
    const file = { ...PLAIN, path: [`${at}`], lengthBytes, offsetBytes, padding: at % 3 === 2 };
    offsetBytes += lengthBytes;
    return file;
  });
}

test("partsOf() gives every byte once, in order, whatever the files", () => {
  const anyLengths = fc.array(fc.nat(20), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(anyLengths, fc.nat(400), fc.nat(50), (lengths, from, length) => {
      const files = given(lengths);
      const size = lengths.reduce((sum, each) => sum + each, 0);
      const bytes = partsOf({ files }, from, length).flatMap(({ file, fromByte, lengthBytes }) =>
        Array.from({ length: lengthBytes }, (_, at) => {
          return file === null ? null : file.offsetBytes + fromByte + at;
        }),
      );
      const wanted = Array.from({ length: Math.max(0, Math.min(length, size - from)) }, (_, at) => {
        const file = files.find(({ offsetBytes, lengthBytes }) => {
          return offsetBytes <= from + at && from + at < offsetBytes + lengthBytes;
        });
        return file?.padding === true ? null : from + at;
      });
      deepEqual(bytes, wanted);
    }),
  );
});

const [FILE] = given([1]) as [MetainfoFile];

const single = { name: "a b.bin", single: true, files: [] };
const many = { name: "dir ü", single: false, files: [] };
const nested = { ...FILE, path: ["sub", "c#d?.txt"] };

const cases = [
  [single, FILE, "http://a.example/x.bin", "http://a.example/x.bin"],
  [single, FILE, "http://a.example/d/", "http://a.example/d/a%20b.bin"],
  [many, nested, "https://a.example/d/", "https://a.example/d/dir%20%C3%BC/sub/c%23d%3F.txt"],
  [many, nested, "https://a.example/d", "https://a.example/d/dir%20%C3%BC/sub/c%23d%3F.txt"],
  [single, FILE, "ftp://a.example/x.bin", undefined],
  [single, FILE, "nonsense", undefined],
] as const;

for (const [files, file, seed, url] of cases) {
  test(`webSeedUrl() of ${files.single ? "one file" : "many files"} at ${seed}`, () => {
    equal(webSeedUrl(seed, files, file)?.href, url);
  });
}
