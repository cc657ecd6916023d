import { deepEqual, equal, ok } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { truncatedInfoHash } from "@seedfleet/bytes";
import { parseMetainfo } from "./parse-metainfo.ts";

const DIRECTORY: string = join(import.meta.dirname, "../../../../shared/fixtures/torrents");
const SKIP: string | false = existsSync(DIRECTORY) ? false : `there is no ${DIRECTORY}`;

type Expected = {
  readonly accept: boolean;
  readonly error?: string;
  readonly infoHash?: string;
  readonly infoHashV2?: string;
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
  if (expected.accept) {
    test(`parseMetainfo() given ${name}`, () => {
      const metainfo = outcome(name);
      ok(metainfo.kind === "metainfo", JSON.stringify(metainfo));
      const { infoHash, infoHashV2 } = metainfo;
      const isV2Alone = infoHashV2 !== null && infoHash === truncatedInfoHash(infoHashV2);
      deepEqual(
        {
          accept: true,
          name: metainfo.name,
          pieceLength: metainfo.pieceLengthBytes,
          pieces: metainfo.pieceCount,
          totalSize: metainfo.sizeBytes,
          private: metainfo.private,
          ...(isV2Alone ? {} : { infoHash }),
          ...(infoHashV2 === null ? {} : { infoHashV2 }),
        },
        withoutOldRelease(expected),
      );
      equal(metainfo.version, version(expected));
    });
  } else {
    test(`parseMetainfo() given ${name}, which is refused`, () => {
      const violation = outcome(name);
      ok(violation.kind === "violation");
      equal(violation.code, expected.error?.replaceAll("_", "-"));
    });
  }
}

/** What an older release made of the file is of no concern here. */
function withoutOldRelease(expected: Expected): Expected {
  const rest: Expected & { readonly libtorrent208?: string } = expected;
  const { libtorrent208: _, ...now } = rest;
  return now;
}

function version({ infoHash, infoHashV2 }: Expected): string {
  if (infoHashV2 === undefined) return "v1";
  return infoHash === undefined ? "v2" : "hybrid";
}
