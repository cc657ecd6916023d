import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type Bus, createBus } from "@seedfleet/bus";
import { connectNatsBus } from "@seedfleet/bus-nats";
import { parseInfoHash, parseInfoHashV2 } from "@seedfleet/bytes";
import {
  MIRROR_BUCKET,
  MIRROR_PEERS_MAX,
  MIRROR_TRACKERS_MAX,
  MIRRORS_MAX,
  type Mirror,
} from "@seedfleet/contracts";
import { errorCode, systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { gatewaysOf, type Mirrors, openMirrors } from "./mirrors.ts";
import { rendezvous } from "./rendezvous.ts";
import { GivenBus } from "./testing.ts";

function givenMirror(number: number, differing: Partial<Mirror> = {}): Mirror {
  const infoHash = parseInfoHash(number.toString(16).padStart(40, "0"));
  ok(infoHash !== null);
  return {
    ...{ infoHash, infoHashV2: null, name: null, trackers: [["udp://a/"]], webSeeds: [] },
    ...{ peers: [], holder: "store-1", purpose: "mirror", gateways: 2, dht: false },
    addedAtMs: 1_000,
    ...differing,
  };
}

type Run = (given: { readonly bus: Bus; readonly mirrors: Mirrors }) => Promise<void>;

/** The same over the bus in memory and over NATS. */
function onBothBuses(title: string, run: Run): void {
  test(`${title} (embedded)`, async () => {
    await using given = new GivenBus();
    await run({ bus: given.bus, mirrors: await openMirrors(given.bus, given.telemetry.log) });
  });
  realPartTest(["nats-server"], `${title} (NATS)`, async () => {
    const nats = await startNatsServer();
    const clock = systemClock;
    const transport = await connectNatsBus({ servers: [nats.url], name: "test" }, { clock });
    const bus = createBus(transport, { clock, telemetry: silentTelemetry });
    try {
      await run({ bus, mirrors: await openMirrors(bus, silentTelemetry.log) });
    } finally {
      await bus.close();
      await nats.stop();
    }
  });
}

onBothBuses("mirrors last until they are removed, and a watch knows of that", async (given) => {
  const { mirrors } = given;
  const [first, second] = [givenMirror(1), givenMirror(2)];
  deepEqual(await mirrors.add(second), { mirror: second, outcome: "added" });
  let news = Promise.withResolvers<void>();
  const watch = await mirrors.watch(() => news.resolve());
  deepEqual([...watch.now], [[second.infoHash, second]]);
  await mirrors.add(first);
  await news.promise;
  deepEqual([...watch.now.values()], [first, second]);
  deepEqual(await mirrors.list(), [first, second]);
  deepEqual(await mirrors.get(first.infoHash), first);
  news = Promise.withResolvers();
  equal(await mirrors.remove(second.infoHash), true);
  await news.promise;
  deepEqual([...watch.now.values()], [first]);
  equal(await mirrors.remove(second.infoHash), false);
  equal(await mirrors.get(second.infoHash), null);
  watch.stop();
});

onBothBuses("a mirror that is asked for again takes on what is new", async ({ mirrors }) => {
  const before = givenMirror(1, { trackers: [["udp://a/", "udp://b/"]] });
  await mirrors.add(before);
  const same = givenMirror(1, { holder: "store-2", addedAtMs: 2_000, trackers: [["udp://b/"]] });
  deepEqual(await mirrors.add(same), { mirror: before, outcome: "known" });
  const infoHashV2 = parseInfoHashV2("cd".repeat(32));
  const more = givenMirror(1, {
    ...{ infoHashV2, name: "debian", trackers: [["udp://c/", "udp://a/"]], dht: true },
    ...{ webSeeds: ["http://w/"], peers: [{ host: "h", port: 1 }], gateways: 4 },
  });
  const merged = {
    ...more,
    trackers: [["udp://a/", "udp://b/"], ["udp://c/"]],
  };
  deepEqual(await mirrors.add(more), { mirror: merged, outcome: "merged" });
  deepEqual(await mirrors.get(before.infoHash), merged);
});

onBothBuses("whoever adds to one mirror at once loses nothing", async ({ mirrors }) => {
  const peers = Array.from({ length: 8 }, (_, at) => ({ host: `h${at}`, port: 1 }));
  await Promise.all(peers.map((peer) => mirrors.add(givenMirror(1, { peers: [peer] }))));
  const found = await mirrors.get(givenMirror(1).infoHash);
  deepEqual(new Set(found?.peers.map(({ host }) => host)), new Set(peers.map(({ host }) => host)));
});

test("a mirror has no more addresses than may be, its own first", async () => {
  await using given = new GivenBus();
  const mirrors = await openMirrors(given.bus, given.telemetry.log);
  const of = (prefix: string): Mirror =>
    givenMirror(1, {
      trackers: Array.from({ length: MIRROR_TRACKERS_MAX - 1 }, (_, at) => [`${prefix}://${at}/`]),
      peers: Array.from({ length: MIRROR_PEERS_MAX }, (_, at) => ({ host: prefix, port: at + 1 })),
    });
  await mirrors.add(of("udp"));
  const { mirror } = await mirrors.add(of("http"));
  deepEqual(mirror.trackers, [...of("udp").trackers, ["http://0/"]]);
  deepEqual(mirror.peers, of("udp").peers);
});

test("a mirror that cannot be read is none, and one that was there stays", async () => {
  await using given = new GivenBus();
  const mirrors = await openMirrors(given.bus, given.telemetry.log);
  const [first, second] = [givenMirror(1), givenMirror(2)];
  await mirrors.add(first);
  const watch = await mirrors.watch(() => {});
  const records = await given.bus.keyValue(MIRROR_BUCKET);
  await records.put(first.infoHash, Buffer.from("no JSON"));
  await records.put(second.infoHash, Buffer.from(JSON.stringify(first)));
  await records.put("what.else", Buffer.from(JSON.stringify(first)));
  await given.bus.flush();
  deepEqual([...watch.now.values()], [first]);
  deepEqual(await mirrors.list(), []);
  equal((await mirrors.add(second)).outcome, "added");
  watch.stop();
});

test("a mirror that nobody could read is refused", async () => {
  await using given = new GivenBus();
  const mirrors = await openMirrors(given.bus, given.telemetry.log);
  await rejects(mirrors.add(givenMirror(1, { gateways: 0 })), isCode("bus-invalid-payload"));
});

test("not more mirrors are added than may be, and the watch holds no more", async () => {
  await using given = new GivenBus();
  const mirrors = await openMirrors(given.bus, given.telemetry.log);
  const records = await given.bus.keyValue(MIRROR_BUCKET);
  for (let number = 1; number <= MIRRORS_MAX; number += 1) {
    const each = givenMirror(number);
    await records.put(each.infoHash, Buffer.from(JSON.stringify(each)));
  }
  await rejects(mirrors.add(givenMirror(MIRRORS_MAX + 1)), isCode("mirrors-full"));
  equal((await mirrors.add(givenMirror(1, { name: "a" }))).outcome, "merged");
  // Somebody else may have been as quick, so that there is one more.
  const extra = givenMirror(0);
  await records.put(extra.infoHash, Buffer.from(JSON.stringify(extra)));
  const watch = await mirrors.watch(() => {});
  equal(watch.now.size, MIRRORS_MAX);
  deepEqual([...watch.now.keys()][0], extra.infoHash);
  deepEqual(await mirrors.list(), [...watch.now.values()]);
  watch.stop();
});

test("gatewaysOf() gives the first by rank, whoever leaves", () => {
  const ids = Array.from({ length: 6 }, (_, at) => `gateway-${at}`);
  for (let number = 0; number < 100; number += 1) {
    const mirror = givenMirror(number, { gateways: 3 });
    const chosen = gatewaysOf(mirror, ids);
    equal(chosen.length, 3);
    equal(chosen[0], rendezvous(mirror.infoHash, ids));
    deepEqual(gatewaysOf(mirror, [...ids.toReversed(), ...ids]), chosen);
    const without = ids.filter((id) => id !== chosen[1]);
    deepEqual(gatewaysOf(mirror, without).slice(0, 2), [chosen[0], chosen[2]]);
  }
  deepEqual(gatewaysOf(givenMirror(1), []), []);
  deepEqual(gatewaysOf(givenMirror(1), ["only"]), ["only"]);
});

function isCode(code: string): (error: unknown) => boolean {
  return (error) => errorCode(error) === code;
}
