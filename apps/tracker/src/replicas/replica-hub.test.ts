import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { seededRng } from "@seedfleet/runtime";
import { VirtualClock } from "@seedfleet/testkit";
import { REPLAY_MS_MAX } from "./replica-hub.ts";
import { GivenTracker, pass } from "./testing.ts";

const SECOND = 1_000;
const LEECHER = { seeders: 0, leechers: 1, partialSeeds: 0, downloaded: 0 };
const COMPLETED = { seeders: 1, leechers: 0, partialSeeds: 0, downloaded: 1 };
const NOBODY = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };

test("trackers tell each other who came, completed and stopped", async () => {
  await using fleet = new GivenFleet();
  const [a, b] = [await fleet.start("a"), await fleet.start("b")];
  a.announce({ swarm: 1, peer: 1, event: "started" });
  await pass(fleet.clock, SECOND);
  deepEqual(b.counts(1), LEECHER);
  await pass(fleet.clock, 2 * SECOND);
  // It comes to the other one, which knows it: that is one download.
  b.announce({ swarm: 1, peer: 1, event: "completed", leftBytes: 0 });
  await pass(fleet.clock, SECOND);
  deepEqual([a.counts(1), b.counts(1)], [COMPLETED, COMPLETED]);
  await pass(fleet.clock, 2 * SECOND);
  a.announce({ swarm: 1, peer: 1, event: "stopped", leftBytes: 0 });
  await pass(fleet.clock, SECOND);
  deepEqual(b.counts(1), { ...NOBODY, downloaded: 1 });
});

test("a newcomer has everything before it is ready", async () => {
  await using fleet = new GivenFleet();
  const a = await fleet.start("a");
  for (let peer = 0; peer < 5_000; peer += 1) a.announce({ swarm: peer % 7, peer });
  a.announce({ swarm: 1, peer: 1, event: "completed", leftBytes: 0 });
  await pass(fleet.clock, SECOND);
  const b = fleet.add("b");
  equal(b.hub.caughtUp, false);
  const caughtUp = b.hub.catchUp();
  // Some come while the snapshot is on its way, and one completes.
  await pass(fleet.clock, 100);
  a.announce({ swarm: 2, peer: 9_000, event: "completed", leftBytes: 0 });
  await pass(fleet.clock, 2 * SECOND);
  await caughtUp;
  equal(b.hub.caughtUp, true);
  for (let swarm = 0; swarm < 7; swarm += 1) deepEqual(b.counts(swarm), a.counts(swarm));
  equal(b.counts(2).downloaded, 1);
});

test("a tracker that was cut off has what it missed, and is told of no loss", async () => {
  await using fleet = new GivenFleet();
  const all = [await fleet.start("a"), await fleet.start("b"), await fleet.start("c")];
  const [a, b, c] = all as [GivenTracker, GivenTracker, GivenTracker];
  for (const [peer, tracker] of all.entries()) tracker.announce({ swarm: 1, peer });
  await pass(fleet.clock, 2 * SECOND);
  c.network.cut = true;
  await pass(fleet.clock, 10 * SECOND);
  for (const [peer, tracker] of all.entries()) tracker.announce({ swarm: 1, peer: 10 + peer });
  a.announce({ swarm: 1, peer: 1, event: "stopped" });
  c.announce({ swarm: 1, peer: 0, event: "completed", leftBytes: 0 });
  await pass(fleet.clock, 20 * SECOND);
  c.network.cut = false;
  await pass(fleet.clock, 2 * SECOND);
  const expected = { seeders: 1, leechers: 4, partialSeeds: 0, downloaded: 1 };
  deepEqual([a.counts(1), b.counts(1), c.counts(1)], [expected, expected, expected]);
  deepEqual(
    all.map(({ hub }) => hub.lostBatches),
    [0, 0, 0],
  );
});

test("an announce from before a peer stopped does not bring it back", async () => {
  await using fleet = new GivenFleet();
  const [a, b] = [await fleet.start("a"), await fleet.start("b")];
  b.network.cut = true;
  b.announce({ swarm: 1, peer: 1 });
  await pass(fleet.clock, 5 * SECOND);
  a.announce({ swarm: 1, peer: 1, event: "stopped" });
  await pass(fleet.clock, 5 * SECOND);
  b.network.cut = false;
  await pass(fleet.clock, 2 * SECOND);
  deepEqual([a.counts(1), b.counts(1)], [NOBODY, NOBODY]);
});

test("trackers load snapshots of each other when batches are gone", async () => {
  await using fleet = new GivenFleet();
  const [a, b] = [await fleet.start("a"), await fleet.start("b")];
  b.network.cut = true;
  a.announce({ swarm: 1, peer: 1 });
  b.announce({ swarm: 1, peer: 2 });
  await pass(fleet.clock, REPLAY_MS_MAX + 10 * SECOND);
  a.announce({ swarm: 1, peer: 3 });
  b.announce({ swarm: 1, peer: 4 });
  await pass(fleet.clock, SECOND);
  b.network.cut = false;
  await pass(fleet.clock, 3 * SECOND);
  deepEqual([a.counts(1).leechers, b.counts(1).leechers], [4, 4]);
});

test("a tracker started again under its name has everything, and is told apart", async () => {
  await using fleet = new GivenFleet();
  const [a, b] = [await fleet.start("a"), await fleet.start("b")];
  a.announce({ swarm: 1, peer: 1 });
  await pass(fleet.clock, SECOND);
  // The last it said gets lost: of it nobody can be asked any more.
  b.network.loses = (subject) => subject.endsWith("delta.a");
  a.announce({ swarm: 1, peer: 2 });
  await pass(fleet.clock, 300);
  a.kill();
  b.network.loses = () => false;
  const again = await fleet.start("a");
  equal(again.counts(1).leechers, 1);
  again.announce({ swarm: 1, peer: 3 });
  await pass(fleet.clock, 2 * SECOND);
  deepEqual([again.counts(1).leechers, b.counts(1).leechers], [2, 2]);
});

test("what a tracker said last before it died is had of another that heard it", async () => {
  await using fleet = new GivenFleet();
  const [a, b, c] = [await fleet.start("a"), await fleet.start("b"), await fleet.start("c")];
  c.network.cut = true;
  a.announce({ swarm: 1, peer: 1 });
  await pass(fleet.clock, SECOND);
  a.kill();
  c.network.cut = false;
  await pass(fleet.clock, 10 * SECOND);
  deepEqual([b.counts(1).leechers, c.counts(1).leechers], [1, 1]);
});

test("trackers that start at the same moment, without a bus, find each other later", async () => {
  await using fleet = new GivenFleet();
  const [a, b] = [fleet.add("a"), fleet.add("b")];
  b.network.cut = true;
  const caughtUp = Promise.all([a.hub.catchUp(), b.hub.catchUp()]);
  a.announce({ swarm: 1, peer: 1 });
  b.announce({ swarm: 1, peer: 2 });
  await pass(fleet.clock, 40 * SECOND);
  await caughtUp;
  b.network.cut = false;
  await pass(fleet.clock, 3 * SECOND);
  deepEqual([a.counts(1).leechers, b.counts(1).leechers], [2, 2]);
});

/** Trackers on one bus. */
class GivenFleet {
  readonly clock = new VirtualClock();
  readonly #rng = seededRng(1);
  readonly #inner = openEmbeddedBus({ file: null });
  readonly #trackers: GivenTracker[] = [];

  add(id: string): GivenTracker {
    const ports = { inner: this.#inner, clock: this.clock, rng: this.#rng };
    const tracker = new GivenTracker(ports, { id, name: `${id}${this.#trackers.length}` });
    this.#trackers.push(tracker);
    return tracker;
  }

  async start(id: string): Promise<GivenTracker> {
    const tracker = this.add(id);
    const caughtUp = tracker.hub.catchUp();
    await pass(this.clock, SECOND);
    await caughtUp;
    return tracker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const tracker of this.#trackers) tracker.kill();
    await this.#inner.close();
  }
}
