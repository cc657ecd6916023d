import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { hash } from "node:crypto";
import { connect } from "node:net";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type CatalogEntry, type Presence, presenceEvent } from "@seedfleet/contracts";
import { type Catalog, openCatalog, watchPresence } from "@seedfleet/fleet";
import { makeMetainfo, parseMagnet, parseMetainfo } from "@seedfleet/metainfo";
import { loadConfig, printConfig } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { consoleConfig } from "./config.ts";
import { bindConsole, type RunningConsole, startConsole } from "./console.ts";

const CONFIG = { ...loadConfig(consoleConfig, {}), port: 0, id: "console-1" };
const TRACKERS = ["http://192.0.2.1:6969/announce", "http://192.0.2.2:6969/announce"];
const SECRET_PATH = "/srv/secret/place";

test("consoleConfig prints defaults that it reads back", () => {
  deepEqual(
    loadConfig(consoleConfig, parseEnv(printConfig(consoleConfig))),
    loadConfig(consoleConfig, {}),
  );
});

test("GET /torrents lists what is published, with a magnet that parses back", async () => {
  await using given = await GivenConsole.start();
  await given.tracker("tracker-1", TRACKERS);
  const [one, other] = [await given.publish("one"), await given.publish("é & ü")];
  const { status, body } = await given.get("/torrents");
  equal(status, 200);
  const { torrents } = JSON.parse(body);
  const expected = [one, other].toSorted((a, b) => (a.infoHash < b.infoHash ? -1 : 1));
  deepEqual(
    torrents.map(({ magnet: _, ...listed }: { magnet: string }) => listed),
    expected.map(({ name, infoHash }) => ({
      ...{ name, infoHash, infoHashV2: null, version: "v1", sizeBytes: 20_000 },
      ...{ pieceLengthBytes: 16_384, fileCount: 1, v1TorrentUrl: null },
      addedAt: "1970-01-01T00:00:01.000Z",
      incomplete: false,
      torrentUrl: `${given.console.url}/torrents/${infoHash}.torrent`,
    })),
  );
  for (const [index, { magnet }] of torrents.entries()) {
    const parsed = parseMagnet(magnet);
    ok("infoHash" in parsed);
    deepEqual(
      [parsed.infoHash, parsed.name, parsed.trackers],
      [expected[index]?.infoHash, expected[index]?.name, TRACKERS],
    );
  }
});

test("GET /torrents given nothing published lists nothing", async () => {
  await using given = await GivenConsole.start();
  deepEqual(JSON.parse((await given.get("/torrents")).body), { torrents: [] });
});

test("GET of a .torrent gives the same torrent with the trackers of this moment", async () => {
  await using given = await GivenConsole.start();
  const { infoHash } = await given.publish("one");
  const path = `/torrents/${infoHash}.torrent`;
  await given.tracker("tracker-1", TRACKERS.slice(0, 1));
  const first = await given.torrent(path);
  deepEqual([first.infoHash, first.trackers], [infoHash, [TRACKERS.slice(0, 1)]]);
  await given.tracker("tracker-2", TRACKERS.slice(1));
  deepEqual((await given.torrent(path)).trackers, [TRACKERS]);
  await given.tracker("tracker-1", TRACKERS.slice(0, 1), { draining: true });
  deepEqual((await given.torrent(path)).trackers, [TRACKERS.slice(1)]);
  const upper = await given.torrent(`/torrents/${infoHash.toUpperCase()}.torrent`);
  equal(upper.infoHash, infoHash);
});

test("GET of a .torrent while no tracker runs is to come back later", async () => {
  await using given = await GivenConsole.start();
  const { infoHash } = await given.publish("one");
  const { status, body } = await given.get(`/torrents/${infoHash}.torrent`);
  equal(status, 503);
  deepEqual(JSON.parse(body), { error: "no tracker is running; try again" });
  await given.tracker("tracker-1", TRACKERS);
  given.clock.advance(6_001);
  equal((await given.get(`/torrents/${infoHash}.torrent`)).status, 503);
});

const HASH = "ab".repeat(20);

const absent = [
  { given: "a torrent nobody published", path: `/torrents/${HASH}.torrent` },
  { given: "an info hash without its suffix", path: `/torrents/${HASH}` },
  { given: "no info hash", path: "/torrents/one.torrent" },
  { given: "an empty name", path: "/torrents/" },
  { given: "a way out", path: "/torrents/..%2f..%2fetc%2fpasswd" },
  { given: "a way out by dots", path: "/../../etc/passwd" },
  { given: "a broken escape", path: "/torrents/%zz" },
  { given: "a very long name", path: `/torrents/${"a".repeat(5_000)}.torrent` },
  { given: "another place", path: "/etc/passwd" },
] as const;

for (const { given: situation, path } of absent) {
  test(`GET of ${situation} is not there, and tells no secrets`, async () => {
    await using given = await GivenConsole.start();
    await given.publish("one");
    await given.tracker("tracker-1", TRACKERS);
    const { status, head, body } = await given.raw(`GET ${path} HTTP/1.1`);
    ok(status >= 400 && status < 500, `${status}`);
    match(head, /content-type: application\/json/i);
    equal(typeof JSON.parse(body).error, "string");
    ok(!body.includes("node_modules") && !body.includes(".ts:"));
    deepEqual(given.errors(), []);
  });
}

const others = [
  "POST /torrents HTTP/1.1\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\n{}",
  "DELETE /torrents HTTP/1.1",
  "PUT /torrents/x HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n{",
] as const;

for (const request of others) {
  test(`${request.split(" ", 2).join(" ")} is the client's mistake`, async () => {
    await using given = await GivenConsole.start();
    const { status } = await given.raw(request);
    ok(status >= 400 && status < 500, `${status}`);
    deepEqual(given.errors(), []);
  });
}

test("no route tells where content lies", async () => {
  await using given = await GivenConsole.start();
  const { infoHash } = await given.publish("one");
  await given.tracker("tracker-1", TRACKERS);
  for (const path of ["/", "/torrents", `/torrents/${infoHash}.torrent`, "/nothing"]) {
    const { body } = await given.get(path);
    ok(!body.includes("secret") && !body.includes("store-1"), path);
  }
});

test("a console says no more of what went wrong in it than to come back", async () => {
  await using given = await GivenConsole.start();
  await given.bus.close();
  const { status, body } = await given.get("/torrents");
  equal(status, 503);
  deepEqual(JSON.parse(body), { error: "the catalog cannot be read just now; try again" });
  equal(given.errors().length, 1);
});

test("a console that has its port and has not started asks to come back", async () => {
  await using bound = await bindConsole(CONFIG);
  for (const path of ["/", "/torrents", `/torrents/${HASH}.torrent`, "/nothing"]) {
    const response = await fetch(`${bound.url}${path}`);
    equal(response.status, 503);
    deepEqual(await response.json(), { error: "the console is starting; try again" });
  }
});

test("bindConsole() given a port in use says what to do", async () => {
  await using bound = await bindConsole(CONFIG);
  const port = Number(new URL(bound.url).port);
  await rejects(bindConsole({ ...CONFIG, port }), {
    message:
      `Cannot listen on 127.0.0.1:${port} for the console: the port is in use; ` +
      "stop the other program, choose another port, or 0 for a free one",
  });
});

test("startConsole() given a bus that fails gives the port back", async () => {
  const bound = await bindConsole(CONFIG);
  const port = Number(new URL(bound.url).port);
  const ports = { clock: new VirtualClock(), telemetry: recordingTelemetry() };
  const bus = createBus(openEmbeddedBus({ file: null }), ports);
  await bus.close();
  await rejects(startConsole({ ...ports, bus }, CONFIG, bound), { detail: { code: "bus-closed" } });
  await using again = await bindConsole({ ...CONFIG, port });
  equal(again.url, bound.url);
});

test("a console tells the fleet where it is, and that it goes", async () => {
  await using given = await GivenConsole.start({ advertisedUrl: "https://seeds.example" });
  const presence = watchPresence(given, ["console"]);
  deepEqual((await presence.first("console")).urls, ["https://seeds.example"]);
  match((await given.get("/")).body, /"torrents":"https:\/\/seeds\.example\/torrents"/);
  await given.console.drain();
  await given.bus.flush();
  deepEqual(presence.available("console"), []);
  deepEqual(given.console.ready(), { ready: false, reasons: ["draining"] });
  presence.stop();
});

type Answer = { readonly status: number; readonly head: string; readonly body: string };

class GivenConsole implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly telemetry: RecordingTelemetry = recordingTelemetry();
  readonly bus: Bus;
  readonly #started: { console: RunningConsole; catalog: Catalog; address: string }[] = [];

  private constructor() {
    this.bus = createBus(openEmbeddedBus({ file: null }), this);
  }

  static async start(config: Partial<typeof CONFIG> = {}): Promise<GivenConsole> {
    const given = new GivenConsole();
    const catalog = await openCatalog(given.bus, given.telemetry.log);
    const bound = await bindConsole(CONFIG);
    const settings = { ...CONFIG, ...config };
    const shown = { ...bound, url: config.advertisedUrl ?? bound.url };
    const running = await startConsole(given, settings, shown);
    given.#started.push({ console: running, catalog, address: bound.url });
    return given;
  }

  get console(): RunningConsole {
    return this.#parts.console;
  }

  async publish(name: string): Promise<CatalogEntry> {
    const metainfo = makeMetainfo({
      ...{ name, single: true, files: [{ path: [name], lengthBytes: 20_000 }] },
      ...{ pieceLengthBytes: 16_384, pieceHashes: hash("sha512", name, "buffer").subarray(0, 40) },
    });
    const parsed = parseMetainfo(metainfo);
    ok(parsed.kind === "metainfo");
    const entry: CatalogEntry = {
      ...{ infoHash: parsed.infoHash, name, sizeBytes: 20_000, contentBytes: 20_000 },
      pieceLengthBytes: 16_384,
      ...{
        pieceCount: 2,
        fileCount: 1,
        private: false,
        infoHashV2: null,
        version: "v1",
        aliases: [],
      },
      sources: [
        {
          ...{ holder: "store-1", shared: false, location: SECRET_PATH },
          fingerprint: "0".repeat(64),
        },
      ],
      addedAtMs: 1_000,
    };
    await this.#parts.catalog.publish(entry, metainfo);
    return entry;
  }

  async tracker(id: string, urls: string[], differing: Partial<Presence> = {}): Promise<void> {
    const presence: Presence = {
      ...{ role: "tracker", id, version: "0.1.0", startedAtMs: 0, draining: false },
      ...{ load: 0, peerAddress: null, urls, gateway: null, ...differing },
    };
    this.bus.publish(presenceEvent, { role: "tracker", id }, presence);
    await this.bus.flush();
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`${this.#parts.address}${path}`);
    equal(response.headers.get("x-content-type-options"), "nosniff");
    return { status: response.status, body: await response.text() };
  }

  async torrent(path: string) {
    const response = await fetch(`${this.#parts.address}${path}`);
    equal(response.headers.get("content-type"), "application/x-bittorrent");
    match(response.headers.get("content-disposition") ?? "", /^attachment; .*\.torrent"$/);
    const parsed = parseMetainfo(await response.bytes());
    ok(parsed.kind === "metainfo");
    return parsed;
  }

  /** Bytes as they are, which `fetch` would put right. */
  async raw(request: string): Promise<Answer> {
    const { hostname, port } = new URL(this.#parts.address);
    const socket = connect(Number(port), hostname).setEncoding("utf8");
    const [line, rest = "\r\n\r\n"] = request.split(/(?<=HTTP\/1\.1)/);
    socket.write(`${line}\r\nhost: ${hostname}\r\nconnection: close${rest}`);
    const [head = "", body = ""] = (await Array.fromAsync(socket)).join("").split("\r\n\r\n");
    return { status: Number(head.split(" ")[1]), head, body };
  }

  errors(): readonly unknown[] {
    return this.telemetry.recorded.logs.filter(({ level }) => level === "error");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.console[Symbol.asyncDispose]();
    await this.bus.close();
  }

  get #parts() {
    const [parts] = this.#started;
    ok(parts !== undefined);
    return parts;
  }
}
