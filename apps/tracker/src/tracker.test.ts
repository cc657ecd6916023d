import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { downloadTraceId, parsePeerId } from "@seedfleet/bytes";
import { presenceEvent, trackerSizesCall } from "@seedfleet/contracts";
import { type Catalog, openCatalog, watchPresence } from "@seedfleet/fleet";
import { loadConfig, seededRng } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import { trackerConfig } from "./config.ts";
import { DELTA_INTERVAL_MS } from "./replicas/tracker-replica.ts";
import {
  addressesOf,
  type DecodedReply,
  decoded,
  givenEntry,
  givenPresence,
  givenQuery,
  INFO_HASH,
  PEER_ID,
  percentEncoded,
} from "./testing.ts";
import { bindTracker, type RunningTracker, startTracker } from "./tracker.ts";

const OTHER = "00".repeat(20);

test("a tracker refuses a torrent nobody published, and one that was removed", async () => {
  await using fleet = await givenFleet();
  const refusal = { "failure reason": "Torrent is not registered with this tracker" };
  deepEqual(await fleet.announce({ info_hash: percentEncoded(OTHER) }), refusal);
  await fleet.announce();
  await fleet.catalog.remove(givenEntry().infoHash);
  await fleet.bus.flush();
  deepEqual(await fleet.announce(), refusal);
  await fleet.publish(INFO_HASH);
  equal((await fleet.announce({ port: "2" }))["incomplete"], 1);
});

test("a tracker tells two peers of each other, until one stops", async () => {
  await using fleet = await givenFleet();
  deepEqual(addressesOf((await fleet.announce({ port: "1" }))["peers"]), []);
  deepEqual(addressesOf((await fleet.announce({ port: "2" }))["peers"]), ["127.0.0.1:1"]);
  deepEqual(addressesOf((await fleet.announce({ port: "1" }))["peers"]), ["127.0.0.1:2"]);
  await fleet.announce({ port: "1", event: "stopped" });
  deepEqual(addressesOf((await fleet.announce({ port: "2" }))["peers"]), []);
});

test("a tracker tells gateways how many leechers and seeders their swarms have", async () => {
  await using fleet = await givenFleet();
  await fleet.announce({ port: "1" });
  await fleet.announce({ port: "2", left: "0" });
  await fleet.announce({ port: "3", left: "0" });
  const infoHashes = [givenEntry(OTHER).infoHash, givenEntry().infoHash];
  const { sizes } = await fleet.bus.call(trackerSizesCall, {}, { infoHashes });
  deepEqual(sizes, [
    [0, 0],
    [1, 2],
  ]);
});

test("a tracker brings peers of all a hybrid's hashes together", async () => {
  await using fleet = await givenFleet();
  const entry = givenEntry();
  await fleet.catalog.change(entry.infoHash, () => ({
    ...entry,
    aliases: [givenEntry(OTHER).infoHash],
  }));
  await fleet.bus.flush();
  await fleet.announce({ port: "1" });
  const byAlias = { info_hash: percentEncoded(OTHER) };
  deepEqual(addressesOf((await fleet.announce({ ...byAlias, port: "2" }))["peers"]), [
    "127.0.0.1:1",
  ]);
  // A client that takes part by both is one peer.
  await fleet.announce({ ...byAlias, port: "1" });
  equal((await fleet.announce({ port: "3" }))["incomplete"], 3);
  await fleet.catalog.remove(entry.infoHash);
  await fleet.bus.flush();
  equal("failure reason" in (await fleet.announce({ ...byAlias, port: "2" })), true);
});

test("a tracker hands out a live gateway first, and counts it as a seed", async () => {
  await using fleet = await givenFleet();
  ok(isAbout((await fleet.announce({ port: "1" }))["interval"], 60));
  const presence = givenPresence("gateway-1");
  fleet.bus.publish(presenceEvent, { role: "gateway", id: "gateway-1" }, presence);
  await fleet.bus.flush();
  const reply = await fleet.announce({ port: "2" });
  deepEqual(addressesOf(reply["peers"]), ["192.0.2.1:6881", "127.0.0.1:1"]);
  deepEqual([reply["complete"], reply["incomplete"]], [1, 2]);
  ok(isAbout(reply["interval"], 1_800));
  deepEqual(addressesOf((await fleet.announce({ numwant: "0" }))["peers"]), []);
});

test("a tracker answers in dictionaries when asked to", async () => {
  await using fleet = await givenFleet();
  await fleet.announce({ port: "1" });
  const reply = await fleet.announce({ port: "2", compact: "0", no_peer_id: "1" });
  deepEqual(reply["peers"], [{ ip: "127.0.0.1", port: 1 }]);
});

test("a tracker forgets a peer that let its interval and a half pass", async () => {
  await using fleet = await givenFleet();
  await fleet.announce({ port: "1" });
  fleet.clock.advance(2_700_000);
  equal((await fleet.announce({ port: "2" }))["incomplete"], 2);
  fleet.clock.advance(5_000);
  equal((await fleet.announce({ port: "2" }))["incomplete"], 1);
});

test("a tracker scrapes what is registered and leaves the rest out", async () => {
  await using fleet = await givenFleet();
  await fleet.announce({ port: "1" });
  await fleet.announce({ port: "1", left: "0", event: "completed" });
  const hashes = [INFO_HASH, OTHER].map((hash) => `info_hash=${percentEncoded(hash)}`).join("&");
  // The decoder gives a key that is not text in hexadecimal.
  deepEqual(await fleet.ask(`/scrape?${hashes}`), {
    files: { [INFO_HASH]: { complete: 1, downloaded: 1, downloaders: 0, incomplete: 0 } },
  });
  deepEqual(await fleet.ask("/scrape"), {
    "failure reason": "Scrape needs an info_hash",
    "retry in": "never",
  });
});

const malformed = [
  { given: "no query", path: "/announce" },
  { given: "a short info hash", path: `/announce?${givenQuery({ info_hash: "abc" })}` },
  { given: "port 0", path: `/announce?${givenQuery({ port: "0" })}` },
  { given: "a broken escape", path: `/announce?${givenQuery({ key: "%zz" })}` },
  { given: "a repeated key", path: `/announce?${givenQuery()}&port=1` },
  { given: "negative left", path: `/announce?${givenQuery({ left: "-5" })}` },
  { given: "9 KiB", path: `/announce?${givenQuery({ key: "a".repeat(9_216) })}` },
  { given: "64 KiB", path: `/announce?${givenQuery({ key: "a".repeat(65_536) })}` },
] as const;

test("a tracker answers every malformed announce with a reason, and counts it", async () => {
  await using fleet = await givenFleet();
  for (const { given, path } of malformed) {
    const reply = await fleet.ask(path);
    equal(typeof reply["failure reason"], "string", given);
  }
  const count = (name: string): number => fleet.telemetry.recorded.total(name) ?? 0;
  const counted = count("seedfleet_tracker_announces") + count("seedfleet_tracker_refusals");
  equal(counted, malformed.length);
});

test("a tracker's announce is in the trace of the download", async () => {
  await using fleet = await givenFleet();
  await fleet.announce();
  fleet.clock.advance(DELTA_INTERVAL_MS);
  const peerId = parsePeerId(PEER_ID);
  ok(peerId !== null);
  deepEqual(
    fleet.telemetry.recorded.spans.map(({ traceId }) => traceId),
    [downloadTraceId(givenEntry().infoHash, peerId)],
  );
});

test("a tracker tells the fleet that it is there, and that it drains", async () => {
  await using fleet = await givenFleet();
  const presence = watchPresence(fleet, ["tracker"]);
  const { id, urls } = await presence.first("tracker");
  deepEqual({ id, urls }, { id: "tracker-1", urls: fleet.tracker.announceUrls });
  deepEqual(fleet.tracker.ready(), { ready: true, reasons: [] });
  await fleet.tracker.drain();
  await fleet.bus.flush();
  deepEqual(presence.available("tracker"), []);
  deepEqual(fleet.tracker.ready(), { ready: false, reasons: ["draining"] });
  await rejects(fleet.ask("/announce"));
  presence.stop();
});

test("startTracker() given a bus that fails gives the port back", async () => {
  const [clock, telemetry] = [new VirtualClock(), recordingTelemetry()];
  const bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
  await bus.close();
  const listener = await bindTracker(config);
  const { port } = listener.replicas;
  const ports = { telemetry, clock, bus, rng: seededRng(1) };
  await rejects(startTracker(ports, config, listener), { detail: { code: "bus-closed" } });
  const again = await bindTracker({ ...config, port });
  equal(again.replicas.port, port);
  await again[Symbol.asyncDispose]();
});

test("startTracker() given every address needs one to advertise", async () => {
  await using fleet = await givenFleet();
  const ports = { ...fleet, rng: seededRng(1) };
  const everywhere = { ...config, host: "0.0.0.0" };
  await rejects(startTracker(ports, everywhere), {
    detail: { code: "address-not-advertisable", host: "0.0.0.0" },
  });
  await using tracker = await startTracker(ports, { ...everywhere, advertisedHost: "t.example" });
  match(tracker.announceUrls[0] ?? "", /^http:\/\/t\.example:\d+\/announce$/);
});

/** Intervals differ by a tenth, so that clients do not come back together. */
function isAbout(interval: unknown, seconds: number): boolean {
  return typeof interval === "number" && Math.abs(interval - seconds) <= seconds / 10;
}

const config = { ...loadConfig(trackerConfig, {}), port: 0, id: "tracker-1" };

type Fleet = AsyncDisposable & {
  readonly bus: Bus;
  readonly clock: VirtualClock;
  readonly telemetry: RecordingTelemetry;
  readonly catalog: Catalog;
  readonly tracker: RunningTracker;
  publish(infoHash: string): Promise<void>;
  announce(differing?: Readonly<Record<string, string | null>>): Promise<DecodedReply>;
  ask(path: string): Promise<DecodedReply>;
};

/** A bus, a tracker, and `INFO_HASH` in the catalog. */
async function givenFleet(): Promise<Fleet> {
  const clock = new VirtualClock();
  const telemetry = recordingTelemetry();
  const bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
  const catalog = await openCatalog(bus, telemetry.log);
  const tracker = await startTracker({ bus, clock, telemetry, rng: seededRng(1) }, config);
  const publish = async (infoHash: string): Promise<void> => {
    await catalog.publish(givenEntry(infoHash), new Uint8Array(1));
    await bus.flush();
  };
  await publish(INFO_HASH);
  await advanceUntil(clock, 100, tracker.caughtUp);
  ok(tracker.ready().ready);
  const ask = async (path: string): Promise<DecodedReply> => {
    const response = await fetch(`http://127.0.0.1:${tracker.port}${path}`);
    equal(response.headers.get("content-type"), "text/plain");
    return decoded(new Uint8Array(await response.arrayBuffer()));
  };
  return {
    ...{ bus, clock, telemetry, catalog, tracker, publish, ask },
    announce: (differing = {}) => ask(`/announce?${givenQuery(differing)}`),
    async [Symbol.asyncDispose]() {
      await tracker[Symbol.asyncDispose]();
      await bus.close();
    },
  };
}
