import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type Endpoint, endpointFamily } from "@seedfleet/bytes";
import fc from "fast-check";
import type { PeerAnnounce, PeerState } from "./swarm-peer.ts";
import { Swarms, type SwarmsConfig } from "./swarms.ts";
import { givenChance, givenEndpoint, givenInfoHash, givenPeer } from "./testing.ts";

const config: SwarmsConfig = { peerTimeoutMs: 20, peersPerSwarmMax: 5, peersMax: 8 };

type Entry = { readonly peer: PeerAnnounce; readonly atMs: number };

/** The store as one would write it without a thought for its cost. */
class NaiveSwarms {
  readonly #peers = new Map<string, Entry>();
  readonly #downloaded = new Map<number, number>();

  get peerCount(): number {
    return this.#peers.size;
  }

  announce(swarm: number, peer: PeerAnnounce, atMs: number): string {
    const known = this.#peers.get(keyOf(swarm, peer.endpoint));
    const full =
      this.of(swarm).length >= config.peersPerSwarmMax || this.#peers.size >= config.peersMax;
    if (known === undefined && full) return "full";
    if (peer.completed && known?.peer.state !== "seed") {
      this.#downloaded.set(swarm, (this.#downloaded.get(swarm) ?? 0) + 1);
    }
    this.#peers.set(keyOf(swarm, peer.endpoint), { peer, atMs });
    return known === undefined ? "joined" : "stayed";
  }

  remove(swarm: number, endpoint: Endpoint): boolean {
    return this.#peers.delete(keyOf(swarm, endpoint));
  }

  drop(swarm: number): void {
    for (const { endpoint } of this.of(swarm)) this.remove(swarm, endpoint);
    this.#downloaded.delete(swarm);
  }

  expire(nowMs: number): number {
    const old = [...this.#peers].filter(([, { atMs }]) => nowMs - atMs > config.peerTimeoutMs);
    for (const [key] of old) this.#peers.delete(key);
    return old.length;
  }

  of(swarm: number): PeerAnnounce[] {
    const own = [...this.#peers].filter(([key]) => key.startsWith(`${swarm} `));
    return own.map(([, { peer }]) => peer);
  }

  counts(swarm: number): object {
    const seeders = this.of(swarm).filter(({ state }) => state === "seed").length;
    const leechers = this.of(swarm).length - seeders;
    return { seeders, leechers, downloaded: this.#downloaded.get(swarm) ?? 0 };
  }

  /** All that a sample could hold. */
  candidates(swarm: number, asker: Endpoint, state: PeerState): string[] {
    return this.of(swarm)
      .filter(({ endpoint }) => endpoint !== asker)
      .filter(({ endpoint }) => endpointFamily(endpoint) === endpointFamily(asker))
      .filter((peer) => state === "leecher" || peer.state === "leecher")
      .map(({ endpoint }) => endpoint)
      .toSorted();
  }
}

const state = fc.constantFrom("seed" as const, "leecher" as const);
const endpoint = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom("10.0.0.1", "::1"))
  .map(([port, host]) => givenEndpoint(port, host));
const step = fc.record({
  act: fc.constantFrom("announce", "announce", "announce", "remove", "expire", "drop", "sample"),
  swarm: fc.integer({ min: 0, max: 1 }),
  endpoint,
  state,
  completed: fc.boolean(),
  numWant: fc.integer({ min: 0, max: 6 }),
  laterMs: fc.integer({ min: 0, max: 9 }),
});

test("Swarms does what a naive store does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1 }), (steps, seed) => {
      const swarms = new Swarms(config);
      const naive = new NaiveSwarms();
      const chance = givenChance(seed);
      let nowMs = 0;
      for (const { act, swarm, endpoint, state, completed, numWant, laterMs } of steps) {
        nowMs += laterMs;
        const infoHash = givenInfoHash(swarm);
        if (act === "announce") {
          const peer = givenPeer(1, { endpoint, state, completed });
          equal(swarms.announce(infoHash, peer, nowMs), naive.announce(swarm, peer, nowMs));
        } else if (act === "remove") {
          equal(swarms.remove(infoHash, endpoint), naive.remove(swarm, endpoint));
        } else if (act === "expire") {
          equal(swarms.expire(nowMs), naive.expire(nowMs));
        } else if (act === "drop") {
          swarms.drop(infoHash);
          naive.drop(swarm);
        } else {
          const sampled = swarms.sample(infoHash, { asker: endpoint, state, numWant }, chance);
          const candidates = new Set(naive.candidates(swarm, endpoint, state));
          equal(sampled.length, Math.min(numWant, candidates.size));
          equal(new Set(sampled.map((peer) => peer.endpoint)).size, sampled.length);
          for (const peer of sampled) ok(candidates.has(peer.endpoint));
        }
        deepEqual(swarms.counts(infoHash), naive.counts(swarm));
        equal(swarms.peerCount, naive.peerCount);
      }
    }),
    { numRuns: 500 },
  );
});

function keyOf(swarm: number, endpoint: Endpoint): string {
  return `${swarm} ${endpoint}`;
}
