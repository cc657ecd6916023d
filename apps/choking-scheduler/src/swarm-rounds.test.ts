import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { CHOKE_ROUND_INTERVAL_MS } from "@seedfleet/choker";
import { SwarmRounds } from "./swarm-rounds.ts";
import { GivenGateway, givenPeer } from "./testing.ts";

const serving = (rate: number) => ({ amChoking: false, uploadBytesPerSecond: rate });

/** One round of these gateways, which follow it. */
function round(rounds: SwarmRounds, gateways: readonly GivenGateway[], nowMs: number) {
  for (const gateway of gateways) rounds.ask(gateway.request(nowMs), nowMs);
  const { replies } = rounds.decide(nowMs);
  return gateways.map((gateway) => {
    const reply = replies.get(gateway.id);
    ok(reply !== undefined);
    return { reply, decided: gateway.follow(reply, nowMs) };
  });
}

test("SwarmRounds serves a leecher of two gateways at the one that serves it faster", () => {
  const rounds = new SwarmRounds(1);
  const one = new GivenGateway("g1", [givenPeer("a", serving(1)), givenPeer("b")]);
  const two = new GivenGateway("g2", [givenPeer("a", serving(9)), givenPeer("b")]);
  const decided = round(rounds, [one, two], 0).map((each) => each.decided);
  deepEqual(decided, [
    ["a choked served-elsewhere", "b optimistic turn"],
    ["a regular ranked", "b choked served-elsewhere"],
  ]);
});

test("SwarmRounds never gives a leecher two slots while others wait", () => {
  const rounds = new SwarmRounds(1);
  const names = Array.from({ length: 12 }, (_, at) => `peer-${at}`);
  const gateways = ["g1", "g2", "g3"].map((id) => {
    return new GivenGateway(
      id,
      names.map((name) => givenPeer(name)),
    );
  });
  const held = new Map<string, number>();
  for (let at = 0; at < 60; at += 1) {
    round(rounds, gateways, at * CHOKE_ROUND_INTERVAL_MS);
    const holders = gateways.flatMap((gateway) => gateway.holders);
    equal(holders.length, 3);
    equal(new Set(holders).size, 3);
    for (const holder of holders) held.set(holder, (held.get(holder) ?? 0) + 1);
  }
  // Nobody is served at all: only the optimistic turns move, and everybody has some.
  equal(held.size, names.length);
});

test("SwarmRounds leaves a leecher where a gateway serves it that does not ask", () => {
  const rounds = new SwarmRounds(1);
  const one = new GivenGateway("g1", [givenPeer("a")]);
  const two = new GivenGateway("g2", [givenPeer("a"), givenPeer("b")]);
  round(rounds, [one], 0);
  deepEqual(one.holders, ["a"]);
  const [late] = round(rounds, [two], 4_000);
  deepEqual(late?.decided, ["a choked served-elsewhere", "b optimistic turn"]);
  // It comes along with the other from then on.
  equal(late?.reply.nextInMs, 6_000);
});

test("SwarmRounds forgets whom a gateway served that is silent", () => {
  const rounds = new SwarmRounds(1);
  const one = new GivenGateway("g1", [givenPeer("a")]);
  const two = new GivenGateway("g2", [givenPeer("a")]);
  round(rounds, [one], 0);
  ok(!rounds.isComplete(10_000));
  ok(rounds.isComplete(15_001));
  deepEqual(round(rounds, [two], 15_001)[0]?.decided, ["a optimistic turn"]);
});

test("SwarmRounds is complete when all that had peers lately have asked", () => {
  const rounds = new SwarmRounds(1);
  const one = new GivenGateway("g1", [givenPeer("a")]);
  const two = new GivenGateway("g2", [givenPeer("b")]);
  round(rounds, [one, two], 0);
  rounds.ask(one.request(10_000), 10_000);
  ok(!rounds.isComplete(10_000));
  rounds.ask(two.request(10_100), 10_100);
  ok(rounds.isComplete(10_100));
});

test("SwarmRounds has gateways ask together, whenever they came", () => {
  const rounds = new SwarmRounds(1);
  const [one, two] = [new GivenGateway("g1", []), new GivenGateway("g2", [])];
  equal(round(rounds, [one], 0)[0]?.reply.nextInMs, 10_000);
  // Too near to the next for another of its own.
  equal(round(rounds, [two], 7_500)[0]?.reply.nextInMs, 12_500);
  equal(round(rounds, [one], 10_000)[0]?.reply.nextInMs, 10_000);
  equal(round(rounds, [one, two], 19_900)[0]?.reply.nextInMs, 10_000);
});

test("SwarmRounds goes on counting where another scheduler was", () => {
  const rounds = new SwarmRounds(1);
  const one = new GivenGateway("g1", [givenPeer("a", serving(1)), givenPeer("b")]);
  one.lastRound = 41;
  const [first] = round(rounds, [one], 0);
  equal(first?.reply.round, 42);
  equal(round(rounds, [one], 10_000)[0]?.reply.round, 43);
});

test("SwarmRounds follows the policy of whoever asked last", () => {
  const rounds = new SwarmRounds(1);
  const one = new GivenGateway("g1", []);
  rounds.ask(one.request(0, { policy: "legout" }), 0);
  equal(rounds.decide(0).policy, "legout");
  rounds.ask(one.request(10_000, { policy: "anti_leech" }), 10_000);
  equal(rounds.decide(10_000).policy, "anti_leech");
});
