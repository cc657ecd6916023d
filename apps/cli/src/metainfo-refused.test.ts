import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import type { MetainfoViolation } from "@seedfleet/metainfo";
import { metainfoRefused } from "./metainfo-refused.ts";

type Detail = MetainfoViolation extends infer Each
  ? Each extends MetainfoViolation
    ? Omit<Each, "kind">
    : never
  : never;

const cases: readonly { readonly detail: Detail; readonly says: string }[] = [
  { detail: { code: "torrent-is-no-dict" }, says: "it is no dictionary" },
  { detail: { code: "torrent-missing-info" }, says: "it has no info dictionary" },
  { detail: { code: "metainfo-too-large", max: 7 }, says: "it has more than 7 bytes" },
  { detail: { code: "depth-exceeded", max: 100 }, says: "it nests deeper than 100" },
  {
    detail: { code: "invalid-bencoding", fault: "truncated", atByte: 12 },
    says: "byte 12 of it is no bencoding, truncated",
  },
  {
    detail: { code: "torrent-unknown-version", version: 3 },
    says: "it is of version 3, which nobody knows yet",
  },
  {
    detail: { code: "torrent-missing-piece-length", pieceLengthBytes: null },
    says: "it has no piece length",
  },
  {
    detail: { code: "torrent-missing-piece-length", pieceLengthBytes: -5 },
    says: "pieces cannot have -5 bytes",
  },
  {
    detail: { code: "torrent-invalid-length", file: null },
    says: "it has no length that a torrent may have",
  },
  {
    detail: { code: "torrent-invalid-length", file: 0 },
    says: "its file 1 has no length that a file may have",
  },
  { detail: { code: "path-too-long", file: 4 }, says: "its file 5 has too long a path" },
  {
    detail: { code: "torrent-invalid-piece-layer", file: null },
    says: "it has a piece layer of no file of it",
  },
  {
    detail: { code: "torrent-invalid-hashes", hashBytes: 19, hashBytesExpected: 40 },
    says: "it has 19 bytes of piece hashes, where 40 were right",
  },
  { detail: { code: "magnet-missing-info-hash" }, says: "it has no info hash" },
];

for (const { detail, says } of cases) {
  test(`metainfoRefused() given ${JSON.stringify(detail)} says it in words`, () => {
    const error = metainfoRefused("a.torrent", { kind: "violation", ...detail });
    equal(error.message, `Cannot take a.torrent: ${says} (${detail.code})`);
    deepEqual(error.detail, detail);
    match(error.message, /^[^\n]+$/);
  });
}
