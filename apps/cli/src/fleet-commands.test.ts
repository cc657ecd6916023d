import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { parseInfoHashV2 } from "@seedfleet/bytes";
import { CONDITION_BUCKET, havePiecesCall, type TorrentCondition } from "@seedfleet/contracts";
import { cancelJob } from "./cancel.ts";
import { chooseStore } from "./choose-store.ts";
import { torrentUrl } from "./fleet-connection.ts";
import {
  GivenFleet,
  givenEntry,
  givenInfoHash,
  givenRequest,
  givenSource,
} from "./fleet-testing.ts";
import { listJobs } from "./jobs.ts";
import { listCatalog } from "./ls.ts";
import { eventsOf } from "./testing.ts";

const HASH = givenInfoHash("ab");
const RESULT = { entry: givenEntry("debian"), hashed: true, skipped: [] };

test("seedfleet jobs given none says so, and as JSON nothing", async () => {
  await using given = new GivenFleet();
  await listJobs(given, { ...given, json: false });
  await listJobs(given, { ...given, json: true });
  deepEqual(given.printed, ["There are no jobs\n"]);
});

test("seedfleet jobs tells of jobs in every state, and why one failed", async () => {
  await using given = new GivenFleet();
  const jobs = await given.jobs();
  const locations = ["s3://b/\x1b[31m", "/m"];
  const failed = await jobs.submit(givenRequest({ locations }));
  const failure = { code: "content-missing", message: "Cannot seed \x1b[2J: nothing is there" };
  await given.end(failed, { state: "failed", failure, attempts: 3 });
  const done = await jobs.submit(givenRequest());
  await given.end(done, { state: "done", result: RESULT, attempts: 1 });
  await given.end(await jobs.submit(givenRequest({ holder: "store-2" })), { state: "running" });

  await listJobs(given, { ...given, json: false });
  equal(
    given.printed
      .splice(0)
      .join("")
      .replaceAll(/^[0-9a-f]{32} /gm, "ID ")
      .replaceAll(/\d+ s/g, "N s"),
    `ID  failed     check  s3://b/\\u{1b}[31m and 1 more
  on store-1, N s ago, took N s, begun 3 times
  Cannot seed \\u{1b}[2J: nothing is there (content-missing)
ID  done       check  /srv/debian
  on store-1, N s ago, took N s
  debian  ${HASH}
ID  running    check  /srv/debian
  on store-2, N s ago
`,
  );

  await listJobs(given, { ...given, json: true });
  const [first, second, third] = eventsOf(given.printed.join(""));
  const { ageMs, tookMs, ...rest } = first ?? { event: "" };
  deepEqual([typeof ageMs, typeof tookMs], ["number", "number"]);
  deepEqual(rest, {
    ...{ event: "job", id: failed.id, kind: "check", state: "failed", holder: "store-1" },
    ...{ locations, name: null, infoHash: HASH, attempts: 3, failure },
  });
  deepEqual([second?.["name"], second?.["failure"]], ["debian", null]);
  deepEqual([third?.["state"], third?.["tookMs"]], ["running", null]);
});

test("seedfleet cancel cancels a job, as often as it is asked", async () => {
  await using given = new GivenFleet();
  const jobs = await given.jobs();
  const { id: job } = await jobs.submit(givenRequest());
  await cancelJob(given, { job, json: false }, given.print);
  equal((await jobs.find(job))?.state, "cancelled");
  await cancelJob(given, { job, json: true }, given.print);
  deepEqual(given.printed, [
    `Cancelled ${job}  /srv/debian\n`,
    `{"event":"cancelled","id":"${job}","locations":["/srv/debian"]}\n`,
  ]);
});

test("seedfleet cancel given a job that has ended, or none, says so", async () => {
  await using given = new GivenFleet();
  const jobs = await given.jobs();
  const done = await jobs.submit(givenRequest());
  await given.end(done, { state: "done", result: RESULT });
  await rejects(cancelJob(given, { job: done.id, json: false }, given.print), {
    message: `Cannot cancel ${done.id}: it has ended already, done`,
    detail: { code: "job-ended" },
  });
  await rejects(cancelJob(given, { job: "nobody", json: false }, given.print), {
    message: "Cannot cancel nobody: there is no such job; see seedfleet jobs",
    detail: { code: "job-unknown" },
  });
});

async function condition(
  { bus }: GivenFleet,
  holder: string,
  told: Partial<TorrentCondition>,
): Promise<void> {
  const stored = await bus.keyValue(CONDITION_BUCKET);
  const value = { stale: [], badPieces: [], ...told };
  await stored.put(`${holder}.${HASH}`, Buffer.from(JSON.stringify(value)));
}

const bad = (location: string, piece: number) => ({ location, piece, foundAtMs: 1 });
const stale = (location: string, path: string) => ({ location, path, foundAtMs: 1 });

test("seedfleet ls given nothing says so, and as JSON nothing", async () => {
  await using given = new GivenFleet();
  await listCatalog(given, { ...given, json: false });
  await listCatalog(given, { ...given, json: true });
  deepEqual(given.printed, ["Nothing is published\n"]);
});

test("seedfleet ls tells where each torrent lies and how it is there", async () => {
  await using given = new GivenFleet();
  const catalog = await given.catalog();
  const sources = [
    ...[givenSource("/a"), givenSource("/b"), givenSource("/c", "store-2")],
    ...[givenSource("s3://b/k"), givenSource("/c")],
  ];
  const infoHashV2 = parseInfoHashV2("cd".repeat(32));
  const whole = { contentBytes: 159_000, infoHashV2, version: "hybrid", private: true } as const;
  await catalog.publish(givenEntry("two", { ...whole, sources }), new Uint8Array());
  const other = givenEntry("one\x1b[31m", { infoHash: givenInfoHash("c") });
  await catalog.publish(other, new Uint8Array());
  await condition(given, "store-1", {
    badPieces: [bad("/b", 7), bad("/b", 3), bad("/a", 1)],
    stale: [stale("/a", "x/\x1b[2J")],
  });
  // What another says of the same path on its own disk is not of this one.
  await condition(given, "store-2", { badPieces: [bad("/a", 9), bad("s3://b/k", 4)] });
  await condition(given, "store-3", { badPieces: [bad("s3://b/k", 4), bad("s3://b/k", 2)] });
  await (await given.bus.keyValue(CONDITION_BUCKET)).put("not-ours", Buffer.from("{"));

  await listCatalog(given, { ...given, json: false });
  equal(
    given.printed.splice(0).join(""),
    `one\\u{1b}[31m  160 kB  v1  ${givenInfoHash("c")}
  store-1  /srv/one\\u{1b}[31m  ok
two  159 kB  hybrid, private  ${HASH}
  store-1  /a  stale: x/\\u{1b}[2J has changed, 1 bad piece
  store-1  /b  2 bad pieces
  store-2  /c  ok
  store-1  s3://b/k  2 bad pieces
  store-1  /c  ok
`,
  );

  await listCatalog(given, { ...given, json: true });
  const [, second] = eventsOf(given.printed.join(""));
  const { sources: listed, ...rest } = second ?? { event: "" };
  deepEqual(rest, {
    ...{ event: "torrent", name: "two", infoHash: HASH, infoHashV2, version: "hybrid" },
    aliases: [],
    ...{ sizeBytes: 159_000, pieceLengthBytes: 16_384, pieceCount: 10, fileCount: 1 },
    private: true,
  });
  const moreBadPieces = false;
  const ok = { stalePath: null, badPieces: [], moreBadPieces };
  deepEqual(listed, [
    {
      ...{ holder: "store-1", location: "/a", shared: false },
      ...{ stalePath: "x/\x1b[2J", badPieces: [1], moreBadPieces },
    },
    { holder: "store-1", location: "/b", shared: false, ...ok, badPieces: [3, 7] },
    { holder: "store-2", location: "/c", shared: false, ...ok },
    { holder: "store-1", location: "s3://b/k", shared: true, ...ok, badPieces: [2, 4] },
    { holder: "store-1", location: "/c", shared: false, ...ok },
  ]);
});

test("seedfleet ls tells how much is there of a torrent that is incomplete", async () => {
  await using given = new GivenFleet();
  const catalog = await given.catalog();
  const sources = [givenSource("managed:ab")];
  const entry = givenEntry("debian", { incomplete: true, sources });
  await catalog.publish(entry, Buffer.of());
  await listCatalog(given, { ...given, json: false });
  given.bus.serveStream(havePiecesCall, { params: { holder: "store-1" } }, () => [
    Buffer.of(0b1010_0000, 0b1000_0000),
  ]);
  await listCatalog(given, { ...given, json: false });
  const [unsaid = "", said = ""] = given.printed;
  ok(unsaid.includes("  v1, incomplete  "), unsaid);
  ok(said.includes("  v1, incomplete (30 %)  "), said);
  await listCatalog(given, { ...given, json: true });
  const { incomplete, havePieces, pieceCount } = JSON.parse(given.printed[2] ?? "");
  deepEqual([incomplete, havePieces, pieceCount], [true, 3, 10]);
});

test("seedfleet ls given more bad pieces than a store remembers says at least", async () => {
  await using given = new GivenFleet();
  await (await given.catalog()).publish(givenEntry("one"), new Uint8Array());
  const badPieces = Array.from({ length: 4_096 }, (_, piece) => bad("/srv/one", piece));
  await condition(given, "store-1", { badPieces });
  await listCatalog(given, { ...given, json: false });
  match(given.printed.join(""), / {2}at least 4096 bad pieces\n$/);
});

test("chooseStore() takes the only store, or the one that is named", async () => {
  await using given = new GivenFleet();
  await given.announce("store-1");
  equal(await chooseStore(given, { purpose: "adopt", named: null }), "store-1");
  await given.announce("store-2");
  equal(await chooseStore(given, { purpose: "adopt", named: "store-2" }), "store-2");
  await rejects(chooseStore(given, { purpose: "adopt", named: null }), {
    message: /^Cannot adopt: there are several piece-stores; .* --store: store-1, store-2$/,
    detail: { code: "piece-store-unclear" },
  });
  await rejects(chooseStore(given, { purpose: "adopt", named: "store-3" }), {
    message: 'Cannot adopt: no piece-store "store-3" is running, but store-1, store-2',
  });
});

test("chooseStore() takes one that keeps content of its own, where that is needed", async () => {
  await using given = new GivenFleet();
  const choose = (named: string | null): Promise<string> =>
    chooseStore(given, { purpose: "mirror", named, managed: true });
  await given.announce("store-1");
  await rejects(choose(null), {
    message: /^Cannot mirror: no piece-store keeps content of its own; .*_MANAGED_ROOT\)$/,
    detail: { code: "managed-content-off" },
  });
  await given.announce("store-2", { managed: true });
  equal(await choose(null), "store-2");
  await rejects(choose("store-1"), {
    message: 'Cannot mirror: no piece-store "store-1" that keeps content is running, but store-2',
  });
});

test("chooseStore() waits for the other stores to answer as well", async () => {
  await using given = new GivenFleet();
  await given.announce("store-1");
  const choosing = chooseStore(given, { purpose: "adopt", named: null });
  await given.announce("store-2");
  await rejects(choosing, { message: /there are several piece-stores/ });
});

test("torrentUrl() is a console's, where there is one", async () => {
  await using given = new GivenFleet();
  equal(torrentUrl(given.presence, HASH), null);
  await given.announce("console-1", { role: "console", urls: ["https://c.example"] });
  match(
    torrentUrl(given.presence, HASH) ?? "",
    /^https:\/\/c\.example\/torrents\/(ab){20}\.torrent$/,
  );
});
