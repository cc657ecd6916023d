import { deepEqual, equal, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { FsManagedContentStore } from "./managed-content-store.ts";
import { blockOf, PieceRecord, RECORD_BLOCK_BYTES } from "./managed-record.ts";
import { givenTorrent, lookAt } from "./managed-testing.ts";
import { GivenDirectory } from "./testing.ts";

/** Three blocks of pieces and a few, of which every third is there. */
const OWNER = { pieceCount: 3 * 4_064 + 9, digest: Buffer.alloc(32, 7) };
const EVERY_THIRD = range(0, OWNER.pieceCount, 3);

function range(from: number, to: number, step = 1): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
}

function givenRecord(owner = OWNER): Buffer {
  const record = new PieceRecord(owner);
  for (const piece of range(0, owner.pieceCount, 3)) record.add(piece);
  return Buffer.from(record.toBytes());
}

function piecesOf(record: PieceRecord): number[] {
  return range(0, record.pieceCount).filter((piece) => record.has(piece));
}

const without = (...blocks: readonly number[]): number[] =>
  EVERY_THIRD.filter((piece) => !blocks.includes(blockOf(piece)));

const cases: readonly {
  readonly given: string;
  readonly damage: (file: Buffer) => Uint8Array;
  readonly there: readonly number[];
  readonly fault: string | null;
}[] = [
  { given: "what was written", damage: (file) => file, there: EVERY_THIRD, fault: null },
  { given: "nothing", damage: () => Buffer.alloc(0), there: [], fault: "its head is damaged" },
  {
    given: "zeros",
    damage: (file) => file.fill(0),
    there: [],
    fault: "its head is damaged",
  },
  {
    given: "a head and zeros, as after a power cut",
    damage: (file) => file.fill(0, RECORD_BLOCK_BYTES),
    there: [],
    fault: "4 of its 4 parts are damaged",
  },
  {
    given: "ones",
    damage: (file) => file.fill(0xff, RECORD_BLOCK_BYTES),
    there: [],
    fault: "4 of its 4 parts are damaged",
  },
  {
    given: "a block in another's place",
    damage: (file) => Buffer.from(file.copyWithin(2 * 512, 3 * 512, 4 * 512)),
    there: without(2),
    fault: "1 of its 4 parts are damaged",
  },
  {
    given: "a torn end",
    damage: (file) => file.subarray(0, 3 * 512 + 100),
    there: without(3, 4),
    fault: "2 of its 4 parts are damaged",
  },
  {
    given: "more than was written",
    damage: (file) => Buffer.concat([file, file]),
    there: EVERY_THIRD,
    fault: "something was written behind its end",
  },
  {
    given: "another torrent's",
    damage: () => new PieceRecord({ ...OWNER, digest: Buffer.alloc(32, 8) }).toBytes(),
    there: [],
    fault: "it is of other files",
  },
  {
    given: "another number of pieces",
    damage: () => new PieceRecord({ ...OWNER, pieceCount: 7 }).toBytes(),
    there: [],
    fault: "it is of 7 pieces, not 12201",
  },
];

for (const { given, damage, there, fault } of cases) {
  test(`PieceRecord.read() given ${given}`, () => {
    const read = PieceRecord.read(damage(givenRecord()), OWNER);
    deepEqual(piecesOf(read.record), there);
    deepEqual([read.fault, read.record.count], [fault, there.length]);
  });
}

test("PieceRecord.read() given any one bit flipped claims nothing", () => {
  const owner = { ...OWNER, pieceCount: 40 };
  const sound = givenRecord(owner);
  for (let bit = 0; bit < sound.length * 8; bit += 1) {
    const file = Buffer.from(sound);
    file[bit >>> 3] = (file[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    const { record, fault } = PieceRecord.read(file, owner);
    deepEqual([fault !== null, piecesOf(record)], [true, []], `bit ${bit}`);
  }
});

test("PieceRecord.read() given any bytes claims nothing", () => {
  for (let time = 0; time < 200; time += 1) {
    const { record, fault } = PieceRecord.read(randomBytes(2_560), OWNER);
    deepEqual([record.count, fault], [0, "its head is damaged"]);
  }
});

const TORRENT = givenTorrent({ a: 50_000 }, 10);

const damages: readonly {
  readonly given: string;
  readonly damage: (path: string) => void;
  readonly there: readonly number[];
  readonly fault: string;
}[] = [
  { given: "missing", damage: (path) => rmSync(path), there: [], fault: "it is missing" },
  {
    given: "torn",
    damage: (path) => truncateSync(path, 2 * 512 + 1),
    there: [7, 4_000],
    fault: "1 of its 2 parts are damaged",
  },
  {
    given: "a link",
    damage: (path) => {
      writeFileSync(`${path}.elsewhere`, readFileSync(path));
      rmSync(path);
      symlinkSync("pieces.elsewhere", path);
    },
    there: [],
    fault: "a link lies there",
  },
];

for (const { given, damage, there, fault } of damages) {
  test(`a record that is ${given} is told of, and sound again after the next piece`, async () => {
    using directory = new GivenDirectory();
    const { key, shape, spansOf } = TORRENT;
    {
      await using store = new FsManagedContentStore(directory.path);
      const content = await store.create(key, shape);
      await Promise.all(
        [7, 4_000, 4_500].map((piece) => content.writePiece(piece, spansOf(piece))),
      );
    }
    damage(directory.at(`${key}/pieces`));
    {
      await using store = new FsManagedContentStore(directory.path);
      const content = await store.open(key);
      equal(content?.recordFault, fault);
      deepEqual(content && (await lookAt(content, TORRENT)), { there, wrong: [] });
      await content?.writePiece(4_999, spansOf(4_999));
    }
    await using store = new FsManagedContentStore(directory.path);
    const content = await store.open(key);
    equal(content?.recordFault, null);
    deepEqual(content && (await lookAt(content, TORRENT)), { there: [...there, 4_999], wrong: [] });
  });
}

test("a piece whose note could not be written is absent, now and later", async () => {
  using directory = new GivenDirectory();
  const { key, shape, spansOf } = TORRENT;
  await using store = new FsManagedContentStore(directory.path);
  const content = await store.create(key, shape);
  await content.writePiece(1, spansOf(1));
  const path = directory.at(`${key}/pieces`);
  rmSync(path);
  mkdirSync(`${path}/in the way`, { recursive: true });
  const failed = await Promise.allSettled(
    [2, 3].map((piece) => content.writePiece(piece, spansOf(piece))),
  );
  deepEqual(
    failed.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await rejects(content.writePiece(2, spansOf(2)), {
    detail: {
      code: "content-unwritable",
      path,
      reason: "a directory lies where a file should; move it away",
    },
  });
  deepEqual(
    [content.havePieces, content.has(2), [...content.bitfield()][0]],
    [1, false, 0b0100_0000],
  );
  rmSync(path, { recursive: true });
  await content.writePiece(4, spansOf(4));
  await using later = new FsManagedContentStore(directory.path);
  const again = await later.open(key);
  equal(again?.recordFault, null);
  deepEqual(again && (await lookAt(again, TORRENT)), { there: [1, 4], wrong: [] });
});
