import { equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { FsContentSource, type ListedRun } from "@seedfleet/content-fs";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { systemClock } from "@seedfleet/runtime";
import { ReadPace } from "./read-pace.ts";
import { UnitReader } from "./unit-reader.ts";

const BUFFER_BYTES = 256 * 1024;

/** Each file whole but the first, of which the first three bytes are left out. */
async function runsOf(directory: GivenDirectory): Promise<ListedRun[]> {
  await using source = new FsContentSource({ clock: systemClock });
  const { listing, localPath } = source.open(await source.list(directory.path));
  return listing.files.map(({ sizeBytes, modified, identity }, index) => {
    const offsetBytes = index === 0 ? 3 : 0;
    return {
      path: localPath?.(index) ?? "",
      listed: { sizeBytes, modified, identity },
      offsetBytes,
      lengthBytes: sizeBytes - offsetBytes,
    };
  });
}

for (const isAhead of [false, true]) {
  const given = isAhead ? "reading ahead" : "one read after the other";
  const reader = (): UnitReader => {
    const pace = new ReadPace();
    if (isAhead) pace.read(9, 1);
    pace.endUnit();
    equal(pace.isAhead, isAhead);
    return new UnitReader(BUFFER_BYTES, pace);
  };

  test(`UnitReader gives the bytes of all runs in order, ${given}`, async () => {
    const sizes = [200_000, 5, 1_000_000, 16_384, ...Array.from({ length: 40 }, () => 3_000)];
    const files = sizes.map((size) => randomBytes(size));
    using directory = new GivenDirectory(
      Object.fromEntries(files.map((bytes, index) => [`${1_000 + index}`, bytes])),
    );
    const runs = await runsOf(directory);
    const taken: Buffer[] = [];
    const read = reader();
    for (const _unit of [1, 2]) {
      taken.length = 0;
      await read.read(
        runs,
        (bytes) => taken.push(Buffer.from(bytes)),
        () => false,
      );
      ok(Buffer.concat(taken).equals(Buffer.concat(files).subarray(3)));
    }
  });

  test(`UnitReader stops when it is cancelled, ${given}`, async () => {
    using directory = new GivenDirectory({ large: randomBytes(8 * BUFFER_BYTES) });
    const runs = await runsOf(directory);
    let takes = 0;
    const take = (): void => {
      takes += 1;
    };
    await reader().read(runs, take, () => takes === 2);
    equal(takes, 2);
  });

  test(`UnitReader given a file that changed rejects, ${given}`, async () => {
    using directory = new GivenDirectory({ a: randomBytes(100), b: "listed", c: "x" });
    const runs = await runsOf(directory);
    directory.write("b", "changed");
    const path = directory.at("b");
    await rejects(
      reader().read(
        runs,
        () => {},
        () => false,
      ),
      {
        detail: { code: "content-changed", path },
      },
    );
  });
}
