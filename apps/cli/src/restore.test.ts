import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { CONDITION_BUCKET, catalogChangedEvent } from "@seedfleet/contracts";
import { makeMetainfo } from "@seedfleet/metainfo";
import { givenEntry, givenInfoHash, givenSource } from "./fleet-testing.ts";
import { GivenMirroring, givenSeed } from "./mirror-testing.ts";
import { restoreTorrent } from "./restore.ts";

const HASH = givenInfoHash("ab");
const OPTIONS = {
  ...{ infoHash: HASH, gateways: 2, peers: [], trackers: [], dht: false },
  ...{ store: null, wait: false },
} as const;

const SOURCES = [givenSource("/srv/debian", "store-1"), givenSource("managed:ab", "store-2")];

class GivenBad extends GivenMirroring {
  /** Publishes it, with its own trackers or none. */
  async publish(trackers: readonly string[][], sources = SOURCES): Promise<void> {
    const metainfo = makeMetainfo({
      ...{ name: "debian", single: true, pieceLengthBytes: 16_384, trackers },
      ...{ files: [{ path: ["debian"], lengthBytes: 1 }], pieceHashes: Buffer.alloc(20) },
    });
    await (await this.catalog()).publish(givenEntry("debian", { sources }), metainfo);
  }

  async spoil(holder: string, location: string): Promise<void> {
    const conditions = await this.bus.keyValue(CONDITION_BUCKET);
    const badPieces = [{ location, piece: 1, foundAtMs: 1 }];
    const value = JSON.stringify({ stale: [], badPieces });
    await conditions.put(`${holder}.${HASH}`, Buffer.from(value));
  }

  restore(differing: Partial<Parameters<typeof restoreTorrent>[1]> = {}): Promise<void> {
    const { bus, clock, presence, reporter } = this;
    const ports = { bus, clock, presence, reporter, signal: new AbortController().signal };
    return restoreTorrent(ports, { ...OPTIONS, ...differing });
  }
}

test("seedfleet restore asks the torrent's own trackers, for the store that has need", async () => {
  await using given = new GivenBad();
  await given.publish([["udp://own/"]]);
  await given.spoil("store-2", "managed:ab");
  await given.restore({ trackers: ["udp://named/"] });
  const [mirror] = await (await given.mirrors()).list();
  deepEqual(
    [mirror?.purpose, mirror?.holder, mirror?.trackers],
    ["restore", "store-2", [["udp://named/"], ["udp://own/"]]],
  );
});

test("seedfleet restore asks those that a mirror had by a magnet is announced to", async () => {
  await using given = new GivenBad();
  await given.publish([]);
  await given.spoil("store-2", "managed:ab");
  await (await given.seeds()).add(givenSeed());
  await given.restore();
  const [mirror] = await (await given.mirrors()).list();
  deepEqual([mirror?.purpose, mirror?.trackers], ["restore", [["udp://a/", "udp://b/"]]]);
});

test("seedfleet restore has nobody offer what is bad of managed content", async () => {
  await using given = new GivenBad();
  const changed: string[] = [];
  given.bus.subscribe(catalogChangedEvent, {}, ({ infoHash }) => void changed.push(infoHash));
  await given.publish([["udp://own/"]], [givenSource("managed:ab", "store-2")]);
  await given.spoil("store-2", "managed:ab");
  await given.restore();
  // Again, with what helps: it is marked already.
  await given.restore({ trackers: ["udp://named/"] });
  await given.bus.flush();
  const catalog = await given.catalog();
  deepEqual([(await catalog.find(HASH))?.incomplete, changed], [true, [HASH]]);
  await given.publish([["udp://own/"]]);
  await given.restore();
  equal((await catalog.find(HASH))?.incomplete, undefined, "a published source has all of it");
});

test("seedfleet restore needs a bad piece, and somebody to ask for it", async () => {
  await using given = new GivenBad();
  await rejects(given.restore(), { detail: { code: "torrent-unknown" } });
  await given.publish([]);
  await rejects(given.restore(), {
    message: `Cannot restore debian (${HASH}): no bad piece of it is known; see seedfleet check`,
    detail: { code: "no-bad-pieces" },
  });
  await given.spoil("store-1", "/srv/debian");
  await rejects(given.restore(), { detail: { code: "swarm-unknown" } });
  await rejects(given.restore({ store: "store-2", dht: true }), {
    message: /: no bad piece of it is known at store-2, but store-1; see seedfleet check$/,
  });
  await given.restore({ dht: true });
  equal((await (await given.mirrors()).list()).length, 1);
});

test("seedfleet restore given several stores with bad pieces must be told which", async () => {
  await using given = new GivenBad();
  await given.publish([["udp://own/"]]);
  await given.spoil("store-1", "/srv/debian");
  await given.spoil("store-2", "managed:ab");
  await rejects(given.restore(), {
    message: /name one with --store: store-1, store-2$/,
    detail: { code: "piece-store-unclear" },
  });
  await given.restore({ store: "store-1" });
  equal((await (await given.mirrors()).list())[0]?.holder, "store-1");
});

test("seedfleet restore writes to no bucket, and not to what is still downloaded", async () => {
  await using given = new GivenBad();
  await given.publish([["udp://own/"]], [givenSource("s3://bucket/debian")]);
  await given.spoil("store-1", "s3://bucket/debian");
  await rejects(given.restore(), { detail: { code: "content-unwritable" } });
  const entry = givenEntry("debian", { incomplete: true });
  await (await given.catalog()).publish(entry, new Uint8Array());
  await rejects(given.restore(), { detail: { code: "torrent-incomplete" } });
});
