import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { AnnouncedSeed, Mirror } from "@seedfleet/contracts";
import { type AnnouncedSeeds, openAnnouncedSeeds } from "@seedfleet/fleet";
import { advanceUntil, Gathered } from "@seedfleet/testkit";
import { SEED_SETTLE_MS } from "./announcing/seed-announces.ts";
import { givenHttpTracker } from "./announcing/testing.ts";
import { startGateway } from "./start-gateway.ts";
import { DEFAULTS } from "./testing.ts";
import { GivenMirror } from "./testing-mirror.ts";

const INTERVAL_MS = 1_800_000;

test("a mirror that is complete goes on being announced, until somebody ends it", async () => {
  await using swarm = await GivenSwarm.start();
  await swarm.complete();
  const { mirrored, told } = swarm;
  const { clock } = mirrored.given;
  const [record] = await swarm.recorded(1);
  const { infoHash, name } = mirrored.torrent.metainfo;
  deepEqual(
    [record?.infoHash, record?.name, record?.trackers, record?.dht],
    [infoHash, name, [[swarm.url]], false],
  );
  await mirrored.until(() => mirrored.given.gauge("announced_seeds") === 1);
  equal(mirrored.given.gauge("mirrors"), 0);
  clock.advance(INTERVAL_MS);
  await swarm.answered(3);
  await (await swarm.seeds()).remove(infoHash);
  await mirrored.until(() => told.items.length === 4);
  // What is left nobody knew when it began.
  deepEqual(told.items, ["started 16384", "completed 0", "null 0", "stopped 0"]);
  equal(mirrored.given.gauge("announced_seeds"), 0);
});

test("a mirror that is not to be announced leaves its swarm when it is complete", async () => {
  await using swarm = await GivenSwarm.start();
  await swarm.complete({ announce: false });
  await swarm.mirrored.until(() => swarm.told.items.length === 3);
  equal(swarm.told.items.at(-1), "stopped 0");
  deepEqual(await (await swarm.seeds()).list(), []);
});

test("a gateway that drains tells trackers that it leaves, and another goes on", async () => {
  await using swarm = await GivenSwarm.start();
  await swarm.complete();
  const { mirrored, told } = swarm;
  const { given } = mirrored;
  await mirrored.until(() => given.gauge("announced_seeds") === 1);
  await advanceUntil(given.clock, 100, given.gateway.drain());
  deepEqual(told.items.slice(1), ["completed 0", "stopped 0"]);
  const other = await startGateway(given, { ...DEFAULTS, id: "gateway-2" });
  given.clock.advance(SEED_SETTLE_MS);
  await swarm.answered(3);
  equal(told.items.at(-1), "started 0");
  await advanceUntil(given.clock, 100, Promise.resolve(other[Symbol.asyncDispose]()));
  equal(told.items.at(-1), "stopped 0");
});

test("what a fleet made itself is announced to nobody", async () => {
  await using swarm = await GivenSwarm.start();
  await swarm.mirrored.whole();
  const { clock } = swarm.mirrored.given;
  await swarm.mirrored.given.join(swarm.mirrored.torrent);
  clock.advance(2 * INTERVAL_MS);
  await swarm.mirrored.until(() => clock.nowMs() > 2 * INTERVAL_MS + SEED_SETTLE_MS);
  deepEqual(swarm.told.items, []);
});

/** A gateway, the seed that it mirrors from, and the tracker of both. */
class GivenSwarm implements AsyncDisposable {
  readonly mirrored: GivenMirror;
  readonly url: string;
  /** What the tracker was told: the event, and what is left. */
  readonly told: Gathered<string>;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { mirrored, url, told }: Pick<GivenSwarm, "mirrored" | "url" | "told">,
    stack: AsyncDisposableStack,
  ) {
    this.mirrored = mirrored;
    this.url = url;
    this.told = told;
    this.#stack = stack;
  }

  static async start(): Promise<GivenSwarm> {
    const stack = new AsyncDisposableStack();
    const told = new Gathered<string>();
    const tracker = await givenHttpTracker((request, response) => {
      const query = new URL(request.url ?? "", "http://tracker.example").searchParams;
      response.end(`d8:intervali${INTERVAL_MS / 1_000}e5:peers0:e`);
      told.add(`${query.get("event")} ${query.get("left")}`);
    });
    stack.use(tracker);
    const mirrored = stack.use(await GivenMirror.start());
    const url = `http://127.0.0.1:${tracker.port}/announce`;
    return new GivenSwarm({ mirrored, url, told }, stack);
  }

  /** Mirrors it to its end. */
  async complete(differing: Partial<Mirror> = {}): Promise<void> {
    const { mirrored, told, url } = this;
    const seed = await mirrored.peer("honest", {});
    await mirrored.mirror([seed], [], { trackers: [[url]], ...differing });
    await mirrored.until(() => mirrored.given.logged("mirror complete") === 1);
    await this.answered(2);
    equal(told.items[1], "completed 0");
    await mirrored.whole();
    await mirrored.until(() => mirrored.given.gauge("mirrors") === 0);
  }

  /** Resolves once the tracker's answers to so many announces are taken. */
  async answered(count: number): Promise<void> {
    const { mirrored } = this;
    await mirrored.until(() => mirrored.given.logged("tracker answered") === count);
  }

  async seeds(): Promise<AnnouncedSeeds> {
    const { bus, telemetry } = this.mirrored.given;
    return await openAnnouncedSeeds(bus, telemetry.log);
  }

  async recorded(count: number): Promise<readonly AnnouncedSeed[]> {
    const list = await (await this.seeds()).list();
    equal(list.length, count);
    return list;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
