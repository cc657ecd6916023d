import { deepEqual, ok } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { presenceEvent } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { loadConfig, seededRng } from "@seedfleet/runtime";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import { trackerConfig } from "../config.ts";
import {
  addressesOf,
  decoded,
  givenEntry,
  givenPresence,
  givenQuery,
  INFO_HASH,
  percentEncoded,
} from "../testing.ts";
import { startTracker } from "../tracker.ts";

const KEPT = "00".repeat(20);
const TABLE = "192.0.2.0/24 eu\n198.51.100.0/24 us\n";
const EU_GATEWAY = "203.0.113.1:6881";
const US_GATEWAY = "203.0.113.2:6881";
const EU_PEERS = [1, 2, 3].map((number) => `192.0.2.${number}:7000`);
const US_PEERS = [1, 2, 3].map((number) => `198.51.100.${number}:7000`);

test("a tracker hands out who is in the asker's zone first, of the table it reads", async () => {
  await using tracker = await givenZonedTracker();
  for (const peer of [...EU_PEERS, ...US_PEERS]) await tracker.peersOf(INFO_HASH, peer);
  const [gateway, ...peers] = await tracker.peersOf(INFO_HASH, "198.51.100.9:7000");
  deepEqual(gateway, US_GATEWAY);
  const near = peers.filter((peer) => peer.startsWith("198.51."));
  deepEqual(near.toSorted(), US_PEERS);
  // The other zone's gateway and peers only come behind.
  deepEqual(peers.filter((peer) => peer !== EU_GATEWAY).slice(0, near.length), near);
});

test("a tracker tells a torrent's peers of gateways of its zones only", async () => {
  await using tracker = await givenZonedTracker();
  deepEqual(await tracker.peersOf(KEPT, "198.51.100.9:7000"), [EU_GATEWAY]);
  const both = await tracker.peersOf(INFO_HASH, "198.51.100.9:7000");
  deepEqual(both.toSorted(), [EU_GATEWAY, US_GATEWAY]);
});

type ZonedTracker = AsyncDisposable & {
  /** Announces a leecher at `host:port`; whom it is told of. */
  peersOf(infoHash: string, peer: string): Promise<readonly string[]>;
};

/** A tracker with a table of zones, a gateway in each, and `KEPT` kept to one of them. */
async function givenZonedTracker(): Promise<ZonedTracker> {
  await using starting = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "seedfleet-zones-"));
  starting.defer(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "zones"), TABLE);
  const config = loadConfig(trackerConfig, {
    SEEDFLEET_TRACKER_HANDOUT_POLICY: "nearest",
    SEEDFLEET_TRACKER_ZONES_FILE: join(directory, "zones"),
    // The peers of the test say where they are.
    SEEDFLEET_TRACKER_TRUSTED_NETWORKS: "127.0.0.0/8",
  });
  const clock = new VirtualClock();
  const telemetry = recordingTelemetry();
  const bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
  starting.defer(() => bus.close());
  const catalog = await openCatalog(bus, telemetry.log);
  const ports = { bus, clock, telemetry, rng: seededRng(1) };
  const tracker = starting.use(
    await startTracker(ports, { ...config, host: "127.0.0.1", port: 0, id: "tracker-1" }),
  );
  await catalog.publish(givenEntry(INFO_HASH), new Uint8Array(1));
  await catalog.publish({ ...givenEntry(KEPT), zones: ["eu"] }, new Uint8Array(1));
  for (const [id, zone, endpoint] of [
    ["gateway-1", "eu", EU_GATEWAY],
    ["gateway-2", "us", US_GATEWAY],
  ] as const) {
    const [host = "", port] = endpoint.split(":");
    const peerAddress = { host, port: Number(port) };
    const presence = givenPresence(id, { peerAddress, zone });
    bus.publish(presenceEvent, { role: "gateway", id }, presence);
  }
  await bus.flush();
  await advanceUntil(clock, 100, tracker.caughtUp);
  // Presence is read again twice a second.
  clock.advance(1_000);
  ok(tracker.ready().ready);
  const running = starting.move();
  return {
    async peersOf(infoHash, peer) {
      const [ip = null, port = null] = peer.split(":");
      const query = givenQuery({ info_hash: percentEncoded(infoHash), ip, port });
      const response = await fetch(`http://127.0.0.1:${tracker.port}/announce?${query}`);
      return addressesOf(decoded(new Uint8Array(await response.arrayBuffer()))["peers"]);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
