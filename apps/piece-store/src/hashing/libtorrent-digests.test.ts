import { deepEqual } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { basename, join } from "node:path";
import { FsContentSource } from "@seedfleet/content-fs";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { systemClock } from "@seedfleet/runtime";
import { realPartTest } from "@seedfleet/testkit";
import type { HashLayoutFile } from "./hash-plan.ts";
import { HashPool } from "./hash-pool.ts";
import { AWKWARD_SIZES, hexOf } from "./testing.ts";

const SCRIPT = join(import.meta.dirname, "libtorrent-digests.py");

type Told = {
  readonly files: readonly (Omit<HashLayoutFile, "contentFile"> & { readonly path: string })[];
  readonly pieceHashes: string | null;
  readonly pieceRoots: string | null;
};

for (const version of ["v1", "v2", "hybrid"] as const) {
  for (const pieceLengthBytes of [16_384, 65_536, 1_048_576]) {
    const title = `hash() gives the ${version} digests of libtorrent, ${pieceLengthBytes} a piece`;
    realPartTest(["python3-libtorrent"], title, async (_, paths) => {
      const sizes = [...AWKWARD_SIZES, 2 * 1_048_576, 3 * 1_048_576 + 1, 9_999_999];
      const named = sizes.map((size, index) => [`d${index % 3}/${index}`, randomBytes(size)]);
      using directory = new GivenDirectory(Object.fromEntries(named));
      const args = [SCRIPT, directory.path, version, `${pieceLengthBytes}`];
      const python = paths["python3-libtorrent"];
      const told: Told = JSON.parse(execFileSync(python, args, { encoding: "utf8" }));

      await using source = new FsContentSource({ clock: systemClock });
      await using pool = new HashPool({ threads: 2 });
      const listing = await source.list(directory.path);
      const name = basename(directory.path);
      const indexes = new Map(listing.files.map(({ path }, at) => [[name, ...path].join("/"), at]));
      const files = told.files.map((file) => {
        return { ...file, contentFile: file.padding ? null : (indexes.get(file.path) ?? null) };
      });
      const sizeBytes = files.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
      const digests = await pool.hash({
        content: source.open(listing),
        layout: { files, sizeBytes },
        version,
        pieceLengthBytes,
        signal: new AbortController().signal,
        hashed: () => {},
        resume: null,
      });
      const { pieceHashes, pieceRoots } = told;
      deepEqual(hexOf(digests), { pieceHashes, pieceRoots });
    });
  }
}
