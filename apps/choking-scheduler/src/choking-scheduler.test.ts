import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { BEP3_UNCHOKE_SLOTS, CHOKE_ROUND_INTERVAL_MS } from "@seedfleet/choker";
import {
  chokeRoundCall,
  type RoundPeer,
  type RoundReply,
  type RoundRequest,
} from "@seedfleet/contracts";
import { watchPresence } from "@seedfleet/fleet";
import {
  type RecordedLog,
  type RecordingTelemetry,
  recordingTelemetry,
} from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { type RunningScheduler, startChokingScheduler } from "./choking-scheduler.ts";

const ID = "scheduler-1";
const ONE = infoHashFromBytes(new Uint8Array(20).fill(1));
const OTHER = infoHashFromBytes(new Uint8Array(20).fill(2));

test("a scheduler gives the slots to the fastest, one to whoever waits, and says why", async () => {
  await using given = await GivenScheduler.start();
  const reply = await given.round({
    unchokeSlots: 3,
    peers: [
      givenPeer("slow", { amChoking: false, uploadBytesPerSecond: 1 }),
      givenPeer("fast", { amChoking: false, uploadBytesPerSecond: 9 }),
      givenPeer("faster", { amChoking: false, uploadBytesPerSecond: 90 }),
      givenPeer("new"),
      givenPeer("bored", { amChoking: false, peerInterested: false }),
    ],
  });
  deepEqual([reply.round, reply.unchokeSlots], [1, 3]);
  deepEqual(
    reply.decisions.map(({ peerKey, unchoked, reason }) => `${peerKey} ${unchoked} ${reason}`),
    [
      "slow false outranked",
      "fast true rate",
      "faster true rate",
      "new true optimistic",
      "bored false not-interested",
    ],
  );
  equal(reply.validForMs, CHOKE_ROUND_INTERVAL_MS / 2);
});

test("a scheduler moves the optimistic slot every 30 s, to each peer in turn", async () => {
  await using given = await GivenScheduler.start();
  let peers = ["a", "b", "c"].map((key) => givenPeer(key));
  const heldRounds = new Map<string, number>();
  for (let round = 1; round <= 36; round += 1) {
    const reply = await given.round({ unchokeSlots: 1, peers });
    equal(reply.round, round);
    const holders = reply.decisions.filter(({ unchoked }) => unchoked);
    deepEqual(
      holders.map(({ reason }) => reason),
      ["optimistic"],
    );
    const holder = holders[0]?.peerKey ?? "";
    heldRounds.set(holder, (heldRounds.get(holder) ?? 0) + 1);
    peers = peers.map((peer) => applied(peer, peer.peerKey === holder, given.clock.nowMs()));
    given.clock.advance(CHOKE_ROUND_INTERVAL_MS);
  }
  deepEqual(Object.fromEntries(heldRounds), { a: 12, b: 12, c: 12 });
});

test("a scheduler gives more slots to an auto swarm that uses the ones it has", async () => {
  await using given = await GivenScheduler.start();
  const busy = Array.from({ length: 4 }, (_, index) =>
    givenPeer(`busy-${index}`, { amChoking: false, uploadBytesPerSecond: 1_000_000 }),
  );
  const waiting = Array.from({ length: 9 }, (_, index) => givenPeer(`waiting-${index}`));
  const peers = [...busy, ...waiting];
  const first = await given.round({ unchokeSlots: "auto", peers: waiting });
  equal(first.unchokeSlots, BEP3_UNCHOKE_SLOTS);
  const second = await given.round({ unchokeSlots: "auto", peers });
  equal(second.unchokeSlots, 2 * BEP3_UNCHOKE_SLOTS);
  equal(second.decisions.filter(({ unchoked }) => unchoked).length, 2 * BEP3_UNCHOKE_SLOTS);
});

test("a scheduler keeps swarms and gateways apart", async () => {
  await using given = await GivenScheduler.start();
  const peers = [givenPeer("a"), givenPeer("b")];
  const ask = async (differing: Partial<RoundRequest>): Promise<unknown> => {
    const { round, decisions } = await given.round({ unchokeSlots: 1, peers, ...differing });
    return [round, decisions.find(({ unchoked }) => unchoked)?.peerKey];
  };
  deepEqual(await ask({}), [1, "a"]);
  deepEqual(await ask({ infoHash: OTHER }), [1, "a"]);
  deepEqual(await ask({ gateway: "gateway-2" }), [1, "a"]);
  deepEqual(await ask({}), [2, "a"]);
  equal(given.telemetry.recorded.gauge("seedfleet_choking_scheduler_swarms"), 3);
  equal(given.telemetry.recorded.total("seedfleet_choking_scheduler_rounds"), 4);
});

test("a scheduler logs at info only the rounds that changed who holds a slot", async () => {
  await using given = await GivenScheduler.start();
  const [a, b] = [givenPeer("a"), givenPeer("b")];
  await given.round({ unchokeSlots: 2, peers: [a] });
  await given.round({ unchokeSlots: 2, peers: [{ ...a, amChoking: false }] });
  await given.round({ unchokeSlots: 2, peers: [{ ...a, amChoking: false }, b] });
  await given.round({ unchokeSlots: 2, peers: [] });
  const levels = given.rounds().map(({ level, fields }) => [level, fields["unchoked"]]);
  deepEqual(levels, [
    ["info", 1],
    ["debug", 1],
    ["info", 2],
    ["info", 0],
  ]);
  deepEqual(given.rounds()[2]?.fields, {
    ...{ gateway: "gateway-1", infoHash: ONE, peers: 2, interested: 2, unchoked: 2 },
    ...{ round: 3, unchokeSlots: 2, optimistic: "a" },
  });
});

test("a scheduler forgets a swarm that nobody asked about for a minute", async () => {
  await using given = await GivenScheduler.start();
  await given.round({ peers: [givenPeer("a")] });
  given.clock.advance(50_000);
  equal((await given.round({ peers: [givenPeer("a")] })).round, 2);
  given.clock.advance(60_000);
  equal((await given.round({ peers: [givenPeer("a")] })).round, 3);
  given.clock.advance(130_000);
  equal(given.telemetry.recorded.gauge("seedfleet_choking_scheduler_swarms"), 0);
  equal((await given.round({ peers: [givenPeer("a")] })).round, 1);
});

test("a scheduler is asked by its name, and not of what breaks the contract", async () => {
  await using given = await GivenScheduler.start();
  const elsewhere = given.bus.call(chokeRoundCall, { scheduler: "other" }, givenRequest({}));
  await rejects(elsewhere, hasCode("bus-no-responders"));
  const negative = [givenPeer("a", { uploadBytesPerSecond: -1 })];
  await rejects(given.round({ peers: negative }), hasCode("bus-invalid-payload"));
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
  equal((await given.round({ peers: [givenPeer("a")] })).round, 1);
  await given.scheduler[Symbol.asyncDispose]();
  await rejects(given.round({ peers: [] }), hasCode("bus-no-responders"));
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

  round(differing: Partial<RoundRequest>): Promise<RoundReply> {
    return this.bus.call(chokeRoundCall, { scheduler: ID }, givenRequest(differing));
  }

  rounds(): readonly RecordedLog[] {
    return this.telemetry.recorded.logs.filter(({ message }) => message === "choke round");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scheduler[Symbol.asyncDispose]();
    await this.bus.close();
  }
}

function givenRequest(differing: Partial<RoundRequest>): RoundRequest {
  return { gateway: "gateway-1", infoHash: ONE, unchokeSlots: 4, peers: [], ...differing };
}

function givenPeer(peerKey: string, differing: Partial<RoundPeer> = {}): RoundPeer {
  return {
    ...{ peerKey, amChoking: true, peerInterested: true },
    ...{ uploadBytesPerSecond: 0, connectedAtMs: 0, unchokedAtMs: null },
    ...differing,
  };
}

/** The peer as its gateway sees it once it has done what was decided. */
function applied(peer: RoundPeer, unchoked: boolean, nowMs: number): RoundPeer {
  const enters = peer.amChoking && unchoked;
  return { ...peer, amChoking: !unchoked, unchokedAtMs: enters ? nowMs : peer.unchokedAtMs };
}

function hasCode(code: string): (error: { readonly detail: { readonly code: string } }) => boolean {
  return ({ detail }) => detail.code === code;
}
