import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import { systemClock } from "@seedfleet/runtime";
import { AddressBytes } from "../addresses/address-bytes.ts";
import { AnnounceRequest } from "../announces/announce-request.ts";
import { HERE } from "../announces/elsewhere.ts";
import { CatalogGate } from "../announces/gate.ts";
import { givenEndpoint } from "../testing.ts";
import { PublishedTorrents } from "../torrents/published-torrents.ts";
import type { TrackerViolation } from "../violation.ts";
import { SwarmsOfAll } from "./every-swarm.ts";
import { ASKED_MAX, HANDED_OVER_MAX } from "./sibling.ts";
import type { Siblings } from "./siblings.ts";
import { ownerOf } from "./swarm-owners.ts";
import { givenInfoHash, givenThreads } from "./testing.ts";

const HASHES = Array.from({ length: 400 }, (_, nth) => givenInfoHash(nth + 1));

type Answer = { readonly refused: TrackerViolation | null; readonly peers: string };

function announceOf(infoHash: Uint8Array, port: number, form = { compact: true }): AnnounceRequest {
  const request = new AnnounceRequest();
  request.infoHash.set(infoHash);
  request.peerId.fill(port);
  request.endpoint.set(Buffer.from(givenEndpoint("10.0.0.1", port), "latin1"));
  request.leftBytes = 1;
  return Object.assign(request, form);
}

function announceTo(siblings: Siblings, owner: number, request: AnnounceRequest): Promise<Answer> {
  return new Promise((resolve) => {
    const asked = siblings.announce(owner, request, (refused, { peers }) => {
      const endpoints = Buffer.from(peers.compact).toString("hex");
      const ids = Buffer.from(peers.peerIds.subarray(0, 20 * peers.count)).toString("hex");
      resolve({ refused, peers: peers.wantPeerIds ? endpoints + ids : endpoints });
    });
    ok(asked);
  });
}

test("Siblings know whose a swarm is, and ask that thread", async () => {
  using given = givenThreads();
  const [first, second] = given.siblings as [Siblings, Siblings];
  for (const infoHash of HASHES.slice(0, 20)) {
    const owner = ownerOf(infoHash, given.shares);
    equal(first.ownerOf(infoHash), owner === 0 ? HERE : 1);
    equal(second.ownerOf(infoHash), owner === 1 ? HERE : 0);
    if (owner === 0) continue;
    const nowMs = systemClock.nowMs();
    given.cores[1]?.announce({ infoHash, host: "10.0.0.9", port: 9, nowMs });
    const { refused, peers } = await announceTo(first, 1, announceOf(infoHash, 1));
    deepEqual([refused, peers], [null, "0a0000090009"]);
    const again = await announceTo(first, 1, announceOf(infoHash, 2, { compact: false }));
    ok(again.peers.includes("01".repeat(20)), again.peers);
  }
  equal(given.cores[0]?.swarms.swarmCount, 0);
});

test("Siblings answer many at once, more than the ring has room for", async () => {
  using given = givenThreads();
  const [first] = given.siblings as [Siblings];
  const theirs = HASHES.filter((infoHash) => ownerOf(infoHash, given.shares) === 1);
  const swarms = theirs.slice(0, 100);
  const answers = await Promise.all(
    Array.from({ length: 5_000 }, (_, at) =>
      announceTo(first, 1, announceOf(swarms[at % 100] ?? new Uint8Array(20), 1 + at)),
    ),
  );
  // Of each swarm the next is told of one more, until there are as many as are wanted.
  for (const [at, { peers }] of answers.entries()) {
    equal(peers.length, 12 * Math.min(50, Math.floor(at / 100)));
  }
});

test("Siblings scrape, and are refused as here", async () => {
  const gates = [0, 1].map(() => {
    const torrents = new PublishedTorrents(1);
    torrents.known = true;
    return new CatalogGate(torrents);
  });
  using given = givenThreads({ gates });
  const [first] = given.siblings as [Siblings];
  const infoHash = HASHES.find((each) => ownerOf(each, given.shares) === 1) ?? new Uint8Array(20);
  // A torrent of nobody's is refused without asking anybody.
  equal(first.ownerOf(infoHash), HERE);
  const refused = await new Promise<TrackerViolation | null>((resolve) => {
    ok(first.scrape(1, { infoHash, passkey: null }, resolve));
  });
  equal(refused?.code, "not-registered");
  equal((await announceTo(first, 1, announceOf(infoHash, 1))).refused?.code, "not-registered");
});

test("Siblings know a torrent by each of its names as the one that its swarm goes by", () => {
  const torrents = [new PublishedTorrents(1), new PublishedTorrents(2)] as const;
  using given = givenThreads({ gates: torrents.map((each) => new CatalogGate(each)) });
  const name = (nth: number): InfoHash => infoHashFromBytes(HASHES[nth] ?? new Uint8Array(20));
  for (let nth = 0; nth < 100; nth += 2) {
    const published = { infoHash: name(nth), aliases: [name(nth + 1)], zones: null };
    for (const each of torrents) each.publish(published);
    const owner = ownerOf(HASHES[nth] ?? new Uint8Array(20), given.shares);
    for (const asked of HASHES.slice(nth, nth + 2)) {
      deepEqual(
        given.siblings.map((each) => each.ownerOf(asked)),
        owner === 0 ? [HERE, 0] : [1, HERE],
      );
    }
  }
});

test("Siblings tell all their swarms, those of every thread once", async () => {
  using given = givenThreads({ swarmsMax: 1_000 });
  const [first] = given.siblings as [Siblings];
  const many = Array.from({ length: 1_500 }, (_, nth) => givenInfoHash(nth + 1));
  for (const infoHash of many) {
    given.cores[ownerOf(infoHash, given.shares)]?.announce({ infoHash });
  }
  const all = new SwarmsOfAll(given.cores[0]?.swarms as never, first);
  const told: string[] = [];
  const infoHash = new Uint8Array(20);
  const counts = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };
  do {
    while (all.next(infoHash, counts)) {
      told.push(infoHash.toHex());
      equal(counts.leechers, 1);
    }
  } while (await all.more());
  deepEqual(told.toSorted(), many.map((each) => each.toHex()).toSorted());
});

test("Siblings that have too much to answer are not asked more", async () => {
  using given = givenThreads();
  const [first] = given.siblings as [Siblings];
  const infoHash = HASHES.find((each) => ownerOf(each, given.shares) === 1) ?? new Uint8Array(20);
  const request = announceOf(infoHash, 1);
  let answered = 0;
  const heard = (): void => {
    answered += 1;
  };
  for (let each = 0; each < ASKED_MAX; each += 1) ok(first.announce(1, request, heard));
  equal(first.announce(1, request, heard), false);
  equal(first.scrape(1, { infoHash, passkey: null }, heard), false);
  await announcedAll(() => answered === ASKED_MAX);
  ok(first.announce(1, request, heard));
});

test("Siblings hand connections over, as many as are answered soon", async () => {
  const taken: string[] = [];
  using given = givenThreads({
    takeOver({ descriptor, asker, request: { infoHash, endpoint, endpointBytes } }) {
      const from = Buffer.from(endpoint.subarray(0, endpointBytes)).toString("hex");
      taken.push(`${descriptor} ${asker} ${Buffer.from(infoHash).toString("hex")} ${from}`);
    },
  });
  const [first, second] = given.siblings as [Siblings, Siblings];
  const infoHash = HASHES.find((each) => ownerOf(each, given.shares) === 1) ?? new Uint8Array(20);
  const asker = new AddressBytes();
  ok(asker.parse("10.0.0.7"));
  const handOver = (descriptor: number): boolean =>
    first.handOver(1, announceOf(infoHash, descriptor), { descriptor, asker });
  const shown = (descriptor: number): string => {
    const port = descriptor.toString(16).padStart(4, "0");
    return `${descriptor} 10.0.0.7 ${infoHash.toHex()} 0a000001${port}`;
  };
  const many = Array.from({ length: HANDED_OVER_MAX }, (_, at) => 100 + at);
  for (const descriptor of many) ok(handOver(descriptor));
  equal(handOver(99), false);
  await first.settled();
  deepEqual(taken.splice(0), many.map(shown));
  ok(handOver(7));
  // Whoever says that it looks often needs nobody to wake it.
  for (const each of [second, first]) each.look(true);
  ok(handOver(8));
  first.look(true);
  deepEqual(taken, []);
  second.look(false);
  deepEqual(taken.splice(0), [shown(7), shown(8)]);
  first.look(false);
  ok(handOver(9));
  await first.settled();
  deepEqual(taken, [shown(9)]);
  // Not to one that takes none.
  const on = { descriptor: 1, asker };
  equal(second.handOver(0, announceOf(infoHash, 1), on), false);
});

async function announcedAll(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve));
}
