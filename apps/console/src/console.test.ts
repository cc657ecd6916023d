import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { presenceAskedEvent } from "@seedfleet/contracts";
import { watchPresence } from "@seedfleet/fleet";
import { parseMagnet } from "@seedfleet/metainfo";
import { loadConfig, printConfig } from "@seedfleet/runtime";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { consoleConfig } from "./config.ts";
import { bindConsole, startConsole } from "./console.ts";
import { CONFIG, GivenConsole } from "./testing.ts";
import { TRACKER_WAIT_MS } from "./torrent-file.ts";

const TRACKERS = ["http://192.0.2.1:6969/announce", "http://192.0.2.2:6969/announce"];

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
  const asked = given.bus.subscribe(presenceAskedEvent, {}, () =>
    given.clock.advance(TRACKER_WAIT_MS),
  );
  const { status, body } = await given.get(`/torrents/${infoHash}.torrent`);
  equal(status, 503);
  deepEqual(JSON.parse(body), { error: "no tracker is running; try again" });
  await given.tracker("tracker-1", TRACKERS);
  given.clock.advance(6_001);
  equal((await given.get(`/torrents/${infoHash}.torrent`)).status, 503);
  // One that is late, but there.
  asked.unsubscribe();
  given.bus.subscribe(presenceAskedEvent, {}, () => void given.tracker("tracker-1", TRACKERS));
  deepEqual((await given.torrent(`/torrents/${infoHash}.torrent`)).trackers, [TRACKERS]);
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
