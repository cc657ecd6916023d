import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import type { Bus } from "@seedfleet/bus";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import {
  type Mirror,
  type MirrorProgress,
  manageCall,
  mirrorProgressEvent,
  type Presence,
} from "@seedfleet/contracts";
import { announcePresence, type Mirrors, openCatalog, openMirrors } from "@seedfleet/fleet";
import { makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import { pieceStoreConfig, startPieceStore } from "@seedfleet/piece-store/service";
import { loadConfig, systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { givenProgress } from "./mirror-testing.ts";
import { eventsOf, RunningCli, runToEnd } from "./testing.ts";

const TORRENT = makeMetainfo({
  ...{ name: "data.bin", single: true, pieceLengthBytes: 16_384, trackers: [["udp://own/"]] },
  ...{ files: [{ path: ["data.bin"], lengthBytes: 1 }], pieceHashes: Buffer.alloc(20) },
});
const PARSED = parseMetainfo(TORRENT);
ok(PARSED.kind === "metainfo");
const { infoHash } = PARSED;

/** A nats-server, a piece-store that keeps content, and what a gateway does seen from outside. */
class GivenDownloads implements AsyncDisposable {
  readonly place: GivenDirectory = new GivenDirectory({ "data.torrent": TORRENT });
  readonly url: string;
  readonly bus: Bus;
  readonly mirrors: Mirrors;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    opened: { readonly url: string; readonly bus: Bus; readonly mirrors: Mirrors },
    stack: AsyncDisposableStack,
  ) {
    this.url = opened.url;
    this.bus = opened.bus;
    this.mirrors = opened.mirrors;
    this.#stack = stack;
    stack.defer(() => this.place[Symbol.dispose]());
  }

  static async start(): Promise<GivenDownloads> {
    const stack = new AsyncDisposableStack();
    const nats = await startNatsServer();
    stack.defer(() => nats.stop());
    const options = { servers: [nats.url], user: null, password: null, token: null };
    const ports = { clock: systemClock, telemetry: silentTelemetry };
    const bus = await connectBus(options, { ...ports, name: "test" });
    stack.defer(() => bus.close());
    const mirrors = await openMirrors(bus, silentTelemetry.log);
    const given = new GivenDownloads({ url: nats.url, bus, mirrors }, stack);
    const config = { ...loadConfig(pieceStoreConfig, {}), id: "store-1" };
    const own = { managedRoot: given.place.at("managed"), scrubBytesPerSecond: 0, hashThreads: 1 };
    stack.use(await startPieceStore({ ...ports, bus }, { ...config, ...own }));
    const presence: Presence = {
      ...{ role: "gateway", id: "gateway-1", version: "0.1.0", startedAtMs: 0, load: 0 },
      ...{ draining: false, peerAddress: null, urls: [], gateway: null },
    };
    const announcer = announcePresence({ ...ports, bus }, () => presence);
    stack.defer(() => announcer.stop());
    return given;
  }

  start(...args: readonly string[]): RunningCli {
    return new RunningCli([...args, "--bus", this.url], { cwd: this.place.path });
  }

  /** Resolves with the record, once it is there. */
  async recorded(): Promise<Mirror> {
    let news = Promise.withResolvers<void>();
    const watch = await this.mirrors.watch(() => news.resolve());
    while (true) {
      const found = watch.now.get(infoHash);
      if (found !== undefined) {
        watch.stop();
        return found;
      }
      await news.promise;
      news = Promise.withResolvers();
    }
  }

  progress(differing: Partial<MirrorProgress>): void {
    this.bus.publish(mirrorProgressEvent, { infoHash }, givenProgress(differing));
  }

  /** What a gateway does when the last piece is there. */
  async complete(): Promise<void> {
    await this.bus.call(manageCall, { holder: "store-1" }, { infoHash });
    const catalog = await openCatalog(this.bus, silentTelemetry.log);
    await catalog.change(infoHash, (entry) => {
      if (entry === null) return null;
      const { incomplete: _, ...complete } = entry;
      return complete;
    });
    await this.mirrors.remove(infoHash);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

describe("seedfleet mirror in a fleet", { concurrency: 2 }, () => {
  realPartTest(["nats-server"], "seedfleet mirror FILE is followed to its end", followsToTheEnd);
  realPartTest(["nats-server"], "seedfleet mirror URL goes on after Ctrl-C", goesOnAlone);
  test("seedfleet mirror judges what it is given before it asks for a fleet", judgesFirst);
  for (const args of [
    ...[["mirrors"], ["restore", infoHash], ["cancel", infoHash]],
    ["mirror", `magnet:?xt=urn:btih:${infoHash}`],
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

async function followsToTheEnd(): Promise<void> {
  await using given = await GivenDownloads.start();
  const args = ["mirror", "data.torrent", "--tracker", "udp://named/", "--peer", "192.0.2.1:1"];
  await using running = given.start(...args, "--json");
  const { holder, trackers, peers, purpose } = await given.recorded();
  deepEqual(
    [holder, trackers, peers, purpose],
    ["store-1", [["udp://named/"], ["udp://own/"]], [{ host: "192.0.2.1", port: 1 }], "mirror"],
  );
  await running.event("mirroring");
  given.progress({ state: "paused", reason: "the disk is full" });
  await running.until((said) => said.includes("the disk is full"));
  await given.complete();
  const { code, stdout } = await running.ended;
  equal(code, 0);
  const events = eventsOf(stdout);
  deepEqual([...new Set(events.map(({ event }) => event))], ["mirror", "mirroring", "torrent"]);
  const listed = events.at(-1);
  deepEqual([listed?.["name"], listed?.["infoHash"]], ["data.bin", infoHash]);

  await using again = given.start("mirror", "data.torrent");
  const ended = await again.ended;
  deepEqual([ended.code, ended.stdout], [0, `data.bin  1 B  ${infoHash}\n`]);
  equal(ended.stderr, "The fleet has all of data.bin already, and announces it to its swarm\n");
}

async function goesOnAlone(): Promise<void> {
  await using given = await GivenDownloads.start();
  const server = createServer((_, response) => response.end(TORRENT)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await using running = given.start("mirror", `http://127.0.0.1:${port}/data`);
  await running.untilError((said) => said.includes("waiting: for gateway-1"));
  running.kill("SIGINT");
  const { code, stdout, stderr } = await running.ended;
  deepEqual([code, stdout], [1, ""]);
  match(stderr, /\nseedfleet: Stopped following data\.bin: the mirror goes on; see seedfleet /);
  server.close();

  await using added = given.start("mirror", "data.torrent", "--dht", "--no-wait");
  const second = await added.ended;
  equal(second.code, 0);
  match(
    second.stderr,
    /^data\.bin \([0-9a-f]{40}\) is mirrored already, to store-1 by 2 gateways;/,
  );
  await using listing = given.start("mirrors");
  match(
    (await listing.ended).stdout,
    /^data\.bin {2}[0-9a-f]{40}\n {2}waiting: nothing new from g/,
  );
  await using cancelling = given.start("cancel", infoHash);
  equal((await cancelling.ended).stdout, "Cancelled the mirror of data.bin\n");
  deepEqual(await given.mirrors.list(), []);
}

async function judgesFirst(): Promise<void> {
  using place = new GivenDirectory({ "no.torrent": "<html>" });
  for (const [named, says] of [
    ["no.torrent", /^seedfleet: Cannot take no\.torrent: /],
    ["magnet:?dn=a", /^seedfleet: Cannot take the magnet link: it has no info hash/],
    ["http://127.0.0.1:1/a.torrent", /^seedfleet: Cannot download http:[^\n]*\n$/],
  ] as const) {
    const { code, stdout, stderr } = await runToEnd(["mirror", named], { cwd: place.path });
    deepEqual([code, stdout], [1, ""]);
    match(stderr, says);
  }
}
