import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { Content } from "@seedfleet/content";
import { GET_BYTES_MAX, S3_ATTEMPTS_MAX } from "./limits.ts";
import { S3ContentSource } from "./s3-content-source.ts";
import {
  type Fault,
  type FaultScope,
  GivenBucket,
  type GivenObjects,
  type GivenStore,
  hastyClock,
} from "./testing.ts";

const ports = { clock: hastyClock };
const WHOLE = [{ file: 0, offsetBytes: 0, lengthBytes: 5 }];
const GETS: FaultScope = { when: ({ method, key }) => method === "GET" && key !== "" };

async function read(content: Content, ranges = WHOLE): Promise<string> {
  const into = Buffer.alloc(ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0));
  await content.read(ranges, into);
  return into.toString("latin1");
}

/** The ranges that were asked for, in order. */
function rangesSeen({ faults }: GivenBucket): readonly (string | null)[] {
  return faults.seen.items.filter(({ range }) => range !== null).map(({ range }) => range);
}

const changes: readonly {
  readonly given: string;
  readonly change: (bucket: GivenBucket) => Promise<void>;
}[] = [
  { given: "it grew", change: (bucket) => bucket.put("d/é/a", "01234more") },
  { given: "it shrank", change: (bucket) => bucket.put("d/é/a", "012") },
  { given: "it has other bytes", change: (bucket) => bucket.put("d/é/a", "other") },
  { given: "it vanished", change: (bucket) => bucket.delete("d/é/a") },
];

/** Faults that go by: the read succeeds, after asking for what `ranges` says. */
const passing: readonly {
  readonly given: string;
  readonly fault: Fault;
  readonly times?: number;
  readonly ranges: readonly string[];
}[] = [
  {
    given: "503 three times",
    fault: { kind: "answer", status: 503, code: "SlowDown" },
    times: S3_ATTEMPTS_MAX - 1,
    ranges: ["bytes=0-4", "bytes=0-4", "bytes=0-4", "bytes=0-4"],
  },
  {
    given: "500",
    fault: { kind: "answer", status: 500, code: "InternalError" },
    ranges: ["bytes=0-4", "bytes=0-4"],
  },
  {
    given: "a body that breaks off",
    fault: { kind: "reset", afterBytes: 3 },
    ranges: ["bytes=0-4", "bytes=3-4"],
  },
  {
    given: "a connection that breaks",
    fault: { kind: "reset", afterBytes: null },
    ranges: ["bytes=0-4", "bytes=0-4"],
  },
  {
    given: "fewer bytes than were asked for",
    fault: { kind: "short", bytes: 3 },
    ranges: ["bytes=0-4", "bytes=0-4"],
  },
  {
    given: "fewer bytes than were asked for, which it does not say",
    fault: { kind: "short", bytes: 3, unsaid: true },
    ranges: ["bytes=0-4", "bytes=3-4"],
  },
  {
    given: "other bytes than were asked for",
    fault: { kind: "headers", headers: { "content-range": "bytes 1-4/5" } },
    ranges: ["bytes=0-4", "bytes=0-4"],
  },
  {
    given: "a slow answer",
    fault: { kind: "slow", parts: 5, intervalMs: 5 },
    ranges: ["bytes=0-4"],
  },
];

/** Faults that stay: the read fails so, after so many requests. */
const lasting: readonly {
  readonly given: string;
  readonly fault: Fault;
  readonly code: string;
  readonly reason?: RegExp;
  readonly requests: number;
}[] = [
  {
    given: "403",
    fault: { kind: "answer", status: 403, code: "AccessDenied" },
    code: "content-unreadable",
    reason: /does not let these credentials \(it answers 403 AccessDenied\).*s3:GetObject/,
    requests: 1,
  },
  {
    given: "what was archived meanwhile",
    fault: { kind: "answer", status: 403, code: "InvalidObjectState" },
    code: "content-unreadable",
    reason: /^it lies in an archive; restore it/,
    requests: 1,
  },
  {
    given: "404",
    fault: { kind: "answer", status: 404, code: "NoSuchKey" },
    code: "content-changed",
    requests: 1,
  },
  {
    given: "412",
    fault: { kind: "answer", status: 412, code: "PreconditionFailed" },
    code: "content-changed",
    requests: 1,
  },
  {
    given: "416",
    fault: { kind: "answer", status: 416, code: "InvalidRange" },
    code: "content-changed",
    requests: 1,
  },
  {
    given: "another ETag, as of a store that heeds no condition",
    fault: { kind: "headers", headers: { etag: '"other"' } },
    code: "content-changed",
    requests: 1,
  },
  {
    given: "another size under the same ETag",
    fault: { kind: "headers", headers: { "content-range": "bytes 0-4/6" } },
    code: "content-changed",
    requests: 1,
  },
  {
    given: "no ETag",
    fault: { kind: "headers", headers: { etag: null } },
    code: "content-unreadable",
    reason: /^it does not say an ETag/,
    requests: 1,
  },
  {
    given: "503",
    fault: { kind: "answer", status: 503, code: "SlowDown" },
    code: "content-unreadable",
    reason: /^it answers 503 SlowDown, also when asked again/,
    requests: S3_ATTEMPTS_MAX,
  },
  {
    given: "a body that breaks off",
    fault: { kind: "reset", afterBytes: 1 },
    code: "content-unreadable",
    reason: /^the store cannot be reached \(ECONNRESET\), also when asked again/,
    requests: S3_ATTEMPTS_MAX,
  },
  {
    given: "fewer bytes than were asked for",
    fault: { kind: "short", bytes: 0 },
    code: "content-unreadable",
    reason: /^it gives fewer or other bytes than it is asked for, also when asked again/,
    requests: S3_ATTEMPTS_MAX,
  },
  {
    given: "more bytes than were asked for, which it does not say",
    fault: {
      kind: "answer",
      status: 206,
      body: "0123456789",
      headers: {
        etag: '"4100c4d44da9177247e44a5fc1546778"',
        "content-range": "bytes 0-4/5",
        "transfer-encoding": "chunked",
      },
    },
    code: "content-unreadable",
    reason: /^it gives fewer or other bytes than it is asked for, also when asked again/,
    requests: S3_ATTEMPTS_MAX,
  },
];

/** What a read is of any S3. */
export function describeReading(name: string, startStore: () => Promise<GivenStore>): void {
  const start = (objects: GivenObjects): Promise<GivenBucket> =>
    GivenBucket.start(objects, startStore);
  testWhatIsRead({ name, start });
  testChanges({ name, start });
  testFaults({ name, start });
}

type Store = {
  readonly name: string;
  readonly start: (objects: GivenObjects) => Promise<GivenBucket>;
};

function testWhatIsRead({ name: store, start }: Store): void {
  test(`${store}: read() fills the buffer with ranges of several objects, in order`, async () => {
    await using bucket = await start({ "d/a +%20": "01234", "d/sub/ä": "56789" });
    await using source = new S3ContentSource(ports, bucket.options);
    const content = source.open(await source.list(bucket.at("d")));
    const ranges = [
      { file: 1, offsetBytes: 3, lengthBytes: 2 },
      { file: 0, offsetBytes: 1, lengthBytes: 3 },
      { file: 0, offsetBytes: 5, lengthBytes: 0 },
      { file: 1, offsetBytes: 0, lengthBytes: 5 },
    ];
    equal(await read(content, ranges), "8912356789");
    equal(await read(content, []), "");
    deepEqual(rangesSeen(bucket).toSorted(), ["bytes=0-4", "bytes=1-3", "bytes=3-4"]);
  });

  test(`${store}: read() reads a long range of one object in parts`, async () => {
    const bytes = Buffer.alloc(GET_BYTES_MAX + 17, "abcdefg");
    await using bucket = await start({ large: bytes });
    await using source = new S3ContentSource(ports, bucket.options);
    const content = source.open(await source.list(bucket.at("large")));
    const into = Buffer.alloc(bytes.length - 3);
    await content.read([{ file: 0, offsetBytes: 3, lengthBytes: into.length }], into);
    equal(into.equals(bytes.subarray(3)), true);
    deepEqual(rangesSeen(bucket).toSorted(), [
      `bytes=3-${GET_BYTES_MAX + 2}`,
      `bytes=${GET_BYTES_MAX + 3}-${bytes.length - 1}`,
    ]);
  });

  test(`${store}: read() given a store that gives no parts reads whole objects only`, async () => {
    await using bucket = await start({ a: "01234" });
    await using source = new S3ContentSource(ports, bucket.options);
    const content = source.open(await source.list(bucket.at("a")));
    bucket.faults.inject({ kind: "headers", headers: { "content-range": null } }, GETS);
    equal(await read(content), "01234");
    await rejects(read(content, [{ file: 0, offsetBytes: 0, lengthBytes: 4 }]), {
      detail: {
        code: "content-no-ranges",
        path: bucket.at("a"),
        reason: "its store gives no parts of objects, only the whole of them",
      },
    });
  });
}

function testChanges({ name: store, start }: Store): void {
  for (const { given, change } of changes) {
    test(`${store}: read() given ${given} rejects with content-changed`, async () => {
      await using bucket = await start({ "d/é/a": "01234" });
      await using source = new S3ContentSource(ports, bucket.options);
      const content = source.open(await source.list(bucket.at("d")));
      equal(await read(content), "01234");
      await change(bucket);
      const detail = { code: "content-changed", path: bucket.at("d/é/a") };
      await rejects(read(content), { detail });
    });
  }

  test(`${store}: read() by a new listing reads the new object`, async () => {
    await using bucket = await start({ a: "01234" });
    await using source = new S3ContentSource(ports, bucket.options);
    const before = source.open(await source.list(bucket.at("a")));
    await bucket.put("a", "56789");
    const after = source.open(await source.list(bucket.at("a")));
    equal(await read(after), "56789");
    await rejects(read(before), { detail: { code: "content-changed", path: bucket.at("a") } });
  });
}

function testFaults({ name: store, start }: Store): void {
  for (const { given, fault, times = 1, ranges } of passing) {
    test(`${store}: read() given ${given} asks again for what it has not`, async () => {
      await using bucket = await start({ a: "01234" });
      await using source = new S3ContentSource(ports, bucket.options);
      const content = source.open(await source.list(bucket.at("a")));
      bucket.faults.inject(fault, { ...GETS, times });
      equal(await read(content), "01234");
      deepEqual(rangesSeen(bucket), ranges);
    });
  }

  for (const { given, fault, code, reason, requests } of lasting) {
    test(`${store}: read() given ${given} for good rejects with ${code}`, async () => {
      await using bucket = await start({ "d/a": "01234" });
      await using source = new S3ContentSource(ports, bucket.options);
      const content = source.open(await source.list(bucket.at("d")));
      bucket.faults.inject(fault, GETS);
      await rejects(read(content), ({ detail }) => {
        deepEqual([detail.code, detail.path], [code, bucket.at("d/a")]);
        match(detail.reason ?? "", reason ?? /^$/);
        return true;
      });
      equal(rangesSeen(bucket).length, requests);
    });
  }
}
