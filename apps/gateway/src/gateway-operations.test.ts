import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import {
  drainCall,
  type GatewayPresence,
  type PieceRead,
  type PreheatProgress,
  type PreheatRequest,
  preheatCall,
} from "@seedfleet/contracts";
import { openCatalog, watchPresence } from "@seedfleet/fleet";
import { errorCode } from "@seedfleet/runtime";
import { advanceUntil } from "@seedfleet/testkit";
import { blocksOf, GivenGateway, storeRefuses, until } from "./testing.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const { infoHash } = ONE.metainfo;
const GATEWAY = { gateway: "gateway-1" };
const NOTHING_YET = { broughtPieces: 0, broughtBytes: 0, cachedPieces: 0, missingPieces: 0 };

test("a gateway preheats a torrent, and does not read it again for peers", async () => {
  await using given = await GivenGateway.start([ONE]);
  const told = await preheat(given, { infoHash, pieces: null });
  const wanted = { wantedPieces: 5, wantedBytes: 300_000, leftOutPieces: 0 };
  deepEqual(told.at(0), { ...wanted, ...NOTHING_YET });
  deepEqual(told.at(-1), {
    ...{ ...wanted, ...NOTHING_YET },
    ...{ broughtPieces: 5, broughtBytes: 300_000 },
  });
  const peer = await given.join(ONE);
  await peer.interested();
  deepEqual(await peer.download(blocksOf(ONE.metainfo)), ONE.content);
  equal(given.reads.length, 5);
  // What is there is not brought again.
  deepEqual((await preheat(given, { infoHash, pieces: null })).at(-1), {
    ...{ ...wanted, ...NOTHING_YET, cachedPieces: 5 },
  });
  equal(given.reads.length, 5);
});

test("a gateway preheats what pieces it is told to, by an alias too", async () => {
  const alias = infoHashFromBytes(new Uint8Array(20).fill(7));
  await using given = await GivenGateway.start([]);
  await given.publish(ONE, { aliases: [alias] });
  const told = await preheat(given, { infoHash: alias, pieces: { first: 2, last: 3 } });
  equal(told.at(-1)?.broughtPieces, 2);
  deepEqual(given.reads.map(({ piece }) => piece).toSorted(), [2, 3]);
});

test("a gateway preheats no more than its cache holds, and keeps that", async () => {
  const large = givenTorrent("large", { sizeBytes: 3_000_000, pieceLengthBytes: 65_536 });
  const old = givenTorrent("old", { sizeBytes: 1_000_000, pieceLengthBytes: 65_536 });
  await using given = await GivenGateway.start([large, old], { cacheBytes: 1_048_576 });
  // The cache is full of what one peer scanned.
  const scanning = await given.join(old);
  await scanning.interested();
  await scanning.download(blocksOf(old.metainfo));
  const [last] = (await preheat(given, { infoHash: large.metainfo.infoHash, pieces: null })).slice(
    -1,
  );
  deepEqual([last?.wantedPieces, last?.broughtPieces, last?.leftOutPieces], [15, 15, 31]);
  ok(given.gauge("cache_bytes") <= 1_048_576);
  const readBefore = given.reads.length;
  const peer = await given.join(large, "other");
  await peer.interested();
  await peer.download(blocksOf(large.metainfo).filter(({ piece }) => piece < 15));
  // What is read ahead for it lies behind what was brought.
  deepEqual(
    given.reads.slice(readBefore).filter(({ piece }) => piece < 15),
    [],
  );
});

test("a gateway says each second how far a preheat is, while a store is slow", async () => {
  await using given = await GivenGateway.start([ONE]);
  const reading = Promise.withResolvers<void>();
  given.serve = async function* (read) {
    if (read.piece === 4) await reading.promise;
    yield given.content(read);
  };
  const told: PreheatProgress[] = [];
  const ended = (async () => {
    for await (const each of ask(given, { infoHash, pieces: null })) told.push(each);
  })();
  await until(() => given.reads.length === 5);
  await advanceUntil(
    given.clock,
    500,
    until(() => told.length === 4),
  );
  equal(told.at(-1)?.broughtPieces, 4);
  reading.resolve();
  await advanceUntil(given.clock, 100, ended);
  equal(told.at(-1)?.broughtPieces, 5);
});

test("a gateway counts pieces that cannot be had, and brings the others", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = (read) => {
    if (read.piece === 1) throw storeRefuses("piece-absent");
    return [given.content(read)];
  };
  for (let times = 1; times <= 2; times += 1) {
    const last = (await preheat(given, { infoHash, pieces: null })).at(-1);
    equal(last?.missingPieces, 1);
    equal((last?.broughtPieces ?? 0) + (last?.cachedPieces ?? 0), 4);
  }
  // It is known not to be there, so the store is not asked again.
  equal(given.reads.filter(({ piece }) => piece === 1).length, 1);
});

test("a gateway refuses a preheat of what it cannot find, and a second at once", async () => {
  await using given = await GivenGateway.start([ONE]);
  const unknown = infoHashFromBytes(new Uint8Array(20));
  await refused(given, { infoHash: unknown, pieces: null }, "torrent-unknown");
  await refused(given, { infoHash, pieces: { first: 0, last: 5 } }, "piece-out-of-range");
  await refused(given, { infoHash, pieces: { first: 3, last: 1 } }, "piece-out-of-range");
  const store = holdReads(given);
  const first = preheat(given, { infoHash, pieces: null });
  await until(() => given.reads.length > 0);
  await refused(given, { infoHash, pieces: null }, "gateway-busy");
  store.letGo();
  equal((await first).at(-1)?.broughtPieces, 5);
  equal((await preheat(given, { infoHash, pieces: null })).at(-1)?.cachedPieces, 5);
});

test("a gateway stops a preheat whose asker has gone, and takes the next one", async () => {
  const large = givenTorrent("large", { sizeBytes: 3_000_000, pieceLengthBytes: 65_536 });
  await using given = await GivenGateway.start([large, ONE]);
  const store = holdReads(given);
  const request = { infoHash: large.metainfo.infoHash, pieces: null };
  for await (const _ of ask(given, request)) break;
  await until(() => given.reads.length === 8);
  await given.bus.flush();
  store.letGo();
  const last = await advanceUntil(given.clock, 100, whenFree(given));
  equal(last?.broughtPieces, 5);
  equal(given.reads.filter((read) => read.infoHash === large.metainfo.infoHash).length, 8);
});

test("a gateway ends a preheat whose torrent is taken out of the catalog", async () => {
  const large = givenTorrent("large", { sizeBytes: 3_000_000, pieceLengthBytes: 65_536 });
  await using given = await GivenGateway.start([large]);
  const one = { infoHash: large.metainfo.infoHash, pieces: { first: 0, last: 0 } };
  equal((await preheat(given, one)).at(-1)?.broughtPieces, 1);
  const catalog = await openCatalog(given.bus, given.telemetry.log);
  await catalog.remove(large.metainfo.infoHash);
  // What has been known for a minute is looked up again when it is asked for.
  given.clock.advance(61_000);
  const store = holdReads(given);
  const ended = preheat(given, { ...one, pieces: null });
  ended.catch(() => {});
  await until(() => given.gauge("cache_bytes") === 0);
  store.letGo();
  await rejects(advanceUntil(given.clock, 100, ended), withCode("torrent-unknown"));
  ok(given.reads.length <= 1 + 8);
});

test("a gateway that drains ends its preheat, and begins no other", async () => {
  await using given = await GivenGateway.start([ONE]);
  holdReads(given);
  const ended = preheat(given, { infoHash, pieces: null });
  ended.catch(() => {});
  await until(() => given.reads.length > 0);
  const drained = given.gateway.drain();
  await rejects(ended, withCode("gateway-draining"));
  await refused(given, { infoHash, pieces: null }, "gateway-draining");
  await advanceUntil(given.clock, 10, drained);
});

test("a gateway that is told to drain asks for the end of its process, and answers", async () => {
  await using given = await GivenGateway.start([ONE]);
  await given.join(ONE);
  deepEqual(await given.bus.call(drainCall, GATEWAY, {}), { peers: 1 });
  deepEqual(await given.bus.call(drainCall, GATEWAY, {}), { peers: 1 });
  equal(given.stopRequests, 2);
  await advanceUntil(given.clock, 10, given.gateway.drain());
  // While it is on its way out it still says so; once it is gone nobody does.
  deepEqual(await given.bus.call(drainCall, GATEWAY, {}), { peers: 0 });
  await advanceUntil(given.clock, 100, given.stop());
  await rejects(
    given.bus.call(drainCall, GATEWAY, {}),
    (error) => errorCode(error) === "bus-no-responders",
  );
});

test("a gateway's presence names the zone of its settings", async () => {
  for (const zone of ["eu-west", null]) {
    await using given = await GivenGateway.start([ONE], { zone });
    const presence = watchPresence(given, ["gateway"]);
    await given.bus.flush();
    const [told] = presence.available("gateway");
    deepEqual(told && "zone" in told ? told.zone : null, zone);
    presence.stop();
  }
});

test("a gateway's presence tells of its peers, its rate and what it holds", async () => {
  const other = givenTorrent("other", { sizeBytes: 100_000 });
  await using given = await GivenGateway.start([ONE, other], { peersMax: 9, cacheBytes: 2 ** 20 });
  const presence = watchPresence(given, ["gateway"]);
  const told = async (): Promise<GatewayPresence | null | undefined> => {
    given.clock.advance(2_000);
    await given.bus.flush();
    return presence.available("gateway")[0]?.gateway;
  };
  deepEqual(await told(), {
    ...{ peers: 0, peersMax: 9, uploadBytesPerSecond: 0, cacheBytes: 0, cacheBytesMax: 2 ** 20 },
    ...{ hot: [], reachable: null },
  });
  for (const torrent of [other, ONE]) {
    const peer = await given.join(torrent, torrent.metainfo.name);
    await peer.interested();
    await peer.download(blocksOf(torrent.metainfo));
  }
  const busy = await told();
  deepEqual(busy?.hot, [infoHash, other.metainfo.infoHash]);
  deepEqual([busy?.peers, busy?.cacheBytes], [2, given.gauge("cache_bytes")]);
  equal(busy?.uploadBytesPerSecond, 400_000 / 4);
  for (let times = 0; times < 12; times += 1) await told();
  equal((await told())?.uploadBytesPerSecond, 0);
  presence.stop();
});

function ask({ bus }: GivenGateway, request: PreheatRequest): AsyncIterable<PreheatProgress> {
  return bus.stream(preheatCall, GATEWAY, request);
}

function preheat(given: GivenGateway, request: PreheatRequest): Promise<PreheatProgress[]> {
  return Array.fromAsync(ask(given, request));
}

function withCode(code: string): (error: Error & { detail?: { remoteCode?: string } }) => boolean {
  return ({ detail }) => detail?.remoteCode === code;
}

async function refused(given: GivenGateway, request: PreheatRequest, code: string): Promise<void> {
  await rejects(preheat(given, request), withCode(code));
}

/** Reads are answered when the test says so. */
function holdReads(given: GivenGateway): { readonly letGo: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  given.serve = async function* (read: PieceRead) {
    await promise;
    yield given.content(read);
  };
  return { letGo: resolve };
}

/** Preheats the other torrent as soon as the gateway is not busy any more. */
async function whenFree(given: GivenGateway): Promise<PreheatProgress | undefined> {
  while (true) {
    try {
      return (await preheat(given, { infoHash, pieces: null })).at(-1);
    } catch (error) {
      ok(error instanceof Error && withCode("gateway-busy")(error), String(error));
    }
  }
}
