import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { parseInfoHash } from "@seedfleet/bytes";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { type Mirror, manageCall } from "@seedfleet/contracts";
import { openCatalog, openMirrors } from "@seedfleet/fleet";
import { makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { FREE_PORTS, RunningCli, runToEnd } from "./testing.ts";

const QUIET = { SEEDFLEET_LOG_LEVEL: "silent" };
const HASH = parseInfoHash("ab".repeat(20));
const MAGNET = `magnet:?xt=urn:btih:${HASH}&dn=debian&tr=udp://127.0.0.1:1/`;
const PORTS = { clock: systemClock, telemetry: silentTelemetry };

describe("up --mirror", { concurrency: 2 }, () => {
  test("up --mirror has its own gateway download, for as long as it is named", recordsWhatIsNamed);
  test("up --mirror given what is no torrent leaves nothing behind", judgesFirst);
  realPartTest(["nats-server"], "up --mirror tells when it is complete", tellsTheEnd);
});

/** What is recorded in a data directory that nobody uses. */
async function recordedIn(place: GivenDirectory): Promise<readonly Mirror[]> {
  const bus = createBus(openEmbeddedBus({ file: place.at(".seedfleet/bus.sqlite") }), PORTS);
  const recorded = await (await openMirrors(bus, silentTelemetry.log)).list();
  await bus.close();
  return recorded;
}

async function recordsWhatIsNamed(): Promise<void> {
  using place = new GivenDirectory({ content: "12345" });
  const start = (...args: readonly string[]): RunningCli =>
    new RunningCli(["up", ...args, ...FREE_PORTS, "--json"], { cwd: place.path, env: QUIET });
  {
    await using running = start("--mirror", MAGNET, "--mirror", `${MAGNET}&dn=again`);
    const mirror = await running.event("mirror");
    const { torrents } = await running.event("ready");
    deepEqual([mirror["infoHash"], mirror["outcome"], torrents], [HASH, "added", []]);
    await running.event("mirroring");
    running.kill("SIGTERM");
    const { code, stderr } = await running.ended;
    deepEqual([code, stderr], [0, ""]);
  }
  const [recorded, ...others] = await recordedIn(place);
  deepEqual([recorded?.infoHash, recorded?.trackers], [HASH, [["udp://127.0.0.1:1/"]]]);
  deepEqual(others, []);
  {
    await using running = start("content");
    await running.event("ready");
    running.kill("SIGTERM");
    equal((await running.ended).code, 0);
  }
  deepEqual(await recordedIn(place), []);
}

async function judgesFirst(): Promise<void> {
  using place = new GivenDirectory();
  const args = ["up", "--mirror", "magnet:?dn=a", ...FREE_PORTS];
  const { code, stderr } = await runToEnd(args, { cwd: place.path, env: QUIET });
  equal(code, 1);
  match(stderr, /^seedfleet: Cannot take the magnet link: it has no info hash/);
  equal(existsSync(place.at(".seedfleet")), false);
}

async function tellsTheEnd(): Promise<void> {
  const torrent = makeMetainfo({
    ...{ name: "data.bin", single: true, pieceLengthBytes: 16_384 },
    ...{ files: [{ path: ["data.bin"], lengthBytes: 1 }], pieceHashes: Buffer.alloc(20) },
  });
  const metainfo = parseMetainfo(torrent);
  ok(metainfo.kind === "metainfo");
  const { infoHash } = metainfo;
  using place = new GivenDirectory({ "data.torrent": torrent });
  const nats = await startNatsServer();
  const options = { servers: [nats.url], user: null, password: null, token: null };
  const bus = await connectBus(options, { ...PORTS, name: "test" });
  try {
    const args = ["up", "--mirror", "data.torrent", "--bus", nats.url, ...FREE_PORTS, "--json"];
    await using running = new RunningCli(args, { cwd: place.path, env: QUIET });
    const { holder } = await running.event("mirror");
    await running.event("mirroring");
    // What its gateway does: makes room, and ends the mirror once all is there.
    await bus.call(manageCall, { holder: String(holder) }, { infoHash });
    ok(existsSync(place.at(".seedfleet/managed")));
    const mirrors = await openMirrors(bus, silentTelemetry.log);
    const catalog = await openCatalog(bus, silentTelemetry.log);
    await catalog.change(infoHash, (entry) => entry && { ...entry, incomplete: undefined });
    await mirrors.remove(infoHash);
    const { name, torrentUrl } = await running.event("torrent");
    equal(name, "data.bin");
    match(String(torrentUrl), /^http:\/\/127\.0\.0\.1:\d+\/torrents\/[0-9a-f]{40}\.torrent$/);
    running.kill("SIGTERM");
    equal((await running.ended).code, 0);
  } finally {
    await bus.close();
    await nats.stop();
  }
}
