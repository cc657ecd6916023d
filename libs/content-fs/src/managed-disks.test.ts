import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { SeedfleetError } from "@seedfleet/runtime";
import { ownMountsTests, SmallDisk } from "@seedfleet/testkit";
import { listContent } from "./list-content.ts";
import { FsManagedContentStore } from "./managed-content-store.ts";
import {
  type GivenTorrent,
  givenTorrent,
  lookAt,
  printedUntilKilled,
  WRITE_ABSENT,
} from "./managed-testing.ts";
import { repairFile } from "./repair-file.ts";
import { GivenDirectory } from "./testing.ts";

ownMountsTests("content on disks of its own", import.meta.url, () => {
  testsOfSmallDisks();
  testsOfRepairs();
  testsOfPowerCuts();
});

function testsOfSmallDisks(): void {
  const torrent = givenTorrent({ a: 100_000, "sub/b": 3_900_000 }, 65_536);
  const pieces = Array.from({ length: torrent.shape.pieceCount }, (_, piece) => piece);

  test("a piece the disk is too full for is absent, and comes once there is room", async () => {
    using disk = new SmallDisk("size=1m");
    await using store = new FsManagedContentStore(disk.path);
    const content = await store.create(torrent.key, torrent.shape);
    const write = (piece: number): Promise<void> =>
      content.writePiece(piece, torrent.spansOf(piece));
    const results = await Promise.allSettled(pieces.map(write));
    const written = pieces.filter((piece) => results[piece]?.status === "fulfilled");
    ok(written.length > 0 && written.length < 16, `${written.length} pieces fit 1 MiB`);
    deepEqual(await lookAt(content, torrent), { there: written, wrong: [] });
    await rejects(write(60), isUnwritable("the disk is full; make room on it", "sub/b"));
    ok((await store.freeBytes()) < 65_536);
    // What takes no more room goes on.
    await content.markAbsent(written[0] ?? 0);
    await write(written[0] ?? 0);
    disk.remount("size=8m");
    await Promise.all(pieces.map(write));
    deepEqual(await lookAt(await reopened(disk, torrent), torrent), { there: pieces, wrong: [] });
  });

  test("create() on a disk without room for so many files leaves nothing there", async () => {
    using disk = new SmallDisk("size=1m,nr_inodes=30");
    await using store = new FsManagedContentStore(disk.path);
    const files = Array.from({ length: 40 }, (_, index) => ({ path: [`${index}`], sizeBytes: 1 }));
    const creating = store.create(torrent.key, { files, pieceCount: 1 });
    await rejects(creating, isUnwritable("the disk is full; make room on it", ""));
    deepEqual(readdirSync(disk.path), []);
  });

  test("a disk that became read-only is read from, and written to once it may be", async () => {
    using disk = new SmallDisk("size=8m");
    const readOnly = "its file system is read-only; mount it to be written";
    await using store = new FsManagedContentStore(disk.path);
    const content = await store.create(torrent.key, torrent.shape);
    await Promise.all([0, 1, 2].map((piece) => content.writePiece(piece, torrent.spansOf(piece))));
    disk.remount("ro");
    await rejects(content.writePiece(7, torrent.spansOf(7)), isUnwritable(readOnly, "sub/b"));
    deepEqual(await lookAt(content, torrent), { there: [0, 1, 2], wrong: [] });
    await rejects(content.markAbsent(2), isUnwritable(readOnly, "pieces"));
    equal(content.has(2), false);
    const again = await reopened(disk, torrent);
    deepEqual(await lookAt(again, torrent), { there: [0, 1, 2], wrong: [] });
    const creating = store.create("cd".repeat(20), torrent.shape);
    await rejects(creating, {
      detail: { code: "content-unwritable", reason: readOnly, path: disk.at("cd".repeat(20)) },
    });
    await rejects(store.remove(torrent.key), {
      detail: { code: "content-unwritable", reason: readOnly, path: disk.at(torrent.key) },
    });
    disk.remount("rw");
    const later = await store.create(torrent.key, torrent.shape);
    await later.writePiece(7, torrent.spansOf(7));
    deepEqual((await lookAt(await reopened(disk, torrent), torrent)).there, [0, 1, 2, 7]);
  });
}

function testsOfRepairs(): void {
  const hole = { offsetBytes: 0, bytes: Buffer.alloc(2_000_000, "x") };

  for (const { options, reason } of [
    { options: "size=1m", reason: "the disk is full; make room on it" },
    { options: "ro", reason: "its file system is read-only; mount it to be written" },
  ]) {
    test(`repairFile() on a disk that is ${options} leaves the file what was listed`, async () => {
      using disk = new SmallDisk("size=1m");
      writeFileSync(disk.at("file"), "");
      truncateSync(disk.at("file"), 3_000_000);
      const before = await listContent(disk.at("file"));
      const [listed] = before.files;
      ok(listed !== undefined);
      disk.remount(options);
      const repairing = repairFile({ path: disk.at("file"), listed }, [hole]);
      await rejects(repairing, isUnwritable(reason, "file"));
      deepEqual(await listContent(disk.at("file")), before);
    });
  }
}

function testsOfPowerCuts(): void {
  const sizes = { a: 500_000, "sub/b": 300, "sub/c": 8_000_000, "sub/deep/d": 2_000_000 };
  const pieceLengthBytes = 16_384;
  const torrent = givenTorrent(sizes, pieceLengthBytes);
  // Nothing that could be installed helps.
  const skip = existsSync("/dev/loop-control") ? false : "this kernel has no loop devices";

  test("a piece that was told to be there is there after a power cut", { skip }, async () => {
    using disk = new JournaledDisk();
    const work = { root: disk.at("root"), sizes, pieceLengthBytes, script: WRITE_ABSENT };
    let before: readonly number[] = [];
    for (let after = 1; before.length < torrent.shape.pieceCount; after += 90) {
      const cut = (): Promise<void> => disk.cutPower();
      const told = [...before, ...(await printedUntilKilled(work, { after, cut }))];
      disk.mountAgain();
      await using store = new FsManagedContentStore(disk.at("root"));
      const content = await store.open(torrent.key);
      ok(content !== null);
      const { there, wrong } = await lookAt(content, torrent);
      const lost = told.filter((piece) => !there.includes(piece));
      deepEqual({ wrong, lost, fault: content.recordFault }, { wrong: [], lost: [], fault: null });
      before = there;
    }
  });
}

async function reopened(disk: SmallDisk, torrent: GivenTorrent) {
  const content = await new FsManagedContentStore(disk.path).open(torrent.key);
  ok(content !== null);
  return content;
}

/** What ext4 takes for "lose all that is not on disk, at once". */
const EXT4_IOC_SHUTDOWN = 0x8004587dn;
const EXT4_GOING_FLAGS_NOLOGFLUSH = 2;

/** A disk with ext4 on it that can lose its power. */
class JournaledDisk implements Disposable {
  readonly #directory = new GivenDirectory({ image: "", "disk/file": "" });

  constructor() {
    truncateSync(this.#directory.at("image"), 64 * 1024 * 1024);
    execFileSync("mkfs.ext4", ["-q", this.#directory.at("image")]);
    this.#mount();
  }

  at(path: string): string {
    return this.#directory.at(`disk/${path}`);
  }

  async cutPower(): Promise<void> {
    // Imported late, for it warns that it is an experiment.
    const { dlopen } = await import("node:ffi");
    const flags = new Uint32Array([EXT4_GOING_FLAGS_NOLOGFLUSH]);
    const ioctl = { arguments: ["i32", "u64", "buffer"], return: "i32" } as const;
    using library = dlopen(null, { ioctl });
    const fd = openSync(this.at(""), "r");
    const failed = library.functions.ioctl(fd, EXT4_IOC_SHUTDOWN, flags);
    closeSync(fd);
    equal(failed, 0);
  }

  mountAgain(): void {
    execFileSync("umount", [this.at("")]);
    this.#mount();
  }

  #mount(): void {
    mount("-o", "loop", this.#directory.at("image"), this.at(""));
  }

  [Symbol.dispose](): void {
    execFileSync("umount", [this.at("")]);
    this.#directory[Symbol.dispose]();
  }
}

function mount(...options: readonly string[]): void {
  execFileSync("mount", options);
}

function isUnwritable(reason: string, path: string) {
  return (error: unknown): boolean => {
    const detail = error instanceof SeedfleetError ? error.detail : null;
    ok(detail !== null && "reason" in detail && "path" in detail);
    const { code } = detail;
    const expected = reason.includes("full") ? "content-full" : "content-unwritable";
    deepEqual({ code, reason: detail.reason }, { code: expected, reason });
    ok(String(detail.path).endsWith(path));
    return true;
  };
}
