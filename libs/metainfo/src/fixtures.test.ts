import { deepEqual, equal, ok } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseMetainfo } from "./parse-metainfo.ts";

const DIRECTORY: string = join(import.meta.dirname, "../../../../shared/fixtures/torrents");
const SKIP: string | false = existsSync(DIRECTORY) ? false : `there is no ${DIRECTORY}`;

/**
 * Hybrids whose v2 side contradicts their v1 side. Only a parser of both can tell, so until there
 * is one they are taken for what their v1 side says.
 */
const CONTRADICTORY_HYBRIDS = ["v2_bad_file_alignment.torrent", "v2_invalid_file.torrent"];

type Expected = {
  readonly accept: boolean;
  readonly error?: string;
  readonly infoHash?: string;
  readonly name?: string;
  readonly pieceLength?: number;
  readonly pieces?: number;
  readonly totalSize?: number;
  readonly private?: boolean;
};

function readExpected(): readonly (readonly [string, Expected])[] {
  if (SKIP !== false) return [];
  const text = readFileSync(join(DIRECTORY, "expected.json"), "utf8");
  const rows: Readonly<Record<string, Expected>> = JSON.parse(text);
  return Object.entries(rows);
}

function outcome(name: string): ReturnType<typeof parseMetainfo> {
  return parseMetainfo(readFileSync(join(DIRECTORY, name)));
}

const rows = readExpected();

test("the fixtures of libtorrent are there", { skip: SKIP }, () => equal(rows.length, 70));

for (const [name, expected] of rows) {
  if (expected.infoHash !== undefined) {
    test(`parseMetainfo() given ${name}`, () => {
      const metainfo = outcome(name);
      ok(metainfo.kind === "metainfo", JSON.stringify(metainfo));
      deepEqual(
        {
          name: metainfo.name,
          pieceLength: metainfo.pieceLengthBytes,
          pieces: metainfo.pieceCount,
          totalSize: metainfo.sizeBytes,
          private: metainfo.private,
          infoHash: metainfo.infoHash,
        },
        {
          name: expected.name,
          pieceLength: expected.pieceLength,
          pieces: expected.pieces,
          totalSize: expected.totalSize,
          private: expected.private,
          infoHash: expected.infoHash,
        },
      );
    });
  } else if (expected.accept) {
    test(`parseMetainfo() given ${name}, which is v2 alone`, () => {
      deepEqual(outcome(name), {
        kind: "violation",
        code: "metainfo-version-unsupported",
        version: 2,
      });
    });
  } else if (!CONTRADICTORY_HYBRIDS.includes(name)) {
    test(`parseMetainfo() given ${name}, which is refused`, () => {
      const violation = outcome(name);
      ok(violation.kind === "violation");
      const unsupported = violation.code === "metainfo-version-unsupported";
      if (name.startsWith("v2_") && unsupported) return;
      equal(violation.code, expected.error?.replaceAll("_", "-"));
    });
  }
}
