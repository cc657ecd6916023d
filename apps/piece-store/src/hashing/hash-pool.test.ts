import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Content } from "@seedfleet/content";
import { FsContentSource } from "@seedfleet/content-fs";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { systemClock } from "@seedfleet/runtime";
import { Gathered, VirtualClock } from "@seedfleet/testkit";
import type { HashCheckpoint, HashPlan } from "./hash-plan.ts";
import { HashPool, THREADS_IDLE_MS_MAX } from "./hash-pool.ts";
import { startHashWorker } from "./hash-thread.ts";
import { AWKWARD_SIZES, givenLayout, hexOf, memoryContent, naiveDigests } from "./testing.ts";

const MIB = 1024 * 1024;
const VERSIONS = ["v1", "v2", "hybrid"] as const;

type Shape = Pick<HashPlan, "version" | "pieceLengthBytes">;

function givenPlan(content: Content, shape: Shape, more: Partial<HashPlan> = {}): HashPlan {
  const sizes = content.listing.files.map(({ sizeBytes }) => sizeBytes);
  return {
    content,
    layout: givenLayout(sizes, shape),
    ...shape,
    signal: new AbortController().signal,
    hashed: () => {},
    resume: null,
    ...more,
  };
}

/** Files of these sizes in a directory, in this order, and what hashing them must give. */
class GivenContent implements AsyncDisposable {
  readonly files: readonly Uint8Array[];
  readonly directory: GivenDirectory;
  readonly #source = new FsContentSource({ clock: systemClock });

  constructor(sizes: readonly number[]) {
    this.files = sizes.map((size) => randomBytes(size));
    const named = this.files.map((bytes, index) => [nameOf(index), bytes] as const);
    this.directory = new GivenDirectory(Object.fromEntries(named));
  }

  async content(): Promise<Content> {
    return this.#source.open(await this.#source.list(this.directory.path));
  }

  expected(shape: Shape): Record<string, string | null> {
    const layout = givenLayout(
      this.files.map(({ length }) => length),
      shape,
    );
    return hexOf(naiveDigests({ files: this.files, layout, ...shape }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

function nameOf(index: number): string {
  return `sub/${String(index).padStart(4, "0")}`;
}

for (const version of VERSIONS) {
  for (const threads of [1, 3]) {
    test(`hash() gives the ${version} digests of files, in ${threads} threads`, async () => {
      await using given = new GivenContent([...AWKWARD_SIZES, 20 * MIB + 1, 5, 9 * MIB]);
      await using pool = new HashPool({ threads });
      for (const pieceLengthBytes of [16_384, 65_536, 4 * MIB]) {
        const shape = { version, pieceLengthBytes };
        const digests = await pool.hash(givenPlan(await given.content(), shape));
        deepEqual(hexOf(digests), given.expected(shape));
      }
    });
  }

  test(`hash() gives the ${version} digests of content that threads cannot read`, async () => {
    const files = [...AWKWARD_SIZES, 20 * MIB + 1, 5, 9 * MIB].map((size) => randomBytes(size));
    await using pool = new HashPool({ threads: 2 });
    for (const pieceLengthBytes of [16_384, 16 * MIB]) {
      const plan = givenPlan(memoryContent(files), { version, pieceLengthBytes });
      deepEqual(hexOf(await pool.hash(plan)), hexOf(naiveDigests({ ...plan, files })));
    }
  });

  test(`hash() of ${version} goes on from any checkpoint`, async () => {
    await using given = new GivenContent(AWKWARD_SIZES);
    await using pool = new HashPool({ threads: 2 });
    const shape = { version, pieceLengthBytes: 65_536 };
    const content = await given.content();
    const { pieceHashes, pieceRoots } = await pool.hash(givenPlan(content, shape));
    const pieces = (pieceHashes?.length ?? 0) / 20 || (pieceRoots?.length ?? 0) / 32;
    for (let pieceCount = 0; pieceCount <= pieces; pieceCount += 1) {
      const told: number[] = [];
      const resume = {
        pieceCount,
        pieceHashes: pieceHashes?.slice(0, pieceCount * 20) ?? null,
        pieceRoots: pieceRoots?.slice(0, pieceCount * 32) ?? null,
      };
      const hashed = (bytes: number): unknown => told.push(bytes);
      const digests = await pool.hash(givenPlan(content, shape, { resume, hashed }));
      deepEqual(hexOf(digests), given.expected(shape));
      equal(told.at(-1), content.listing.sizeBytes);
    }
  });
}

test("hash() tells how far it is, also within a long piece, and never steps back", async () => {
  await using given = new GivenContent([100 * MIB]);
  await using pool = new HashPool({ threads: 2 });
  const told: number[] = [];
  const shape = { version: "v1", pieceLengthBytes: 128 * MIB } as const;
  const hashed = (bytes: number): unknown => told.push(bytes);
  await pool.hash(givenPlan(await given.content(), shape, { hashed }));
  // Two messages of a thread that come at once may be told as one.
  ok(told.length > 1);
  deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  equal(told.at(-1), 100 * MIB);
});

test("hash() of nothing gives nothing", async () => {
  await using pool = new HashPool({ threads: 2 });
  const plan = givenPlan(memoryContent([]), { version: "hybrid", pieceLengthBytes: 16_384 });
  deepEqual(hexOf(await pool.hash(plan)), { pieceHashes: "", pieceRoots: "" });
});

test("hash() gives jobs turns: a small one is done long before a large one", async () => {
  await using large = new GivenContent([96 * MIB]);
  await using small = new GivenContent([8 * MIB]);
  await using pool = new HashPool({ threads: 1 });
  const shape = { version: "hybrid", pieceLengthBytes: MIB } as const;
  let largeBytes = 0;
  const largeJob = pool.hash(
    givenPlan(await large.content(), shape, {
      hashed: (bytes) => {
        largeBytes = bytes;
      },
    }),
  );
  const digests = await pool.hash(givenPlan(await small.content(), shape));
  ok(largeBytes < 48 * MIB, `${largeBytes} bytes of the large job were hashed before`);
  deepEqual(hexOf(digests), small.expected(shape));
  deepEqual(hexOf(await largeJob), large.expected(shape));
});

test("hash() does not let content that is slow to come hold up files", async () => {
  await using given = new GivenContent([20 * MIB]);
  await using pool = new HashPool({ threads: 1 });
  const shape = { version: "v2", pieceLengthBytes: MIB } as const;
  const slow = memoryContent(Array.from({ length: 32 }, () => randomBytes(MIB)));
  const gate = Promise.withResolvers<void>();
  const stuck: Content = {
    ...slow,
    read: (...args) => gate.promise.then(() => slow.read(...args)),
  };
  const slowJob = pool.hash(givenPlan(stuck, shape));
  deepEqual(hexOf(await pool.hash(givenPlan(await given.content(), shape))), given.expected(shape));
  gate.resolve();
  await slowJob;
});

test("hash() rejects at once when its signal aborts, and gives what is hashed so far", async () => {
  await using given = new GivenContent([64 * MIB]);
  await using pool = new HashPool({ threads: 2 });
  const shape = { version: "hybrid", pieceLengthBytes: MIB } as const;
  const abort = new AbortController();
  const checkpoints: HashCheckpoint[] = [];
  let toldAfter = 0;
  const hashed = (bytes: number): void => {
    if (abort.signal.aborted) toldAfter += 1;
    if (bytes > 24 * MIB) abort.abort();
  };
  const checkpoint = (given: HashCheckpoint): unknown => checkpoints.push(given);
  const content = await given.content();
  const plan = givenPlan(content, shape, { signal: abort.signal, hashed, checkpoint });
  await rejects(pool.hash(plan), { name: "AbortError" });
  // How many pieces without a gap are done by then is up to the threads.
  const resume = checkpoints.at(-1) ?? null;
  const digests = await pool.hash(givenPlan(content, shape, { resume }));
  deepEqual(hexOf(digests), given.expected(shape));
  equal(toldAfter, 0);
  await rejects(pool.hash(plan), { name: "AbortError" });
});

test("hash() gives checkpoints in the course of a long job", async () => {
  // Of 3 GiB of zeros that are read nowhere, so that it takes no disk and little time.
  const lengthBytes = 3 * 1024 * MIB;
  await using pool = new HashPool();
  const checkpoints: number[] = [];
  const padding = { lengthBytes, offsetBytes: 0, padding: true, contentFile: null };
  await pool.hash({
    ...givenPlan(memoryContent([]), { version: "v1", pieceLengthBytes: MIB }),
    layout: { files: [padding], sizeBytes: lengthBytes },
    checkpoint: ({ pieceCount, pieceHashes }) => {
      equal(pieceHashes?.length, pieceCount * 20);
      checkpoints.push(pieceCount);
    },
  });
  ok(checkpoints.length >= 8 && checkpoints.length <= 12, `${checkpoints}`);
  deepEqual(
    checkpoints,
    checkpoints.toSorted((a, b) => a - b),
  );
});

const changes: readonly { given: string; change: (directory: GivenDirectory) => void }[] = [
  { given: "grew", change: (directory) => directory.write(nameOf(1), randomBytes(20 * MIB)) },
  { given: "shrank", change: (directory) => directory.write(nameOf(1), "less") },
];

for (const { given: situation, change } of changes) {
  test(`hash() given a file that ${situation} rejects with content-changed`, async () => {
    await using given = new GivenContent([MIB, 16 * MIB, MIB]);
    await using pool = new HashPool({ threads: 2 });
    const content = await given.content();
    change(given.directory);
    const path = given.directory.at(nameOf(1));
    const shape = { version: "v1", pieceLengthBytes: 65_536 } as const;
    await rejects(pool.hash(givenPlan(content, shape)), {
      name: "SeedfleetError",
      message: `Cannot read ${path}: it has changed since it was listed; publish it again`,
      detail: { code: "content-changed", path },
    });
  });
}

test("hash() rejects with what the content rejects with", async () => {
  await using pool = new HashPool({ threads: 2 });
  const content = memoryContent([randomBytes(20 * MIB)]);
  const failing = { ...content, read: () => Promise.reject(new Error("no bucket")) };
  const plan = givenPlan(failing, { version: "v1", pieceLengthBytes: 65_536 });
  await rejects(pool.hash(plan), { message: "no bucket" });
});

for (const where of ["files", "memory"] as const) {
  test(`hash() does again what a thread had at hand of ${where} when it died`, async () => {
    await using given = new GivenContent([40 * MIB]);
    const exits = new Gathered<number>();
    let started = 0;
    await using pool = new HashPool(
      { threads: 2 },
      {
        startWorker(data) {
          const worker = startHashWorker(data).on("exit", exits.add);
          started += 1;
          // The first does not live to see the end of its first unit.
          if (started === 1) worker.on("online", () => worker.terminate());
          return worker;
        },
      },
    );
    const content = where === "files" ? await given.content() : memoryContent(given.files);
    const shape = { version: "hybrid", pieceLengthBytes: MIB } as const;
    deepEqual(hexOf(await pool.hash(givenPlan(content, shape))), given.expected(shape));
    equal(exits.items.length, 1);
    ok(started > 1);
  });
}

test("hash() rejects when threads die again and again", async () => {
  await using given = new GivenContent([64 * MIB]);
  await using pool = new HashPool(
    { threads: 2 },
    { startWorker: (data) => startHashWorker({ ...data, bufferBytes: -1 }) },
  );
  const shape = { version: "v1", pieceLengthBytes: MIB } as const;
  await rejects(pool.hash(givenPlan(await given.content(), shape)), {
    detail: { code: "hash-thread-died", reason: "Invalid typed array length: -1" },
  });
});

test("HashPool rejects what it is hashing when it is disposed of, and takes no more", async () => {
  const pool = new HashPool({ threads: 1 });
  const plan = givenPlan(memoryContent([randomBytes(64 * MIB)]), {
    version: "v1",
    pieceLengthBytes: MIB,
  });
  const job = pool.hash(plan);
  const stopped = { detail: { code: "hash-stopped", path: "memory:" } };
  const rejected = rejects(job, stopped);
  await pool[Symbol.asyncDispose]();
  await rejected;
  await rejects(pool.hash(plan), stopped);
});

test("HashPool ends its threads when nothing was hashed for a while", async () => {
  const clock = new VirtualClock();
  const exits = new Gathered<number>();
  let started = 0;
  await using pool = new HashPool(
    { threads: 1 },
    {
      clock,
      startWorker(data) {
        started += 1;
        return startHashWorker(data).on("exit", exits.add);
      },
    },
  );
  const hash = async (): Promise<void> => {
    const shape = { version: "v1", pieceLengthBytes: MIB } as const;
    await pool.hash(givenPlan(memoryContent([randomBytes(1)]), shape));
  };
  await hash();
  clock.advance(THREADS_IDLE_MS_MAX - 1);
  await hash();
  clock.advance(THREADS_IDLE_MS_MAX - 1);
  equal(started, 1);
  clock.advance(1);
  await exits.count(1);
  await hash();
  equal(started, 2);
});
