import { deepEqual, equal } from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { test } from "node:test";
import {
  DEFAULT_TORRENT_OPTIONS,
  type IngestJob,
  METAINFO_BUCKET,
  retainCall,
} from "@seedfleet/contracts";
import { turn } from "@seedfleet/testkit";
import { GivenStore, HOLDER } from "../testing.ts";
import { endOf, gated, writeLong } from "./testing.ts";

const LONG_BYTES: number = 128 * 2 ** 20;
const MAKE = { kind: "make", options: DEFAULT_TORRENT_OPTIONS } as const;

test("retaining cancels the jobs for other locations, running or queued", async () => {
  await using given = await givenLong(["a", "b", "c", "d", "e", "f"]);
  const jobs: IngestJob[] = [];
  for (const path of ["a", "b", "c", "d", "e", "f"]) jobs.push(await given.submit(path));
  const [first = raise(), ...others] = jobs;
  await isHashing(given, first);
  await retain(given, ["a"]);
  for (const job of others) equal((await given.jobs.find(job.id))?.state, "cancelled");
  equal((await given.resultOf(first)).entry.name, "a");
  deepEqual((await given.catalogued()).length, 1);
});

test("retaining cancels what would publish from one other location besides", async () => {
  await using given = await givenLong(["a", "b"]);
  const both = await given.submitTo(["a", "b"], MAKE);
  const alone = await given.submit("a", { comment: "alone" });
  await retain(given, ["a"]);
  equal((await endOf(given, both)).state, "cancelled");
  equal((await endOf(given, alone)).state, "done");
});

test("retaining knows a location by another name", async () => {
  await using given = await givenLong(["d/a"]);
  symlinkSync("d", given.directory.at("latest"));
  const jobs = [await given.submit("d/a"), await given.submit("latest/a")];
  const slash = await given.submitTo([`${given.directory.at("d")}/`], MAKE);
  await retain(given, ["latest/a", "d"]);
  for (const job of [...jobs, slash]) equal((await endOf(given, job)).state, "done");
});

test("once retaining is over, nothing is published from elsewhere any more", async () => {
  await using given = await GivenStore.start({ a: "12345" });
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const bus = gated(given.bus, METAINFO_BUCKET, () => {
    asked.resolve();
    return gate.promise;
  });
  await given.restart(bus);
  const job = await given.submit("a");
  await asked.promise;
  // It is past the last place at which it could be cancelled.
  const retained = retain(given, []);
  await isState(given, job, "cancelled");
  gate.resolve();
  await retained;
  // Which it was too late for, so that the record says what is true.
  await isState(given, job, "done");
  deepEqual(await given.catalogued(), []);
});

test("the jobs of another holder are left alone", async () => {
  await using given = await GivenStore.start({ a: "1" });
  const locations = [given.directory.at("a")];
  const { id } = await given.jobs.submit({ holder: "another", locations, torrent: MAKE });
  await retain(given, []);
  equal((await given.jobs.find(id))?.state, "queued");
});

test("removing one source of several leaves the torrent to the other", async () => {
  const files = { "x/d/a": "12345", "y/d/a": "12345" };
  await using given = await GivenStore.start(files);
  const { infoHash } = (await given.publish("x/d")).entry;
  const { entry } = await given.publish("y/d");
  deepEqual([entry.infoHash, entry.sources.length], [infoHash, 2]);
  await retain(given, ["x/d"]);
  const left = await given.catalog.find(infoHash);
  deepEqual(
    left?.sources.map(({ location }) => location),
    [given.directory.at("x/d")],
  );
  equal((await given.readAll(entry)).toString(), "12345");
  given.directory.write("y/d/a", "67890");
  await given.publish("y/d");
  given.directory.write("x/d/a", "abcde");
  await given.publish("x/d");
  equal((await given.catalogued()).length, 2);
});

async function givenLong(paths: readonly string[]): Promise<GivenStore> {
  const given = await GivenStore.start();
  for (const path of paths) writeLong(given.directory.at(path), LONG_BYTES);
  return given;
}

async function retain(given: GivenStore, paths: readonly string[]): Promise<void> {
  const locations = paths.map((path) => given.locationOf(path));
  await given.bus.call(retainCall, { holder: HOLDER }, { locations });
}

async function isHashing(given: GivenStore, { id }: IngestJob): Promise<void> {
  for await (const update of given.jobs.follow(id)) {
    if (update.kind === "ended" || update.progress.phase === "hashing") return;
  }
}

async function isState(
  given: GivenStore,
  { id }: IngestJob,
  state: IngestJob["state"],
): Promise<void> {
  while ((await given.jobs.find(id))?.state !== state) await turn();
}

function raise(): never {
  throw new Error("there is no such job");
}
