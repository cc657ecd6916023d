import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { GivenOrigin, type OriginFault } from "@seedfleet/content-http/testing";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import { adopt, givenTorrent } from "../ingest/testing.ts";
import { GivenStore, remote } from "../testing.ts";
import { warnings } from "./testing.ts";

const PIECE_BYTES = 16_384;
const WHOLE = randomBytes(3 * PIECE_BYTES + 100);

/** A store that may read what lies under `pub/` of an origin. */
async function startWithOrigin(
  files: Readonly<Record<string, string | Uint8Array>>,
  clock?: VirtualClock,
): Promise<AsyncDisposable & { readonly origin: GivenOrigin; readonly store: GivenStore }> {
  await using starting = new AsyncDisposableStack();
  const origin = starting.use(await GivenOrigin.start(files));
  const config = { origins: [origin.at("pub")] };
  const store = starting.use(await GivenStore.start({}, config, clock ? { clock } : {}));
  const running = starting.move();
  return { origin, store, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

for (const version of ["v1", "hybrid"] as const) {
  test(`a file at an origin is published and read as ${version}`, async () => {
    await using given = await startWithOrigin({ "pub/a%20b.iso": WHOLE });
    const { origin, store } = given;
    const options = { version, pieceLengthBytes: PIECE_BYTES };
    const { entry } = await store.publish(origin.at("pub/a%20b.iso"), options);
    equal(entry.name, "a b.iso");
    const [source] = entry.sources;
    deepEqual([source?.location, source?.shared], [origin.at("pub/a%20b.iso"), true]);
    deepEqual(await store.readAll(entry), WHOLE);
    await store.restart();
    deepEqual(await store.readAll(entry), WHOLE);
  });
}

test("a torrent is adopted with a directory of an origin", async () => {
  const contents = { a: WHOLE, "é/b": randomBytes(7), empty: Buffer.of(), z: randomBytes(20_000) };
  const torrent = givenTorrent(contents, { name: "content" });
  await using given = await startWithOrigin({
    ...{ "pub/content/a": WHOLE, "pub/content/%C3%A9/b": contents["é/b"] },
    "pub/content/z": contents.z,
  });
  const { origin, store } = given;
  // With the name of the torrent, and without it, as a web seed is given (BEP 19).
  for (const at of ["pub/content/", "pub/"]) {
    const { entry } = await adopt(store, torrent, { at: [origin.at(at)] });
    equal(entry.infoHash, torrent.metainfo.infoHash);
    const whole = Buffer.concat([WHOLE, contents["é/b"], contents.z]);
    deepEqual(await store.readAll(entry), whole);
    await store.restart();
    deepEqual(await store.readAll(entry), whole);
  }
});

test("an origin that gives no ranges is refused, and the job says why", async () => {
  await using given = await startWithOrigin({ "pub/a": WHOLE });
  const { origin, store } = given;
  origin.plan("pub/a", { kind: "no-ranges" });
  const job = await store.submit(origin.at("pub/a"));
  await rejects(store.resultOf(job), remote("content-no-ranges"));
  const failed = (await store.jobs.list()).find(({ id }) => id === job.id);
  const message = failed?.failure?.message ?? "";
  ok(message.includes(origin.at("pub/a")) && message.includes("part"), message);
  deepEqual(await store.catalogued(), []);
});

test("an origin's directory cannot be published, for nobody can tell what is in it", async () => {
  await using given = await startWithOrigin({ "pub/d/a": WHOLE });
  await rejects(given.store.publish(given.origin.at("pub/d/")), remote("content-not-listable"));
});

test("an origin that redirects elsewhere is not followed", async () => {
  await using elsewhere = await GivenOrigin.start({ "pub/a": WHOLE });
  await using given = await startWithOrigin({ "pub/a": WHOLE, "private/a": WHOLE });
  const { origin, store } = given;
  const { entry } = await store.publish(origin.at("pub/a"), { version: "v1" });
  deepEqual(await store.readAll(entry), WHOLE);
  for (const to of [elsewhere.at("pub/a"), origin.at("private/a"), origin.at("pub/../private/a")]) {
    origin.heal();
    origin.plan("pub/a", { kind: "redirect", to });
    await rejects(store.read({ infoHash: entry.infoHash }), remote("content-unreadable"));
  }
  equal(elsewhere.requests.items.length, 0);
  ok(!origin.requests.items.some(({ target }) => target.startsWith("/private")));
  origin.heal();
  deepEqual(await store.readAll(entry), WHOLE);
});

test("a redirect within the origins is followed", async () => {
  await using given = await startWithOrigin({ "pub/a": WHOLE, "pub/b/a": WHOLE });
  const { origin, store } = given;
  origin.plan("pub/a", { kind: "redirect", to: "/pub/b/a" });
  const { entry } = await store.publish(origin.at("pub/a"));
  deepEqual(await store.readAll(entry), WHOLE);
});

test("a file at an origin that changes is refused, and told once", async () => {
  await using given = await startWithOrigin({ "pub/a": "12345" });
  const { origin, store } = given;
  const { infoHash } = (await store.publish(origin.at("pub/a"))).entry;
  equal((await store.read({ infoHash, length: 5 })).toString(), "12345");
  origin.write("pub/a", "54321");
  for (let read = 0; read < 2; read += 1) {
    await rejects(store.read({ infoHash }), remote("content-changed"));
  }
  origin.remove("pub/a");
  await store.restart();
  await rejects(store.read({ infoHash }), remote("content-changed"));
  deepEqual(warnings(store), []);
});

const faults: readonly {
  readonly given: string;
  readonly fault: OriginFault;
  readonly times?: number;
  readonly then: "right" | "content-unreadable" | "content-changed";
}[] = [
  { given: "503 once", fault: { kind: "status", status: 503 }, times: 1, then: "right" },
  { given: "503", fault: { kind: "status", status: 503 }, then: "content-unreadable" },
  { given: "403", fault: { kind: "status", status: 403 }, then: "content-unreadable" },
  { given: "404", fault: { kind: "status", status: 404 }, then: "content-changed" },
  { given: "416", fault: { kind: "status", status: 416 }, then: "content-changed" },
  { given: "a reset once", fault: { kind: "reset" }, times: 1, then: "right" },
  { given: "resets", fault: { kind: "reset" }, then: "content-unreadable" },
  { given: "a cut once", fault: { kind: "truncated", afterBytes: 9 }, times: 1, then: "right" },
  { given: "a stall once", fault: { kind: "stalled", afterBytes: 9 }, times: 1, then: "right" },
  { given: "stalls", fault: { kind: "stalled", afterBytes: null }, then: "content-unreadable" },
  { given: "all of it", fault: { kind: "no-ranges" }, then: "content-unreadable" },
  {
    given: "more bytes",
    fault: { kind: "wrong-length", moreBytes: 9 },
    then: "content-unreadable",
  },
  { given: "drips", fault: { kind: "slow", bytes: 1_000 }, then: "right" },
];

for (const { given: situation, fault, times, then } of faults) {
  test(`a read that an origin answers with ${situation} gives ${then}`, async () => {
    const clock = new VirtualClock();
    await using given = await startWithOrigin({ "pub/a": WHOLE }, clock);
    const { origin, store } = given;
    const { entry } = await store.publish(origin.at("pub/a"), { version: "v1" });
    await store.read({ infoHash: entry.infoHash });
    origin.plan("pub/a", fault, times);
    const reading = advanceUntil(clock, 5, store.readAll(entry));
    if (then === "right") deepEqual(await reading, WHOLE);
    else await rejects(reading, remote(then));
  });
}
