import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { Bus } from "@seedfleet/bus";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { HASH_MEMO_BUCKET, METAINFO_BUCKET, TRACKER_USER_BUCKET } from "@seedfleet/contracts";
import { openBudgets, openCatalog } from "@seedfleet/fleet";
import { errorCode, systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { GivenFleet, givenEntry, givenInfoHash } from "../fleet-testing.ts";
import { runToEnd } from "../testing.ts";
import { recordsOf } from "./back-up.ts";
import { readBackup, writeBackup } from "./backup-file.ts";
import type { BackupRecord } from "./backup-format.ts";
import { assertFleetEmpty, restoreRecords } from "./restore-records.ts";

const { log } = silentTelemetry;

/** Longer than a chunk of NATS's objects. */
const METAINFO = Buffer.alloc(300_000, "metainfo");

test("what is restored from a backup is what the fleet had", async () => {
  await using fleet = new GivenFleet();
  await fill(fleet.bus);
  using directory = new GivenDirectory({});
  const file = directory.at("backup");
  await writeBackup(recordsOf(fleet.bus), { file, force: false, nowMs: 1 });
  equal((await stat(file)).mode & 0o777, 0o600);

  await using other = new GivenFleet();
  await assertFleetEmpty(other.bus);
  await restoreRecords(other.bus, readBackup(file));
  await same(other.bus, fleet.bus);
  await rejects(assertFleetEmpty(other.bus), (error) => errorCode(error) === "fleet-not-empty");
});

test("an entry of the catalog comes behind its metainfo", async () => {
  await using fleet = new GivenFleet();
  await fill(fleet.bus);
  const metainfo = new Set<string>();
  for await (const { kind, bucket, key } of recordsOf(fleet.bus)) {
    if (kind === "object") metainfo.add(key);
    if (bucket === "seedfleet-catalog") equal(metainfo.has(key), true);
  }
});

test("writeBackup() leaves a file that is there alone unless it is forced", async () => {
  await using fleet = new GivenFleet();
  using directory = new GivenDirectory({ backup: Buffer.from("old") });
  const file = directory.at("backup");
  const write = (force: boolean) => writeBackup(recordsOf(fleet.bus), { file, force, nowMs: 1 });
  await rejects(write(false), (error) => errorCode(error) === "backup-file-exists");
  equal(await readFile(file, "utf8"), "old");
  equal(await write(true), 0);
});

test("writeBackup() leaves no half of a file when the bus goes", async () => {
  using directory = new GivenDirectory({});
  const file = directory.at("backup");
  async function* broken(): AsyncGenerator<BackupRecord> {
    yield { kind: "key-value", bucket: "seedfleet-catalog", key: "a", value: METAINFO };
    throw new Error("gone");
  }
  await rejects(writeBackup(broken(), { file, force: false, nowMs: 1 }), /gone/);
  deepEqual(await readdir(directory.path), []);
});

realPartTest(["nats-server"], "seedfleet backup and restore, from NATS to NATS", async (t) => {
  const [from, to] = [await startNatsServer(), await startNatsServer()];
  const buses: Bus[] = [];
  t.after(async () => {
    for (const bus of buses) await bus.close();
    for (const nats of [from, to]) await nats.stop();
  });
  const [source, target] = [await connect(from.url), await connect(to.url)];
  buses.push(source, target);
  await fill(source);
  using directory = new GivenDirectory({});
  const run = (command: string, url: string, ...args: readonly string[]) =>
    runToEnd([command, "backup", "--bus", url, ...args], { cwd: directory.path });
  equal((await run("backup", from.url)).code, 0);

  // Nothing is written of a file that is not whole.
  const whole = await readFile(directory.at("backup"), "utf8");
  await writeFile(directory.at("backup"), whole.slice(0, -20));
  const cut = await run("restore-backup", to.url);
  equal(cut.code, 1);
  match(cut.stderr, /Cannot use the backup/);
  await assertFleetEmpty(target);

  await writeFile(directory.at("backup"), whole);
  const restored = await run("restore-backup", to.url);
  equal(restored.code, 0);
  match(restored.stdout, /seedfleet-catalog: 2 records\n/);
  await same(target, source);
  match((await run("restore-backup", to.url)).stderr, /add --force/);
  equal((await run("restore-backup", to.url, "--force")).code, 0);
});

/** Two torrents, one of them published no more, a budget and a user. */
async function fill(bus: Bus): Promise<void> {
  const catalog = await openCatalog(bus, log);
  await catalog.publish(givenEntry("one", { infoHash: givenInfoHash("01") }), METAINFO);
  await catalog.publish(givenEntry("two", { infoHash: givenInfoHash("02") }), METAINFO);
  const retired = givenInfoHash("03");
  await catalog.putMetainfo(retired, METAINFO);
  const memo = { infoHash: retired, fingerprint: "0".repeat(64) };
  const memos = await bus.keyValue(HASH_MEMO_BUCKET);
  await memos.put("store-1.abc", Buffer.from(JSON.stringify(memo)));
  await (await openBudgets(bus, log)).set("fleet", 1_000_000);
  await (await bus.keyValue(TRACKER_USER_BUCKET)).put("user-1", Buffer.from("{}"));
}

async function same(bus: Bus, expected: Bus): Promise<void> {
  deepEqual(await all(bus), await all(expected));
  const metainfo = await bus.objectStore(METAINFO_BUCKET);
  for (const name of ["01", "02", "03"]) {
    deepEqual(Buffer.from((await metainfo.get(givenInfoHash(name))) ?? []), METAINFO);
  }
}

async function all(bus: Bus): Promise<readonly string[]> {
  const records = await Array.fromAsync(recordsOf(bus));
  return records.map(({ value, ...at }) => JSON.stringify([at, Buffer.from(value)])).toSorted();
}

function connect(url: string): Promise<Bus> {
  const options = { servers: [url], user: null, password: null, token: null };
  return connectBus(options, { clock: systemClock, telemetry: silentTelemetry, name: "test" });
}
