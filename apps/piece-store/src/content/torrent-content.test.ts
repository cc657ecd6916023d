import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { ContentListing } from "@seedfleet/content";
import { FsContentSource } from "@seedfleet/content-fs";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { type DraftFile, layoutTorrent, type TorrentVersion } from "@seedfleet/metainfo";
import { errorCode, systemClock } from "@seedfleet/runtime";
import { turn } from "@seedfleet/testkit";
import fc from "fast-check";
import { RUNS_AT_ONCE_MAX, torrentBytes } from "./torrent-content.ts";
import { layOut, storedFiles, type TorrentLayout } from "./torrent-layout.ts";

const PIECE_BYTES = 16_384;

type Shape = {
  readonly version: TorrentVersion;
  readonly single: boolean;
  readonly files: readonly DraftFile[];
};

const anyFile: fc.Arbitrary<Omit<DraftFile, "path">> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ lengthBytes: fc.integer({ min: 1, max: 40_000 }) }) },
  { weight: 1, arbitrary: fc.constant({ lengthBytes: PIECE_BYTES }) },
  { weight: 2, arbitrary: fc.constant({ lengthBytes: 0 }) },
  { weight: 2, arbitrary: fc.constant({ lengthBytes: 0, symlink: ["0"] }) },
  {
    weight: 3,
    arbitrary: fc.record({
      lengthBytes: fc.integer({ min: 1, max: 20_000 }),
      padding: fc.constant(true),
    }),
  },
);

const anyShape: fc.Arbitrary<Shape> = fc
  .record({
    version: fc.constantFrom<TorrentVersion>("v1", "v2", "hybrid"),
    single: fc.boolean(),
    // There is always one with bytes.
    first: fc.integer({ min: 1, max: 40_000 }),
    others: fc.array(anyFile, { maxLength: 12 }),
    depth: fc.constantFrom("", "d/", "d/e/"),
  })
  .map(({ version, single, first, others, depth }): Shape => {
    if (single) return { version, single, files: [{ path: ["0"], lengthBytes: first }] };
    const files = others.map((file, index): DraftFile => {
      const path = file.padding ? `.pad/${index}` : `${depth}${index + 1}`;
      return { ...file, path: path.split("/") };
    });
    return { version, single, files: [{ path: ["0"], lengthBytes: first }, ...files] };
  });

test("torrentBytes() gives any range of any torrent as it lies on a disk", async () => {
  await using source = new FsContentSource({ clock: systemClock });
  const ranges = fc.array(fc.tuple(fc.nat(1_000), fc.nat(1_000)), { minLength: 4, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(anyShape, ranges, async ({ version, single, files }, cuts) => {
      const torrent = {
        ...layoutTorrent({ version, pieceLengthBytes: PIECE_BYTES, files }),
        single,
      };
      using directory = new GivenDirectory({ other: "not of it" });
      const parts = torrent.files.map(({ path, lengthBytes, padding, symlink }) => {
        const bytes = padding ? Buffer.alloc(lengthBytes) : randomBytes(lengthBytes);
        if (!padding && symlink === null) directory.write(path.join("/"), bytes);
        return bytes;
      });
      const whole = Buffer.concat(parts);
      equal(whole.length, torrent.sizeBytes);

      const named = storedFiles(torrent);
      const location = single ? directory.at("0") : directory.path;
      const listing = await source.list(location, named === undefined ? {} : { files: named });
      const bytes = torrentBytes(source.open(listing), layOut(torrent, listing));
      for (const [from, share] of [[0, 1_000] as const, ...cuts]) {
        const begin = Math.floor((from * whole.length) / 1_001);
        const length = Math.ceil(((whole.length - begin) * share) / 1_000);
        const into = Buffer.alloc(length, "?");
        await bytes.read(begin, into);
        ok(into.equals(whole.subarray(begin, begin + length)), `${length} bytes at ${begin}`);
        const cut = Math.floor(length / 3);
        const places = [Buffer.alloc(cut, "?"), Buffer.alloc(length - cut, "?")];
        await bytes.readPlaces?.(begin, places);
        ok(Buffer.concat(places).equals(into), `${length} bytes at ${begin} in two places`);
      }
    }),
    { numRuns: 60 },
  );
});

/** Files of one byte with padding of one byte between them. */
function dotted(count: number): TorrentLayout {
  const files = Array.from({ length: 2 * count }, (_, at) => {
    const padding = at % 2 === 1;
    const place = { path: [String(at)], lengthBytes: 1, offsetBytes: at };
    return { ...place, padding, contentFile: padding ? null : at / 2 };
  });
  return { files, sizeBytes: 2 * count };
}

test("torrentBytes() reads no more stretches at once than it may", async () => {
  let atOnce = 0;
  let atOnceMost = 0;
  const content = {
    async read(_ranges: unknown, into: Uint8Array): Promise<void> {
      atOnce += 1;
      atOnceMost = Math.max(atOnceMost, atOnce);
      await turn();
      into.fill(1);
      atOnce -= 1;
    },
  };
  const into = Buffer.alloc(200, 7);
  await torrentBytes(content, dotted(100)).read(0, into);
  deepEqual(into, Buffer.from("0100".repeat(100), "hex"));
  equal(atOnceMost, RUNS_AT_ONCE_MAX);
});

test("torrentBytes() writes nothing once it has rejected", async () => {
  const late = Promise.withResolvers<void>();
  let calls = 0;
  const content = {
    async read(_ranges: unknown, into: Uint8Array): Promise<void> {
      calls += 1;
      if (calls === 2) throw new Error("no disk");
      await late.promise;
      into.fill(1);
    },
  };
  const into = Buffer.alloc(200, 7);
  let settled = false;
  const reading = torrentBytes(content, dotted(100))
    .read(0, into)
    .finally(() => {
      settled = true;
    });
  const rejected = rejects(reading, { message: "no disk" });
  await turn();
  equal(settled, false);
  late.resolve();
  await rejected;
  // Nor is any other stretch begun.
  equal(calls, RUNS_AT_ONCE_MAX);
});

const listing: ContentListing = {
  ...{ path: "/d", name: "d", single: false, sizeBytes: 3, skipped: [] },
  files: [{ path: ["a"], sizeBytes: 3, modified: "1", identity: "1" }],
};

for (const { given: situation, files, single } of [
  { given: "a file that is not there", files: [["b", 3]], single: false },
  { given: "a file of another size", files: [["a", 4]], single: false },
  { given: "a single file", files: [["a", 3]], single: true },
] as const) {
  test(`layOut() refuses ${situation}`, async () => {
    const drafts = files.map(([path, lengthBytes]) => ({ path: [path], lengthBytes }));
    const shape = { version: "v1", pieceLengthBytes: PIECE_BYTES, files: drafts } as const;
    const torrent = { ...layoutTorrent(shape), single };
    await rejects(
      async () => layOut(torrent, listing),
      (error) => errorCode(error) === "content-mismatch",
    );
  });
}
