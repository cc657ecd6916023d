import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { CHOKE_ROUND_INTERVAL_MS } from "@seedfleet/choker";
import { chokeRoundCall, type RoundReply, type RoundRequest } from "@seedfleet/contracts";
import { watchPresence } from "@seedfleet/fleet";
import {
  type RecordedLog,
  type RecordingTelemetry,
  recordingTelemetry,
} from "@seedfleet/telemetry";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { type RunningScheduler, startChokingScheduler } from "./choking-scheduler.ts";
import { ROUND_GATHERED_MS } from "./fleet-rounds.ts";
import { GivenGateway, givenPeer, ONE, OTHER } from "./testing.ts";

const ID = "scheduler-1";

test("a scheduler gives the slots by the policy, and says why", async () => {
  await using given = await GivenScheduler.start();
  const gateway = new GivenGateway("g1", [
    givenPeer("slow", { amChoking: false, uploadBytesPerSecond: 1 }),
    givenPeer("fast", { amChoking: false, uploadBytesPerSecond: 9 }),
    givenPeer("faster", { amChoking: false, uploadBytesPerSecond: 90 }),
    givenPeer("new"),
    givenPeer("bored", { amChoking: false, peerInterested: false }),
    givenPeer("giving", { uploadOnly: true }),
  ]);
  const reply = await given.round(gateway, { unchokeSlots: 3 });
  equal(reply.round, 1);
  deepEqual(gateway.follow(reply, 0), [
    ...["slow choked outranked", "fast regular ranked", "faster regular ranked"],
    ...["new optimistic turn", "bored choked not-interested", "giving choked upload-only"],
  ]);
  equal(reply.validForMs, CHOKE_ROUND_INTERVAL_MS / 2);
  equal(reply.nextInMs, CHOKE_ROUND_INTERVAL_MS);
});

test("a scheduler moves the optimistic slot every 30 s, to each peer in turn", async () => {
  await using given = await GivenScheduler.start();
  const peers = ["a", "b", "c"].map((key) => givenPeer(key));
  const gateway = new GivenGateway("g1", peers);
  const heldRounds = new Map<string, number>();
  for (let round = 1; round <= 36; round += 1) {
    const reply = await given.round(gateway);
    equal(reply.round, round);
    gateway.follow(reply, given.clock.nowMs());
    for (const holder of gateway.holders) {
      heldRounds.set(holder, (heldRounds.get(holder) ?? 0) + 1);
    }
    given.clock.advance(CHOKE_ROUND_INTERVAL_MS);
  }
  deepEqual(Object.fromEntries(heldRounds), { a: 12, b: 12, c: 12 });
});

test("a scheduler waits a moment for the other gateways of a swarm, and decides once", async () => {
  await using given = await GivenScheduler.start();
  const one = new GivenGateway("g1", [givenPeer("a"), givenPeer("b")]);
  const two = new GivenGateway("g2", [givenPeer("a"), givenPeer("b")]);
  one.follow(await given.round(one), 0);
  // The other comes in between; who is known already is waited for.
  const second = given.round(two);
  await given.heard();
  given.clock.advance(ROUND_GATHERED_MS);
  two.follow(await second, given.clock.nowMs());
  deepEqual([one.holders, two.holders], [["a"], ["b"]]);
  given.clock.advance(CHOKE_ROUND_INTERVAL_MS);
  const replies = await Promise.all([given.round(one), given.round(two)]);
  deepEqual(
    replies.map(({ round }) => round),
    [3, 3],
  );
  equal(given.telemetry.recorded.total("seedfleet_choking_scheduler_rounds"), 3);
});

test("a scheduler decides without a gateway that does not come", async () => {
  await using given = await GivenScheduler.start();
  const one = new GivenGateway("g1", [givenPeer("a")]);
  const two = new GivenGateway("g2", [givenPeer("b")]);
  await given.round(one);
  const lone = given.round(two);
  await given.heard();
  given.clock.advance(ROUND_GATHERED_MS - 1);
  let answered = false;
  void lone.then(() => {
    answered = true;
  });
  await given.heard();
  ok(!answered);
  given.clock.advance(1);
  equal((await lone).round, 2);
});

test("a scheduler keeps swarms apart", async () => {
  await using given = await GivenScheduler.start();
  const gateway = new GivenGateway("g1", [givenPeer("a"), givenPeer("b")]);
  equal((await given.round(gateway)).round, 1);
  equal((await given.round(gateway, { infoHash: OTHER })).round, 1);
  equal((await given.round(gateway)).round, 2);
  equal(given.telemetry.recorded.gauge("seedfleet_choking_scheduler_swarms"), 2);
  equal(given.telemetry.recorded.total("seedfleet_choking_scheduler_rounds"), 3);
});

test("a scheduler logs at info only the rounds that changed who holds a slot", async () => {
  await using given = await GivenScheduler.start();
  const [a, b] = [givenPeer("a"), givenPeer("b")];
  const holding = { ...a, amChoking: false };
  for (const peers of [[a], [holding], [holding, b], []]) {
    await given.round(new GivenGateway("g1", peers), { unchokeSlots: 2 });
  }
  const levels = given.rounds().map(({ level, fields }) => [level, fields["unchoked"]]);
  deepEqual(levels, [
    ["info", 1],
    ["debug", 1],
    ["info", 2],
    ["info", 0],
  ]);
  deepEqual(given.rounds()[2]?.fields, {
    ...{ infoHash: ONE, gateways: 1, peers: 2, interested: 2, unchoked: 2 },
    ...{ round: 3, unchokeSlots: 2, policy: "fastest_upload" },
  });
});

test("a scheduler forgets a swarm that nobody asked about for a minute", async () => {
  await using given = await GivenScheduler.start();
  const gateway = new GivenGateway("g1", [givenPeer("a")]);
  await given.round(gateway);
  given.clock.advance(50_000);
  equal((await given.round(gateway)).round, 2);
  given.clock.advance(60_000);
  equal((await given.round(gateway)).round, 3);
  given.clock.advance(130_000);
  equal(given.telemetry.recorded.gauge("seedfleet_choking_scheduler_swarms"), 0);
  equal((await given.round(gateway)).round, 1);
});

test("a scheduler is asked by its name, and not of what breaks the contract", async () => {
  await using given = await GivenScheduler.start();
  const gateway = new GivenGateway("g1", [givenPeer("a")]);
  const elsewhere = given.bus.call(chokeRoundCall, { scheduler: "other" }, gateway.request(0));
  await rejects(elsewhere, hasCode("bus-no-responders"));
  await rejects(given.round(gateway, { unchokeSlots: -1 }), hasCode("bus-invalid-payload"));
});

test("a scheduler that goes answers who waits", async () => {
  await using given = await GivenScheduler.start();
  await given.round(new GivenGateway("g1", [givenPeer("a")]));
  const waiting = given.round(new GivenGateway("g2", [givenPeer("b")]));
  await given.heard();
  await given.scheduler[Symbol.asyncDispose]();
  equal((await waiting).round, 2);
});

test("a scheduler tells the fleet that it is there, and that it goes", async () => {
  await using given = await GivenScheduler.start();
  const presence = watchPresence(given, ["choking-scheduler"]);
  equal((await presence.first("choking-scheduler")).id, ID);
  deepEqual(given.scheduler.ready(), { ready: true, reasons: [] });
  await given.scheduler.drain();
  await given.bus.flush();
  deepEqual(presence.available("choking-scheduler"), []);
  deepEqual(given.scheduler.ready(), { ready: false, reasons: ["draining"] });
  // Until it is gone it answers: a gateway may have asked before it heard.
  const gateway = new GivenGateway("g1", [givenPeer("a")]);
  equal((await given.round(gateway)).round, 1);
  await given.scheduler[Symbol.asyncDispose]();
  await rejects(given.round(gateway), hasCode("bus-no-responders"));
  presence.stop();
});

class GivenScheduler implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly telemetry: RecordingTelemetry;
  readonly bus: Bus;
  readonly scheduler: RunningScheduler;

  private constructor(parts: Pick<GivenScheduler, "clock" | "telemetry" | "bus" | "scheduler">) {
    this.clock = parts.clock;
    this.telemetry = parts.telemetry;
    this.bus = parts.bus;
    this.scheduler = parts.scheduler;
  }

  static async start(): Promise<GivenScheduler> {
    const [clock, telemetry] = [new VirtualClock(), recordingTelemetry()];
    const bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
    const ports = { bus, clock, telemetry };
    return new GivenScheduler({
      ...ports,
      scheduler: await startChokingScheduler(ports, { id: ID }),
    });
  }

  round(gateway: GivenGateway, differing: Partial<RoundRequest> = {}): Promise<RoundReply> {
    const request = gateway.request(this.clock.nowMs(), differing);
    return this.bus.call(chokeRoundCall, { scheduler: ID }, request);
  }

  /** The scheduler has heard what it was asked until now. */
  async heard(): Promise<void> {
    await this.bus.flush();
    await turn();
  }

  rounds(): readonly RecordedLog[] {
    return this.telemetry.recorded.logs.filter(({ message }) => message === "choke round");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scheduler[Symbol.asyncDispose]();
    await this.bus.close();
  }
}

function hasCode(code: string): (error: { readonly detail: { readonly code: string } }) => boolean {
  return ({ detail }) => detail.code === code;
}
