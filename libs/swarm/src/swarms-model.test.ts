import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PeerSample } from "./peer-sample.ts";
import type { PeerAnnounce, PeerEndpoint, PeerState } from "./swarm-peer.ts";
import { Swarms } from "./swarms.ts";
import type { SwarmsConfig } from "./swarms-config.ts";
import { givenChance, givenEndpoint, givenInfoHash, givenPeer } from "./testing.ts";

const SECOND = 1_000;

/** Expiry that is further behind is made good by the next announce. */
const LAG_MAX = 2_048 * SECOND;

const limits = { peersPerSwarmMax: 5, peersMax: 8, swarmsMax: 5, peerIdsMax: 0 };
const config: SwarmsConfig = { peerTimeoutMs: 20 * SECOND, ...limits };

// Which of those that fall silent together is empty first is not promised, so time stands still
// where it matters.
const cases = [
  { given: "time that passes, and jumps", moves: true, swarmsMax: 5 },
  { given: "room for a few swarms", moves: false, swarmsMax: 3 },
] as const;

type Entry = { readonly peer: PeerAnnounce; readonly atMs: number };

/** The store as one would write it without a thought for its cost. */
class NaiveSwarms {
  readonly #peers = new Map<string, Entry>();
  /** Every swarm that is known; a swarm is set anew when it becomes empty. */
  readonly #downloaded = new Map<number, number>();
  readonly #swarmsMax: number;
  #expiredMs = 0;

  constructor(swarmsMax: number) {
    this.#swarmsMax = swarmsMax;
  }

  get peerCount(): number {
    return this.#peers.size;
  }

  get swarmCount(): number {
    return this.#downloaded.size;
  }

  announce(swarm: number, peer: PeerAnnounce, { atMs, nowMs }: Times): string {
    this.#catchUp(nowMs);
    const known = this.#peers.get(keyOf(swarm, peer));
    if (known !== undefined && known.atMs > atMs) return "stale";
    if (known === undefined && atMs < nowMs - config.peerTimeoutMs) return "stale";
    const full =
      this.of(swarm).length >= config.peersPerSwarmMax || this.#peers.size >= config.peersMax;
    if (known === undefined && (full || !this.#makeRoomFor(swarm))) return "full";
    const completes = peer.completed && known?.peer.state !== "seed";
    const downloaded = (this.#downloaded.get(swarm) ?? 0) + (completes ? 1 : 0);
    this.#downloaded.set(swarm, downloaded);
    this.#peers.set(keyOf(swarm, peer), { peer, atMs });
    return known === undefined ? "joined" : "stayed";
  }

  remove(swarm: number, endpoint: PeerEndpoint, { atMs, nowMs }: Times): boolean {
    this.#catchUp(nowMs);
    const known = this.#peers.get(keyOf(swarm, endpoint));
    if (known === undefined || known.atMs > atMs) return false;
    this.#peers.delete(keyOf(swarm, endpoint));
    this.#keepEmpty(swarm);
    return true;
  }

  drop(swarm: number): void {
    for (const peer of this.of(swarm)) this.#peers.delete(keyOf(swarm, peer));
    this.#downloaded.delete(swarm);
  }

  setDownloaded(swarm: number, downloaded: number): void {
    if (!this.#downloaded.has(swarm) && (downloaded === 0 || !this.#makeRoomFor(swarm))) return;
    this.#downloaded.set(swarm, downloaded);
    this.#keepEmpty(swarm);
  }

  expire(nowMs: number): number {
    this.#expiredMs = nowMs;
    const old = [...this.#peers].filter(([, { atMs }]) => nowMs - atMs > config.peerTimeoutMs);
    for (const [key] of old) {
      this.#peers.delete(key);
      this.#keepEmpty(Number(key.split(" ")[0]));
    }
    return old.length;
  }

  of(swarm: number): PeerAnnounce[] {
    const own = [...this.#peers].filter(([key]) => key.startsWith(`${swarm} `));
    return own.map(([, { peer }]) => peer);
  }

  counts(swarm: number): object {
    const having = (state: PeerState): number =>
      this.of(swarm).filter((peer) => peer.state === state).length;
    const partialSeeds = having("partial-seed");
    const leechers = having("leecher") + partialSeeds;
    const downloaded = this.#downloaded.get(swarm) ?? 0;
    return { seeders: having("seed"), leechers, partialSeeds, downloaded };
  }

  /** All that a sample could hold. */
  candidates(swarm: number, asker: PeerEndpoint, state: PeerState): string[] {
    return this.of(swarm)
      .filter(({ endpointBytes }) => endpointBytes === asker.endpointBytes)
      .filter((peer) => state === "leecher" || peer.state === "leecher")
      .map(hexOf)
      .filter((hex) => hex !== hexOf(asker));
  }

  #catchUp(nowMs: number): void {
    if (nowMs - this.#expiredMs > LAG_MAX) this.expire(nowMs);
  }

  #makeRoomFor(swarm: number): boolean {
    if (this.#downloaded.has(swarm) || this.#downloaded.size < this.#swarmsMax) return true;
    const empty = [...this.#downloaded.keys()].find((each) => this.of(each).length === 0);
    return empty !== undefined && this.#downloaded.delete(empty);
  }

  #keepEmpty(swarm: number): void {
    const downloaded = this.#downloaded.get(swarm) ?? 0;
    if (this.of(swarm).length > 0) return;
    this.#downloaded.delete(swarm);
    if (downloaded > 0) this.#downloaded.set(swarm, downloaded);
  }
}

type Times = { readonly atMs: number; readonly nowMs: number };

const state = fc.constantFrom("seed" as const, "leecher" as const, "partial-seed" as const);
const endpoint = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom("10.0.0.1", "2001:db8::1"))
  .map(([port, host]) => givenEndpoint(port, host));
const step = fc.record({
  act: fc.constantFrom(
    ...["announce", "announce", "announce", "announce", "remove", "expire", "sample"],
    ...["drop", "downloaded"],
  ),
  swarm: fc.integer({ min: 0, max: 4 }),
  endpoint,
  state,
  completed: fc.boolean(),
  numWant: fc.integer({ min: 0, max: 6 }),
  later: fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: 0, max: 9 }) },
    // Past the lag that is allowed, a turn of the stamps, a turn of the wheel.
    { weight: 1, arbitrary: fc.constantFrom(2_049, 16_384, 16_390, 32_768, 32_775, 1e9) },
  ),
  ago: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 25 })),
});

for (const { given, moves, swarmsMax } of cases) {
  test(`Swarms does what a naive store does, given ${given}`, () => {
    const property = fc.property(fc.array(step, { maxLength: 100 }), fc.nat(), (steps, seed) => {
      const swarms = new Swarms({ ...config, swarmsMax }, givenChance(seed + 1));
      const naive = new NaiveSwarms(swarmsMax);
      swarms.expire(0);
      let nowMs = 0;
      for (const each of steps) {
        if (moves) nowMs += each.later * SECOND;
        act(each, { swarms, naive }, nowMs);
        const counts = swarms.counts(swarms.find(givenInfoHash(each.swarm)));
        deepEqual(counts, naive.counts(each.swarm));
        equal(swarms.peerCount, naive.peerCount);
        equal(swarms.swarmCount, naive.swarmCount);
      }
    });
    fc.assert(property, { numRuns: 1_000 });
  });
}

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

type Pair = { readonly swarms: Swarms; readonly naive: NaiveSwarms };

function act(step: Step, { swarms, naive }: Pair, nowMs: number): void {
  const { swarm, endpoint, state, completed, numWant } = step;
  const infoHash = givenInfoHash(swarm);
  const times = { nowMs, atMs: nowMs - step.ago * SECOND };
  if (step.act === "announce") {
    const peer = givenPeer(1, { ...endpoint, state, completed });
    const outcome = swarms.announceAt(infoHash, peer, times.atMs, nowMs);
    equal(outcome, naive.announce(swarm, peer, times));
  } else if (step.act === "remove") {
    const removed = swarms.removeAt(infoHash, endpoint, times.atMs, nowMs);
    equal(removed, naive.remove(swarm, endpoint, times));
  } else if (step.act === "expire") {
    equal(swarms.expire(nowMs), naive.expire(nowMs));
  } else if (step.act === "drop") {
    swarms.drop(infoHash);
    naive.drop(swarm);
  } else if (step.act === "downloaded") {
    swarms.setDownloaded(infoHash, numWant);
    naive.setDownloaded(swarm, numWant);
  } else {
    const into = new PeerSample(10);
    into.clear(endpoint.endpointBytes);
    swarms.sample(swarms.find(infoHash), { ...endpoint, state, numWant }, into);
    const candidates = new Set(naive.candidates(swarm, endpoint, state));
    const sampled = endpointsOf(into);
    equal(sampled.length, Math.min(numWant, candidates.size));
    equal(new Set(sampled).size, sampled.length);
    for (const peer of sampled) ok(candidates.has(peer));
  }
}

function endpointsOf({ count, endpoints, endpointBytes }: PeerSample): string[] {
  return Array.from({ length: count }, (_, index) => {
    const at = index * endpointBytes;
    return Buffer.from(endpoints.subarray(at, at + endpointBytes)).toString("hex");
  });
}

function hexOf({ endpoint }: PeerEndpoint): string {
  return Buffer.from(endpoint).toString("hex");
}

function keyOf(swarm: number, endpoint: PeerEndpoint): string {
  return `${swarm} ${hexOf(endpoint)}`;
}
