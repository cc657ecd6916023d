import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { SUPER_SEED_SILENCE_MS_MAX } from "@seedfleet/choker";
import {
  SUPER_SEED_JOINED_MAX,
  SUPER_SEED_LEECHERS_MAX,
  type SuperSeedJoined,
  type SuperSeedReply,
  type SuperSeedRequest,
  superSeedCall,
} from "@seedfleet/contracts";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { type RunningScheduler, startChokingScheduler } from "./choking-scheduler.ts";

const ID = "scheduler-1";
const ONE = infoHashFromBytes(new Uint8Array(20).fill(1));
const OTHER = infoHashFromBytes(new Uint8Array(20).fill(2));

test("a scheduler offers each piece once over the gateways of a swarm", async () => {
  await using given = await GivenScheduler.start();
  const one = await given.tell({ joined: named("a", "b") });
  const two = await given.tell({ gateway: "two", joined: named("c", "d") });
  equal(one.epoch, two.epoch);
  deepEqual([...one.offers, ...two.offers].map(({ piece }) => piece).toSorted(), [0, 1, 2, 3]);
  // Another swarm's pieces are others.
  equal((await given.tell({ infoHash: OTHER, joined: named("a", "b") })).offers.length, 2);
  equal(given.gauge("super_seed_swarms"), 2);
  equal(given.telemetry.recorded.total("seedfleet_choking_scheduler_super_seed_offers"), 6);
});

test("a scheduler hears at one gateway what frees a leecher at another", async () => {
  await using given = await GivenScheduler.start();
  const { epoch, offers } = await given.tell({ joined: named("a") });
  const pieces = offers.map(({ piece }) => piece);
  await given.tell({ gateway: "two", joined: named("b", "c") });
  const waiting = await given.tell({ epoch, had: [{ leecher: "a", pieces }] });
  deepEqual(waiting.offers, []);
  await given.tell({ epoch, gateway: "two", had: [{ leecher: "b", pieces }] });
  const freed = await given.tell({ epoch });
  deepEqual(
    freed.offers.map(({ leecher }) => leecher),
    ["a"],
  );
});

test("a scheduler has all told again by a gateway that it does not know, and goes on", async () => {
  await using given = await GivenScheduler.start();
  const lost = await given.tell({ epoch: "of-another", had: [{ leecher: "a", pieces: [0] }] });
  deepEqual([lost.outcome, lost.offers], ["tell-all", []]);
  const have = Bitfield.empty(4);
  have.add(0);
  const bits = Buffer.from(have.toBytes()).toString("base64");
  const joined = [
    { leecher: "a", have: bits, told: [1] },
    { leecher: "b", have: bits, told: [2] },
    { leecher: "c", have: bits, told: [] },
  ];
  deepEqual((await given.tell({ joined })).offers, [{ leecher: "c", piece: 3 }]);
  // Of a gateway that fell silent, too.
  given.clock.advance(SUPER_SEED_SILENCE_MS_MAX + 4_000);
  equal(given.gauge("super_seed_swarms"), 0);
  const { outcome, epoch } = await given.tell({ epoch: lost.epoch });
  deepEqual([outcome, epoch === lost.epoch], ["tell-all", false]);
});

test("a scheduler super-seeds to no more leechers than it can hold, and says so once", async () => {
  await using given = await GivenScheduler.start();
  const calls = SUPER_SEED_LEECHERS_MAX / SUPER_SEED_JOINED_MAX;
  let epoch: string | null = null;
  for (let call = 0; call < calls; call += 1) {
    const names = Array.from({ length: SUPER_SEED_JOINED_MAX }, (_, at) => `${call}-${at}`);
    const reply: SuperSeedReply = await given.tell({ epoch, joined: named(...names) });
    epoch = reply.epoch;
    equal(reply.outcome, "offers");
  }
  const full = await given.tell({ gateway: "two", joined: named("one-more") });
  deepEqual([full.outcome, full.offers], ["too-many", []]);
  // It stays so, since peers were told of everything.
  await given.tell({ gateway: "two", epoch, left: ["one-more"] });
  equal((await given.tell({ epoch })).outcome, "too-many");
  const said = given.telemetry.recorded.logs.filter(
    ({ message }) => message === "too many leechers to super-seed to",
  );
  equal(said.length, 1);
});

class GivenScheduler implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly telemetry: RecordingTelemetry = recordingTelemetry();
  readonly bus: Bus = createBus(openEmbeddedBus({ file: null }), this);
  #scheduler: RunningScheduler | null = null;

  static async start(): Promise<GivenScheduler> {
    const given = new GivenScheduler();
    given.#scheduler = await startChokingScheduler(given, { id: ID });
    return given;
  }

  tell(differing: Partial<SuperSeedRequest>): Promise<SuperSeedReply> {
    return this.bus.call(
      superSeedCall,
      { scheduler: ID },
      {
        ...{ gateway: "one", infoHash: ONE, pieceCount: 4, epoch: null },
        ...{ left: [], joined: [], had: [], declined: [], ...differing },
      },
    );
  }

  gauge(name: string): number | null {
    return this.telemetry.recorded.gauge(`seedfleet_choking_scheduler_${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scheduler?.[Symbol.asyncDispose]();
    await this.bus.close();
  }
}

/** Leechers that have nothing. */
function named(...leechers: readonly string[]): SuperSeedJoined[] {
  return leechers.map((leecher) => ({ leecher, have: "", told: [] }));
}
