import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "@seedfleet/bytes";
import { seededRng } from "@seedfleet/runtime";
import fc from "fast-check";
import { givenEndpoint } from "../testing.ts";
import { fillReply } from "./fill-reply.ts";
import { GatewayBoard, type LiveGateway } from "./gateway-board.ts";
import { HANDOUT_POLICIES, HANDOUT_POLICY_NAMES } from "./handout-policy.ts";
import { parseZoneTable } from "./parse-zone-table.ts";
import {
  type HandoutAsked,
  HandoutPlan,
  type HandoutSettings,
  planHandout,
} from "./plan-handout.ts";
import {
  bytesOf,
  endpointsIn,
  givenAsked,
  givenGateway,
  givenSample,
  givenSettings,
  textOf,
} from "./testing.ts";

const zones = parseZoneTable("10.1.0.0/16 eu\n10.2.0.0/16 us\n2001:db8::/32 eu");
const NEAREST = givenSettings({ policy: HANDOUT_POLICIES.nearest, zones });

test("fillReply() puts gateways first, then peers, each once", () => {
  const swarm = [...peersAt("10.1.0.1", 3), givenEndpoint("192.0.2.1", 97)];
  const reply = told({ gateways: [givenGateway("a"), givenGateway("b")], swarm });
  deepEqual(reply.slice(0, 2), ["192.0.2.1:97", "192.0.2.1:98"]);
  deepEqual(reply.slice(2).toSorted(), ["10.1.0.1:1", "10.1.0.1:2", "10.1.0.1:3"]);
});

test("fillReply() given no gateways gives the sample as it is", () => {
  const swarm = peersAt("10.1.0.1", 9);
  deepEqual(told({ swarm }), swarm.map(textOf));
});

test("fillReply() given nearest puts those of the asker's zone first, then others", () => {
  const gateways = [givenGateway("a", { zone: "us" }), givenGateway("b", { zone: "eu" })];
  const swarm = [...peersAt("10.2.0.1", 3), ...peersAt("10.1.0.1", 2), ...peersAt("10.9.0.1", 1)];
  const asked = givenAsked({ host: "10.1.9.9", numWant: 6 });
  const reply = told({ gateways, swarm, asked, settings: NEAREST });
  deepEqual(reply.slice(0, 2), ["192.0.2.1:98", "192.0.2.1:97"]);
  deepEqual(reply.slice(2, 4).toSorted(), ["10.1.0.1:1", "10.1.0.1:2"]);
  equal(reply.length, 6);
});

test("fillReply() leaves out peers by chance only", () => {
  for (const settings of [givenSettings(), NEAREST]) {
    const gateways = [givenGateway("a"), givenGateway("b")];
    const counts = new Map<string, number>();
    const swarm = peersAt("10.1.0.1", 6);
    for (let seed = 0; seed < 4_000; seed += 1) {
      const asked = givenAsked({ host: "10.1.9.9", numWant: 6, turn: seed });
      for (const peer of told({ gateways, swarm, asked, settings, seed }).slice(2)) {
        counts.set(peer, (counts.get(peer) ?? 0) + 1);
      }
    }
    equal(counts.size, 6);
    // Four of six, 4,000 times: a standard deviation is 30.
    for (const [peer, count] of counts) ok(Math.abs(count - 2_667) < 150, `${peer}: ${count}`);
  }
});

const family = fc.constantFrom("ipv4" as const, "ipv6" as const);
const hosts = {
  ipv4: ["10.1.0.1", "10.2.0.1", "10.9.0.1"],
  ipv6: ["2001:db8::1", "2001:db9::1"],
} as const;
const place = fc.record({ host: fc.nat({ max: 2 }), port: fc.integer({ min: 1, max: 12 }) });
const any = fc.record({
  family,
  places: fc.array(place, { maxLength: 40 }),
  gateways: fc.array(
    fc.record({
      place,
      zone: fc.constantFrom("eu", "us", null),
      load: fc.double({ max: 2, min: 0, noNaN: true }),
    }),
    { maxLength: 8 },
  ),
  asker: place,
  numWant: fc.nat({ max: 20 }),
  takesGateways: fc.boolean(),
  takesOtherFamily: fc.boolean(),
  policy: fc.constantFrom(...HANDOUT_POLICY_NAMES),
  gatewayShare: fc.double({ min: 0, max: 1, noNaN: true }),
  gatewaysMax: fc.nat({ max: 16 }),
  swarm: fc.record({ seeders: fc.nat({ max: 60 }), leechers: fc.nat({ max: 60 }) }),
  turn: fc.nat(),
});

test("a reply has nobody twice, not the asker, no more than asked for, and the share holds", () => {
  fc.assert(
    fc.property(any, (given) => {
      const at = ({ host, port }: { host: number; port: number }): Endpoint => {
        const among: readonly string[] = hosts[given.family];
        return givenEndpoint(among[host % among.length] ?? "", port);
      };
      const asker = at(given.asker);
      const gateways = given.gateways.map(({ place: where, zone, load }, n) => {
        return { id: `gateway-${n}`, endpoint: at(where), zone, load };
      });
      const { policy, gatewayShare, gatewaysMax, ...asked } = given;
      const settings = { policy: HANDOUT_POLICIES[policy], gatewayShare, gatewaysMax, zones };
      const endpoint = bytesOf(asker);
      const endpointBytes = endpoint.length as 6 | 18;
      const swarm = [...new Set(given.places.map(at))].filter((peer) => peer !== asker);
      const board = new GatewayBoard(gateways, zones);
      const { plan, reply } = replyOf(board, {
        asked: { ...asked, endpoint, endpointBytes },
        settings,
        ...{ swarm, seed: 1 },
      });
      const { numWant } = given;
      ok(reply.length + plan.otherCount <= numWant);
      equal(new Set(reply).size, reply.length);
      ok(!reply.includes(asker));
      const allowed = Math.min(gatewaysMax, Math.ceil(numWant * gatewayShare));
      ok(plan.gatewayCount <= (given.takesGateways ? allowed : 0));
      const ids = new Set(board.gateways.map((gateway) => gateway.endpoint));
      ok(reply.slice(0, plan.gatewayCount).every((each) => ids.has(each)));
      // All there are, where there is room.
      const all = new Set([...swarm, ...reply.slice(0, plan.gatewayCount)]);
      equal(reply.length, Math.min(all.size, numWant - plan.otherCount));
      if (plan.nearZone === 0) return;
      const isNear = reply
        .slice(plan.gatewayCount)
        .map((each) => zones.zoneOf(bytesOf(each), 0, endpointBytes) === plan.nearZone);
      ok(!isNear.some((near, row) => near && isNear[row - 1] === false));
    }),
    { numRuns: 1_000 },
  );
});

type Given = {
  readonly gateways?: readonly LiveGateway[];
  readonly swarm: readonly Endpoint[];
  readonly asked?: HandoutAsked;
  readonly settings?: HandoutSettings;
  readonly seed?: number;
};

function told({ gateways = [], swarm, asked = givenAsked(), ...given }: Given): string[] {
  const { settings = givenSettings(), seed = 1 } = given;
  const board = new GatewayBoard(gateways, zones);
  return replyOf(board, { asked, settings, swarm, seed }).reply.map(textOf);
}

/** The swarm's sample is its first peers: whom it draws is not the handout's to choose. */
function replyOf(
  board: GatewayBoard,
  given: Required<Omit<Given, "gateways">>,
): { plan: HandoutPlan; reply: Endpoint[] } {
  const { asked, settings, swarm, seed } = given;
  const plan = new HandoutPlan();
  planHandout(asked, { board, settings }, plan);
  const peers = givenSample(swarm.slice(0, plan.sampleCount), asked.endpointBytes);
  const gateways = board.ofFamily(asked.endpointBytes);
  fillReply(peers, { plan, gateways, zones, chance: seededRng(seed) });
  return { plan, reply: endpointsIn(peers) };
}

function peersAt(host: string, count: number): Endpoint[] {
  return Array.from({ length: count }, (_, n) => givenEndpoint(host, n + 1));
}
