import { deepEqual, equal, match, ok } from "node:assert/strict";
import { hash } from "node:crypto";
import { readFileSync, utimesSync } from "node:fs";
import { describe, test } from "node:test";
import type { Bus } from "@seedfleet/bus";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { readPieceCall } from "@seedfleet/contracts";
import { openCatalog, openIngestJobs } from "@seedfleet/fleet";
import { makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import {
  pieceStoreConfig,
  type RunningPieceStore,
  startPieceStore,
} from "@seedfleet/piece-store/service";
import { errorCode, loadConfig, systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { type NatsServer, realPartTest, startNatsServer } from "@seedfleet/testkit";
import { givenRequest } from "./fleet-testing.ts";
import { type CliEvent, type Ended, eventsOf, runToEnd } from "./testing.ts";

const PIECE = 16_384;

/** Ten pieces and a bit, none like another. */
const CONTENT = Buffer.alloc(10 * PIECE + 5);
for (let at = 0; at + 4 <= CONTENT.length; at += 4) CONTENT.writeUInt32LE(at, at);

const PIECE_HASHES = Array.from({ length: 11 }, (_, piece) =>
  hash("sha1", CONTENT.subarray(piece * PIECE, (piece + 1) * PIECE), "buffer"),
);

const TORRENT = makeMetainfo({
  ...{ name: "data.bin", single: true, pieceLengthBytes: PIECE, trackers: [["udp://old/"]] },
  files: [{ path: ["data.bin"], lengthBytes: CONTENT.length }],
  pieceHashes: Buffer.concat(PIECE_HASHES),
});

const PARSED = parseMetainfo(TORRENT);
ok(PARSED.kind === "metainfo");
const { infoHash } = PARSED;

/** A nats-server, piece-stores in this process, and the command as a process of its own. */
class GivenFleetOverNats implements AsyncDisposable {
  readonly directory: GivenDirectory;
  readonly nats: NatsServer;
  readonly bus: Bus;
  readonly #stores: RunningPieceStore[] = [];

  private constructor(nats: NatsServer, bus: Bus) {
    this.nats = nats;
    this.bus = bus;
    this.directory = new GivenDirectory({ "data.torrent": TORRENT, "a/data.bin": CONTENT });
  }

  static async start(...stores: readonly string[]): Promise<GivenFleetOverNats> {
    const nats = await startNatsServer();
    const bus = await connect(nats.url, "test");
    const given = new GivenFleetOverNats(nats, bus);
    for (const id of stores) await given.startStore(id);
    return given;
  }

  async startStore(id: string): Promise<void> {
    const config = { ...loadConfig(pieceStoreConfig, {}), roots: [this.directory.path] };
    const ports = { bus: this.bus, clock: systemClock, telemetry: silentTelemetry };
    const quiet = { cacheBytes: 0, scrubBytesPerSecond: 0, hashThreads: 1 };
    this.#stores.push(await startPieceStore(ports, { ...config, ...quiet, id }));
  }

  run(...args: readonly string[]): Promise<Ended> {
    return runToEnd([...args, "--bus", this.nats.url], { cwd: this.directory.path });
  }

  async events(...args: readonly string[]): Promise<{ code: number | null; events: CliEvent[] }> {
    const { code, stdout } = await this.run(...args, "--json");
    return { code, events: eventsOf(stdout) };
  }

  /** The content with one byte of a piece changed, and the time it had before. */
  spoil(path: string, piece: number): void {
    const spoilt = Buffer.from(readFileSync(this.directory.at(path)));
    spoilt[piece * PIECE] = 1 + (spoilt[piece * PIECE] ?? 0);
    this.directory.write(path, spoilt);
  }

  /** Why the store does not give a piece; null when it does. */
  async refusal(holder: string, piece: number): Promise<string | null> {
    const read = { infoHash, piece, begin: 0, length: 1, verify: false };
    try {
      await Array.fromAsync(this.bus.stream(readPieceCall, { holder }, read));
      return null;
    } catch (error) {
      const detail = error instanceof Error && "detail" in error ? error.detail : null;
      const isRemote = typeof detail === "object" && detail !== null && "remoteCode" in detail;
      return isRemote ? String(detail.remoteCode) : errorCode(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store[Symbol.asyncDispose]();
    await this.bus.close();
    await this.nats.stop();
    this.directory[Symbol.dispose]();
  }
}

function connect(url: string, name: string): Promise<Bus> {
  const options = { servers: [url], user: null, password: null, token: null };
  return connectBus(options, { clock: systemClock, telemetry: silentTelemetry, name });
}

/** A test against a real bus. */
function fleetTest(title: string, run: () => Promise<void>): void {
  realPartTest(["nats-server"], title, run);
}

// Each is a fleet of its own, and waits for processes that start and end most of the time.
describe("seedfleet in a fleet", { concurrency: 3 }, () => {
  fleetTest("seedfleet adopt --check now seeds content by its torrent", adopts);
  fleetTest(
    "seedfleet adopt gives the store's own reason where the content does not fit",
    tellsTheReason,
  );
  fleetTest("seedfleet check finds a bad piece, and ends with 1", findsBadPieces);
  fleetTest("seedfleet check takes back content that was only touched", takesBack);
  fleetTest("seedfleet check says which place it could not check", tellsWhereItCouldNot);
  fleetTest("seedfleet jobs and cancel work while no store runs", worksWithoutStores);
  fleetTest("seedfleet adopt needs a store that is there", needsAStore);
  test("seedfleet adopt judges the torrent before it asks for a fleet", judgesFirst);

  for (const args of [
    ...[["ls"], ["jobs"], ["cancel", "a"], ["check", infoHash]],
    ...[["gateways"], ["preheat", infoHash], ["drain", "a"]],
  ]) {
    test(`seedfleet ${args[0]} given no bus says so in one line`, async () => {
      const { code, stdout, stderr } = await runToEnd([...args, "--bus", "nats://127.0.0.1:1"], {
        cwd: import.meta.dirname,
      });
      deepEqual([code, stdout], [1, ""]);
      match(stderr, /^seedfleet: Cannot [^\n]*127\.0\.0\.1:1[^\n]*\n$/);
    });
  }
});

async function adopts(): Promise<void> {
  await using given = await GivenFleetOverNats.start("store-1");
  // Only the directory is named: clients save a torrent's content in one.
  const adopted = await given.events("adopt", "data.torrent", "a", "--check", "now");
  deepEqual(
    [adopted.code, adopted.events.at(-1)],
    [
      0,
      {
        ...{ event: "torrent", name: "data.bin", infoHash, sizeBytes: CONTENT.length },
        torrentUrl: null,
      },
    ],
  );
  // So little may be hashed before the first look at how far it is.
  ok(adopted.events.slice(0, -1).every(({ event }) => event === "hashing"));
  const catalog = await openCatalog(given.bus, silentTelemetry.log);
  deepEqual(Buffer.from((await catalog.metainfo(infoHash)) ?? []), Buffer.from(TORRENT));
  equal(await given.refusal("store-1", 3), null);

  const listed = await given.run("ls");
  const location = given.directory.at("a/data.bin");
  equal(listed.stdout, `data.bin  164 kB  v1  ${infoHash}\n  store-1  ${location}  ok\n`);
  const { events: jobs } = await given.events("jobs");
  deepEqual(
    jobs.map(({ kind, state, name }) => ({ kind, state, name })),
    [{ kind: "adopt", state: "done", name: "data.bin" }],
  );
  const checked = await given.run("check", infoHash);
  deepEqual([checked.code, checked.stdout], [0, `store-1  ${location}  ok\n`]);
}

async function tellsTheReason(): Promise<void> {
  await using given = await GivenFleetOverNats.start("store-1");
  given.directory.write("short/data.bin", CONTENT.subarray(1));
  given.directory.write("bad/data.bin", CONTENT);
  given.spoil("bad/data.bin", 4);
  const cases = [
    { args: ["nowhere"], code: "content-missing" },
    { args: ["short"], code: "content-mismatch" },
    { args: ["bad", "--check", "now"], code: "content-mismatch" },
    { args: ["/etc"], code: "path-outside-roots" },
  ];
  for (const { args, code: expected } of cases) {
    const { code, events } = await given.events("adopt", "data.torrent", ...args);
    deepEqual([code, events.at(-1)?.["code"]], [1, expected], args.join(" "));
  }
  const { stdout } = await given.run("jobs");
  equal(stdout.match(/ {2}failed /g)?.length, cases.length);
  equal((await given.run("ls")).stdout, "Nothing is published\n");
}

async function findsBadPieces(): Promise<void> {
  await using given = await GivenFleetOverNats.start("store-1", "store-2");
  given.spoil("a/data.bin", 3);
  given.spoil("a/data.bin", 9);
  given.directory.write("b/data.bin", CONTENT);
  const adopt = ["adopt", "data.torrent", "--check", "first-use", "--store"];
  equal((await given.run(...adopt, "store-1", "a")).code, 0);
  equal((await given.run("check", infoHash)).code, 1);

  const { code, events } = await given.events("check", infoHash);
  equal(code, 1);
  const location = given.directory.at("a/data.bin");
  const [checked] = events.filter(({ event }) => event === "checked");
  deepEqual(checked, {
    ...{ event: "checked", infoHash, name: "data.bin", pieces: 11, holder: "store-1", location },
    ...{ managed: false, stalePath: null, badPieces: [3, 9], moreBadPieces: false },
    failure: null,
  });
  deepEqual(events.at(-1)?.["code"], "pieces-bad");
  const text = await given.run("check", infoHash.toUpperCase());
  equal(text.stdout, `store-1  ${location}  2 bad pieces of 11\n`);
  equal(text.stderr, `seedfleet: data.bin (${infoHash}) has 2 bad pieces\n`);
  match((await given.run("ls")).stdout, / {2}2 bad pieces\n$/);

  // A second holder is checked as well, and has them right.
  equal((await given.run(...adopt, "store-2", "b")).code, 0);
  const both = await given.events("check", infoHash);
  const told = both.events.filter(({ event }) => event === "checked");
  deepEqual(told.map(({ holder }) => holder).toSorted(), ["store-1", "store-2"]);
  deepEqual(told.find(({ holder }) => holder === "store-2")?.["badPieces"], []);
}

async function takesBack(): Promise<void> {
  await using given = await GivenFleetOverNats.start("store-1");
  equal((await given.run("adopt", "data.torrent", "a", "--check=first-use")).code, 0);
  const location = given.directory.at("a/data.bin");
  utimesSync(location, 1, 1);
  equal(await given.refusal("store-1", 0), "content-changed");
  match((await given.run("ls")).stdout, / {2}stale: \S*data\.bin has changed\n$/);
  const checked = await given.run("check", infoHash);
  deepEqual([checked.code, checked.stdout], [0, `store-1  ${location}  ok\n`]);
  equal(await given.refusal("store-1", 0), null);
  match((await given.run("ls")).stdout, / {2}ok\n$/);
}

async function tellsWhereItCouldNot(): Promise<void> {
  await using given = await GivenFleetOverNats.start("store-1");
  given.directory.write("b/data.bin", CONTENT);
  equal((await given.run("adopt", "data.torrent", "a", "b", "--check=first-use")).code, 0);
  const catalog = await openCatalog(given.bus, silentTelemetry.log);
  await catalog.change(infoHash, (entry) => {
    const [first, second] = entry?.sources ?? [];
    if (entry === null || first === undefined || second === undefined) return entry;
    const gone = { ...first, location: given.directory.at("gone/data.bin") };
    return { ...entry, sources: [gone, second, { ...first, holder: "store-9" }] };
  });
  const { code, events } = await given.events("check", infoHash);
  equal(code, 1);
  const told = events.filter(({ event }) => event === "checked");
  const failures = told.map(({ holder, location, failure }) => {
    const why = typeof failure === "object" && failure !== null ? Object.values(failure)[0] : null;
    return [holder, String(location).split("/").at(-2), why];
  });
  deepEqual(failures.toSorted(), [
    ["store-1", "b", null],
    ["store-1", "gone", "content-missing"],
    ["store-9", "a", "piece-store-away"],
  ]);
  const { stderr } = await given.run("check", infoHash);
  match(stderr, /^seedfleet: data\.bin \([0-9a-f]{40}\) has 2 places not checked\n$/);
  const unknown = await given.run("check", "0".repeat(40));
  equal(unknown.code, 1);
  match(unknown.stderr, /^seedfleet: Cannot check 0{40}: the fleet does not seed it; see/);
}

async function worksWithoutStores(): Promise<void> {
  await using given = await GivenFleetOverNats.start();
  const jobs = await openIngestJobs({ bus: given.bus, clock: systemClock });
  const { id } = await jobs.submit(givenRequest());
  match((await given.run("jobs")).stdout, new RegExp(`^${id}  queued     check  /srv/debian\n`));
  const cancelled = await given.run("cancel", id);
  deepEqual([cancelled.code, cancelled.stdout], [0, `Cancelled ${id}  /srv/debian\n`]);
  match((await given.run("jobs")).stdout, /^[0-9a-f]{32} {2}cancelled /);
  const again = await given.run("cancel", "no-such-job");
  deepEqual([again.code, again.stdout], [1, ""]);
}

async function needsAStore(): Promise<void> {
  await using given = await GivenFleetOverNats.start("store-1");
  const { code, stderr } = await given.run("adopt", "data.torrent", "a", "--store", "store-2");
  equal(code, 1);
  equal(stderr, 'seedfleet: Cannot adopt: no piece-store "store-2" is running, but store-1\n');
}

async function judgesFirst(): Promise<void> {
  using directory = new GivenDirectory({ "bad.torrent": "d4:infod4:name1:aee" });
  const bus = ["--bus", "nats://127.0.0.1:1"];
  const refused = await runToEnd(["adopt", "bad.torrent", "a", ...bus], { cwd: directory.path });
  equal(refused.code, 1);
  match(refused.stderr, /^seedfleet: Cannot take bad\.torrent: [^\n]*\(torrent-missing-piece-l/);
}
