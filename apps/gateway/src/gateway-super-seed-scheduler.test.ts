import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type SuperSeedReply, type SuperSeedRequest, superSeedCall } from "@seedfleet/contracts";
import { announcePresence } from "@seedfleet/fleet";
import { turn } from "@seedfleet/testkit";
import { GivenGateway, untilAsTimePasses } from "./testing.ts";
import type { TestPeer } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const FAST = { reserved: { fast: true } };
const ON = { choking: { policy: null, weight: 1, superSeeding: true } };
const SCHEDULER = "scheduler-1";
const { pieceCount, infoHash } = ONE.metainfo;

test("a gateway tells its scheduler what leechers have, and them what it says", async () => {
  await using given = await GivenSuperSeeding.start();
  const peer = await given.leecher("a", [2]);
  await given.until(() => peer.count("have") === 1);
  const [joined] = given.asked.flatMap((request) => request.joined);
  equal(joined?.have, Buffer.of(0b0010_0000).toString("base64"));
  deepEqual(peer.messages("have"), [{ kind: "have", piece: 0 }]);
  const [first] = given.asked;
  deepEqual(
    [first?.gateway, first?.infoHash, first?.pieceCount],
    ["gateway-1", infoHash, pieceCount],
  );
  peer.send({ kind: "have", piece: 0 });
  await given.until(() => given.asked.some(({ had }) => had.length > 0));
  const had = given.asked.flatMap((request) => request.had);
  deepEqual(had, [{ leecher: joined?.leecher, pieces: [0] }]);
  peer[Symbol.dispose]();
  // With nobody here all that it told is void, and there is nothing to ask.
  const { length } = given.asked;
  await given.until(() => given.asked.length > length && given.asked.at(-1)?.epoch === null);
  given.asked.length = 0;
  await given.advance(2_000);
  equal(given.asked.length, 0);
});

test("a gateway tells everything again to a scheduler that does not know it", async () => {
  await using given = await GivenSuperSeeding.start();
  const peer = await given.leecher("a", []);
  await given.until(() => peer.count("have") === 1);
  given.asked.length = 0;
  given.answer = ({ epoch }) => {
    if (epoch === "second") return replied("second");
    if (epoch === null) return replied("second");
    return { epoch: "second", outcome: "tell-all", offers: [] };
  };
  await given.until(() => given.asked.some(({ epoch }) => epoch === "second"));
  const whole = given.asked.filter(({ epoch }) => epoch === null);
  deepEqual(
    whole.map(({ joined }) => joined.map(({ told }) => told)),
    [[[0]]],
  );
});

for (const [how, fails] of [
  ["fails", () => Promise.reject(new Error("no"))],
  ["is silent", () => new Promise<SuperSeedReply>(() => {})],
] as const) {
  test(`a gateway whose scheduler ${how} super-seeds by itself until it answers`, async () => {
    await using given = await GivenSuperSeeding.start();
    const [a, b] = [await given.leecher("a", []), await given.leecher("b", [])];
    await given.until(() => a.count("have") + b.count("have") === 2);
    given.answer = fails;
    for (const peer of [a, b]) peer.send({ kind: "have", piece: 0 });
    // Told of it by the scheduler, and each has it: both may go on.
    await given.until(() => a.count("have") === 2 && b.count("have") === 2);
    const own = [a, b].flatMap((peer) =>
      peer
        .messages("have")
        .map(({ piece }) => piece)
        .slice(-1),
    );
    equal(new Set(own).size, 2);
    equal(given.gateway.logged("scheduler silent, super-seeding decided here"), 1);

    given.asked.length = 0;
    given.answer = () => replied("third");
    await given.until(() => given.asked.some(({ joined }) => joined.length === 2));
    const told = given.asked.flatMap(({ joined }) => joined.map((each) => each.told));
    deepEqual(told.flat().toSorted(), own.toSorted());
    equal(given.gateway.logged("scheduler super-seeds again"), 1);
  });
}

test("a gateway tells all peers of everything where there are too many leechers", async () => {
  await using given = await GivenSuperSeeding.start();
  given.answer = () => ({ epoch: "first", outcome: "too-many", offers: [] });
  const peer = await given.leecher("a", [1]);
  await given.until(() => peer.count("have") === pieceCount - 1);
  const later = await given.leecher("b", []);
  deepEqual(later.heard, [{ kind: "have-all" }]);
  deepEqual(
    given.asked.map(({ joined }) => joined.length),
    [1, 0],
  );
});

function replied(epoch: string, offers: SuperSeedReply["offers"] = []): SuperSeedReply {
  return { epoch, outcome: "offers", offers };
}

/** A gateway that knows a scheduler, which offers piece 0 to whoever joins. */
class GivenSuperSeeding implements AsyncDisposable {
  readonly gateway: GivenGateway;
  readonly asked: SuperSeedRequest[] = [];
  answer: (request: SuperSeedRequest) => SuperSeedReply | Promise<SuperSeedReply> = ({ joined }) =>
    replied(
      "first",
      joined.map(({ leecher }) => ({ leecher, piece: 0 })),
    );

  private constructor(gateway: GivenGateway) {
    this.gateway = gateway;
  }

  static async start(): Promise<GivenSuperSeeding> {
    const given = new GivenSuperSeeding(await GivenGateway.start([]));
    const { bus } = given.gateway;
    await given.gateway.publish(ONE, ON);
    bus.serve(superSeedCall, { params: { scheduler: SCHEDULER } }, (request) => {
      given.asked.push(request);
      return given.answer(request);
    });
    announcePresence(given.gateway, () => ({
      ...{ role: "choking-scheduler", id: SCHEDULER, version: "0.1.0", startedAtMs: 0 },
      ...{ draining: false, load: 0, peerAddress: null, urls: [], gateway: null },
    }));
    await bus.flush();
    return given;
  }

  async leecher(name: string, pieces: readonly number[]): Promise<TestPeer> {
    const peer = await this.gateway.join(ONE, name, FAST);
    const bits = new Uint8Array(1);
    for (const piece of pieces) bits[0] = Number(bits[0]) | (0x80 >> piece);
    peer.send({ kind: "bitfield", bits });
    return peer;
  }

  until(holds: () => boolean): Promise<void> {
    return untilAsTimePasses(this.gateway.clock, holds);
  }

  async advance(durationMs: number): Promise<void> {
    for (let ms = 0; ms < durationMs; ms += 25) {
      await turn();
      this.gateway.clock.advance(25);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.gateway[Symbol.asyncDispose]();
  }
}
