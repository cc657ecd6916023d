import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { PeerAddress } from "@seedfleet/announce";
import { givenFields } from "@seedfleet/announce/testing";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import { seededRng } from "@seedfleet/runtime";
import { advanceUntil, Gathered, turn } from "@seedfleet/testkit";
import {
  type GivenClients,
  givenClients,
  givenHttpTracker,
  givenUdpTracker,
  soundUdpTracker,
} from "./testing.ts";
import { TrackerAnnounces } from "./tracker-announces.ts";

const PASSKEY = "0123456789abcdef";
const MINUTE_MS = 60_000;

const { infoHash, peerId } = givenFields();

test("TrackerAnnounces tells a tracker of the beginning, the end and its leaving", async () => {
  await using tracker = await givenTracker();
  await using given = givenClients();
  const download = givenDownload(given, [[tracker.url]]);
  download.announces.start();
  deepEqual(await download.peers.count(1), [{ host: "192.0.2.1", port: 6881 }]);
  given.clock.advance(30 * MINUTE_MS);
  await tracker.asked.count(2);
  await download.peers.count(2);
  download.announces.completed();
  await tracker.asked.count(3);
  await download.peers.count(3);
  await download.announces.stop(2_000);
  given.clock.advance(60 * MINUTE_MS);
  await turn();
  deepEqual(tracker.asked.items, [
    "started left=1000 numwant=200",
    "null left=1000 numwant=200",
    "completed left=1000 numwant=200",
    "stopped left=1000 numwant=0",
  ]);
});

test("TrackerAnnounces of a partial seed says so each time, but not when it leaves", async () => {
  await using tracker = await givenTracker();
  await using given = givenClients();
  const download = givenDownload(given, [[tracker.url]], { isPartial: true });
  download.announces.start();
  await download.peers.count(1);
  given.clock.advance(30 * MINUTE_MS);
  await download.peers.count(2);
  await download.announces.stop(2_000);
  deepEqual(
    tracker.asked.items.map((line) => line.split(" ")[0]),
    ["paused", "paused", "stopped"],
  );
});

test("TrackerAnnounces goes on to the next tier, and says why", async () => {
  await using gone = await givenHttpTracker((_request, response) => {
    response.end(`d14:failure reason24:no user ${PASSKEY}e`);
  });
  await using udp = await givenUdpTracker(soundUdpTracker);
  await using given = givenClients();
  const trackers = [
    [`http://127.0.0.1:${gone.port}/${PASSKEY}/announce`],
    [`udp://127.0.0.1:${udp.port}/announce`],
  ];
  const download = givenDownload(given, trackers);
  download.announces.start();
  await download.peers.count(1);
  const shown = download.announces.status().map(({ url, state, reason, seeders }) => {
    return { url, state, reason, seeders };
  });
  deepEqual(shown, [
    {
      url: `http://127.0.0.1:${gone.port}/…`,
      state: "failing",
      reason: "no user …",
      seeders: null,
    },
    { url: `udp://127.0.0.1:${udp.port}/announce`, state: "answering", reason: null, seeders: 1 },
  ]);
  ok(!JSON.stringify(given.telemetry.recorded.logs).includes(PASSKEY));
  equal(given.telemetry.recorded.logs.filter(({ level }) => level === "info").length, 1);
  await download.announces.stop(2_000);
});

test("TrackerAnnounces says a failure once, until the tracker answers again", async () => {
  let isWell = false;
  const asked = new Gathered<null>();
  await using tracker = await givenHttpTracker((_request, response) => {
    response.end(isWell ? "d8:intervali60ee" : "d14:failure reason2:noe");
    asked.add(null);
  });
  await using given = givenClients();
  const download = givenDownload(given, [[`http://127.0.0.1:${tracker.port}/`]]);
  download.announces.start();
  const { logs } = given.telemetry.recorded;
  for (const [index, well] of [false, false, true, false].entries()) {
    isWell = well;
    await advanceUntil(given.clock, 1_000, asked.count(index + 1));
    while (logs.length <= index) await turn();
  }
  deepEqual(
    logs.map(({ level, message }) => `${level} ${message}`),
    [
      "info tracker does not take announces",
      "debug tracker does not take announces",
      "debug tracker answered",
      "info tracker does not take announces",
    ],
  );
  await download.announces.stop(0);
});

test("TrackerAnnounces announces each info hash of a hybrid", async () => {
  const v2 = parseInfoHash("ab".repeat(20));
  ok(v2 !== null);
  const hashes = new Gathered<string>();
  await using udp = await givenUdpTracker((packet) => {
    if (packet.length > 16) hashes.add(packet.toString("hex", 16, 36));
    return soundUdpTracker(packet);
  });
  await using given = givenClients();
  const url = `udp://127.0.0.1:${udp.port}/announce`;
  const download = givenDownload(given, [[url]], { infoHashes: [infoHash, v2] });
  download.announces.start();
  await download.peers.count(2);
  deepEqual(hashes.items.toSorted(), [v2, infoHash].toSorted());
  await download.announces.stop(2_000);
  equal(hashes.items.length, 4);
});

test("TrackerAnnounces gives no peers at addresses that the gateway does not go to", async () => {
  await using tracker = await givenTracker(
    "c0000201 1ae1 0a000001 1ae1 7f000001 1ae1 a9fea9fe 0050",
  );
  await using given = givenClients();
  const download = givenDownload(given, [[tracker.url]]);
  download.announces.start();
  await download.peers.count(3);
  await download.announces.stop(2_000);
  deepEqual(
    download.peers.items.map(({ host }) => host),
    ["192.0.2.1", "10.0.0.1", "127.0.0.1"],
  );
});

test("TrackerAnnounces asks sooner once peers are wanted", async () => {
  await using tracker = await givenTracker();
  await using given = givenClients();
  const download = givenDownload(given, [[tracker.url]]);
  download.wants = false;
  download.announces.start();
  await download.peers.count(1);
  given.clock.advance(10 * MINUTE_MS);
  equal(tracker.asked.items.length, 1);
  download.wants = true;
  given.clock.advance(15_000);
  await tracker.asked.count(2);
  await download.announces.stop(2_000);
});

test("TrackerAnnounces.stop() takes no longer than it may", async () => {
  let isAway = false;
  const stopped = new Gathered<null>();
  await using udp = await givenUdpTracker((packet) => {
    if (isAway) stopped.add(null);
    return isAway ? null : soundUdpTracker(packet);
  });
  await using given = givenClients();
  const download = givenDownload(given, [[`udp://127.0.0.1:${udp.port}`]]);
  download.announces.start();
  await download.peers.count(1);
  isAway = true;
  const ended = download.announces.stop(2_000);
  await stopped.count(1);
  given.clock.advance(1_999);
  await turn();
  given.clock.advance(1);
  await ended;
  equal(given.clock.nowMs(), 2_000);
});

test("TrackerAnnounces.stop() ends an announce that is under way", async () => {
  const asked = new Gathered<null>();
  await using tracker = await givenHttpTracker(() => asked.add(null));
  await using given = givenClients();
  const download = givenDownload(given, [[`http://127.0.0.1:${tracker.port}/`]]);
  download.announces.start();
  await asked.count(1);
  await download.announces.stop(2_000);
  equal(given.clock.nowMs(), 0);
  deepEqual(given.telemetry.recorded.logs, []);
});

/** A tracker over HTTP that gives peers in hexadecimal, and what it was told. */
async function givenTracker(peersHex = "c00002011ae1") {
  const asked = new Gathered<string>();
  const server = await givenHttpTracker((request, response) => {
    const query = new URL(request.url ?? "", "http://tracker.example").searchParams;
    asked.add(`${query.get("event")} left=${query.get("left")} numwant=${query.get("numwant")}`);
    const peers = Buffer.from(peersHex.replaceAll(" ", ""), "hex");
    response.write(`d8:intervali1800e5:peers${peers.length}:`);
    response.write(peers);
    response.end("e");
  });
  return {
    asked,
    url: `http://127.0.0.1:${server.port}/announce`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

type GivenDownload = {
  readonly announces: TrackerAnnounces;
  readonly peers: Gathered<PeerAddress>;
  wants: boolean;
};

function givenDownload(
  { clock, telemetry, clients }: GivenClients,
  trackers: readonly (readonly string[])[],
  options: { readonly infoHashes?: readonly InfoHash[]; readonly isPartial?: boolean } = {},
): GivenDownload {
  const peers = new Gathered<PeerAddress>();
  const ports = { clock, log: telemetry.log, chance: seededRng(1), clients };
  const { infoHashes = [infoHash], isPartial = false } = options;
  const announces = new TrackerAnnounces(
    ports,
    { infoHashes, peerId, port: 6881, key: 7, trackers },
    {
      peers: (addresses) => addresses.forEach(peers.add),
      counts: () => ({ uploadedBytes: 0, downloadedBytes: 0, leftBytes: 1_000, isPartial }),
      wantsPeers: () => download.wants,
    },
  );
  const download = { announces, peers, wants: true };
  return download;
}
