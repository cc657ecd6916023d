import { deepEqual, equal, rejects } from "node:assert/strict";
import { renameSync } from "node:fs";
import { test } from "node:test";
import type { Bus } from "@seedfleet/bus";
import { INGEST_BUCKET } from "@seedfleet/contracts";
import { GivenStore, HOLDER, remote } from "./testing.ts";

const HASHED = "seedfleet_piece_store_hashed_bytes";
const TORRENTS = "seedfleet_piece_store_torrents";

test("a store that starts anew hashes nothing, and looks at no content", async () => {
  await using given = await GivenStore.start(filesOf(20));
  for (const path of Object.keys(filesOf(20))) await given.publish(path);
  equal(given.telemetry.recorded.total(HASHED), 20 * 1_000);
  // What lies on a disk that is not there yet is looked at when it is asked for.
  renameSync(given.directory.at("t"), given.directory.at("away"));
  await given.restart();
  const { recorded } = given.telemetry;
  deepEqual([recorded.total(HASHED), recorded.gauge(TORRENTS)], [0, 20]);
  deepEqual(given.store.ready(), { ready: true, reasons: [] });
  deepEqual(recorded.logs, []);
  renameSync(given.directory.at("away"), given.directory.at("t"));
  for (const { infoHash, sizeBytes } of await given.catalog.list()) {
    equal((await given.read({ infoHash, length: sizeBytes })).length, sizeBytes);
  }
  equal(recorded.total(HASHED), 0);
});

test("how often a start asks the bus has nothing to do with how much is known", async () => {
  await using given = await GivenStore.start(filesOf(30));
  const asked: number[] = [];
  for (const published of [[], Object.keys(filesOf(30))]) {
    for (const path of published) await given.publish(path);
    const counting = new CountingBus(given.bus);
    await given.restart(counting.bus);
    asked.push(counting.reads);
  }
  const [none, thirty] = asked;
  equal(thirty, none);
  equal(given.telemetry.recorded.gauge(TORRENTS), 30);
});

test("what is published from elsewhere or by another store is not among what is held", async () => {
  await using given = await GivenStore.start(filesOf(3));
  const [first, second] = [await given.publish("t/0"), await given.publish("t/1")];
  await using other = await GivenStore.start(filesOf(3), { id: "store-2" }, { bus: given.bus });
  await other.publish("t/2");
  await given.catalog.remove(first.entry.infoHash);
  await given.restart();
  equal(given.telemetry.recorded.gauge(TORRENTS), 1);
  const { infoHash } = second.entry;
  equal((await given.read({ infoHash, length: 5 })).length, 5);
  await rejects(given.read({ infoHash: first.entry.infoHash }), remote("torrent-unknown"));
});

test("a start for which a bucket cannot be opened fails, and the next goes on", async () => {
  await using given = await GivenStore.start(filesOf(1));
  await given.publish("t/0");
  const failing = new Proxy(given.bus, {
    get(target, name) {
      if (name === "objectStore") return () => Promise.reject(new Error("no space"));
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  await rejects(given.restart(failing), { message: "no space" });
  await given.restart();
  equal(given.telemetry.recorded.gauge(TORRENTS), 1);
  deepEqual(
    (await given.catalog.list()).map(({ sources }) => sources[0]?.holder),
    [HOLDER],
  );
});

function filesOf(count: number): Record<string, Uint8Array> {
  const entries = Array.from({ length: count }, (_, at) => [`t/${at}`, Buffer.alloc(1_000, at)]);
  return Object.fromEntries(entries);
}

/** A bus that counts what is read by its key or name. Jobs of the past are read in passing. */
class CountingBus {
  readonly bus: Bus;
  reads = 0;

  constructor(bus: Bus) {
    const counted = async <Store extends object>(opening: Promise<Store>): Promise<Store> =>
      new Proxy(await opening, {
        get: (store, name) => {
          if (name === "get") this.reads += 1;
          const member: unknown = Reflect.get(store, name, store);
          return typeof member === "function" ? member.bind(store) : member;
        },
      });
    this.bus = new Proxy(bus, {
      get(target, name) {
        if (name === "keyValue") {
          return (bucket: string) => {
            const opening = target.keyValue(bucket);
            return bucket === INGEST_BUCKET ? opening : counted(opening);
          };
        }
        if (name === "objectStore") return (bucket: string) => counted(target.objectStore(bucket));
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  }
}
