import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type Rng, seededRng } from "@seedfleet/runtime";
import type { SwarmCounts } from "@seedfleet/swarm";
import { VirtualClock } from "@seedfleet/testkit";
import { type GivenAnnounce, GivenTracker, pass } from "./testing.ts";

const SWARMS = 5;
const PEERS = 40;
const ROUNDS = 60;

/** A peer is silent for so long after each announce, as clients are: order is by the second. */
const QUIET_MS = 3_000;
const ROUND_MS = 500;
const HEAL_MS = 12_000;

// Each ten rounds the network is another: some messages get lost, one tracker is cut off, one is
// killed and comes again. What clients did is all that counts in the end.
for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`trackers agree with a model after losses, cuts and deaths, seed ${seed}`, async () => {
    const rng = seededRng(seed);
    await using simulation = new Simulation(rng);
    for (const id of ["a", "b", "c"]) await simulation.start(id);
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round % 10 === 0) await simulation.change();
      for (let each = 0; each < 4; each += 1) simulation.announceAny();
      await pass(simulation.clock, ROUND_MS);
    }
    await simulation.change();
    simulation.heal();
    await pass(simulation.clock, HEAL_MS);
    simulation.expectAgreement();
  });
}

type Known = { atMs: number; state: "seed" | "leecher" | null };

class Simulation {
  readonly clock = new VirtualClock();
  readonly #rng: Rng;
  readonly #inner = openEmbeddedBus({ file: null });
  readonly #trackers = new Map<string, GivenTracker>();
  readonly #model = Array.from({ length: PEERS }, (): Known => ({ atMs: -QUIET_MS, state: null }));
  readonly #downloaded = Array.from({ length: SWARMS }, () => 0);
  #starts = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  async start(id: string): Promise<void> {
    this.#starts += 1;
    const ports = { inner: this.#inner, clock: this.clock, rng: this.#rng };
    const tracker = new GivenTracker(ports, { id, name: `${id}${this.#starts}` });
    this.#trackers.set(id, tracker);
    const caughtUp = tracker.hub.catchUp();
    await pass(this.clock, 2_000);
    await caughtUp;
  }

  /** One peer that was quiet for long enough does what a client does, at any tracker. */
  announceAny(): void {
    const peer = this.#rng.below(PEERS);
    const known = this.#model[peer];
    const nowMs = this.clock.nowMs();
    if (known === undefined || nowMs - known.atMs < QUIET_MS) return;
    known.atMs = nowMs;
    const swarm = peer % SWARMS;
    const trackers = [...this.#trackers.values()];
    const tracker = trackers[this.#rng.below(trackers.length)];
    tracker?.announce({ swarm, peer, ...this.#next(known, swarm) });
  }

  #next(known: Known, swarm: number): Pick<GivenAnnounce, "event" | "leftBytes"> {
    const dice = this.#rng.below(4);
    if (known.state === null) {
      known.state = "leecher";
      return { event: "started" };
    }
    if (dice === 0) {
      known.state = null;
      return { event: "stopped" };
    }
    if (dice === 1 && known.state === "leecher") {
      known.state = "seed";
      this.#downloaded[swarm] = (this.#downloaded[swarm] ?? 0) + 1;
      return { event: "completed", leftBytes: 0 };
    }
    return known.state === "seed" ? { leftBytes: 0 } : {};
  }

  /** Ends what is wrong with the network, and begins something else. */
  async change(): Promise<void> {
    this.heal();
    const ids = [...this.#trackers.keys()];
    const id = ids[this.#rng.below(ids.length)] ?? "";
    const tracker = this.#trackers.get(id);
    const kind = this.#rng.below(3);
    if (kind === 0 && tracker !== undefined) {
      tracker.network.cut = true;
    } else if (kind === 1) {
      for (const { network } of this.#trackers.values()) {
        network.loses = () => this.#rng.below(5) === 0;
      }
    } else {
      // What a tracker has not told anybody dies with it, so it has told everything.
      await pass(this.clock, HEAL_MS);
      tracker?.kill();
      await this.start(id);
    }
  }

  heal(): void {
    for (const { network } of this.#trackers.values()) {
      network.loses = () => false;
      if (network.isCut) network.cut = false;
    }
  }

  expectAgreement(): void {
    for (const [id, tracker] of this.#trackers) {
      for (let swarm = 0; swarm < SWARMS; swarm += 1) {
        const { downloaded, ...peers } = tracker.counts(swarm);
        deepEqual(peers, this.#expected(swarm), `swarm ${swarm} of ${id}`);
        // Never twice; one that came late, after more was heard of its peer, is not counted.
        ok(downloaded <= (this.#downloaded[swarm] ?? 0));
      }
      equal(tracker.hub.lostBatches, 0);
    }
  }

  #expected(swarm: number): Omit<SwarmCounts, "downloaded"> {
    const of = (state: Known["state"]): number =>
      this.#model.filter((known, peer) => peer % SWARMS === swarm && known.state === state).length;
    return { seeders: of("seed"), leechers: of("leecher"), partialSeeds: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const tracker of this.#trackers.values()) tracker.kill();
    await this.#inner.close();
  }
}
