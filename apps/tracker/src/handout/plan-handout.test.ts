import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { GatewayBoard } from "./gateway-board.ts";
import { HANDOUT_POLICIES } from "./handout-policy.ts";
import { parseZoneTable } from "./parse-zone-table.ts";
import {
  type HandoutAsked,
  HandoutPlan,
  type HandoutSettings,
  planHandout,
} from "./plan-handout.ts";
import { givenAsked, givenGateway, givenSettings } from "./testing.ts";

const zones = parseZoneTable("10.1.0.0/16 eu");
const board = new GatewayBoard(
  [
    ..."abcdef".split("").map((id) => givenGateway(id, { zone: id < "c" ? "eu" : null })),
    ...["x", "y"].map((id) => givenGateway(id, { host: "2001:db8::1" })),
  ],
  zones,
);

type Case = {
  readonly given: string;
  readonly asked?: Partial<HandoutAsked> & { readonly host?: string };
  readonly settings?: Partial<HandoutSettings>;
  /** Gateways of the own family and the other, peers that fit, peers to draw. */
  readonly then: readonly [number, number, number, number];
};

const { completeness, nearest } = HANDOUT_POLICIES;
const near = { policy: nearest, zones };

const cases: readonly Case[] = [
  { given: "the usual", then: [4, 0, 46, 50] },
  { given: "numWant 0", asked: { numWant: 0 }, then: [0, 0, 0, 0] },
  { given: "a seed", asked: { takesGateways: false }, then: [0, 0, 50, 50] },
  { given: "numWant 2", asked: { numWant: 2 }, then: [2, 0, 0, 0] },
  {
    given: "half for gateways",
    asked: { numWant: 5 },
    settings: { gatewayShare: 0.5 },
    then: [3, 0, 2, 5],
  },
  {
    given: "a small share and one wanted",
    asked: { numWant: 1 },
    settings: { gatewayShare: 0.1 },
    then: [1, 0, 0, 0],
  },
  { given: "no share", settings: { gatewayShare: 0 }, then: [0, 0, 50, 50] },
  { given: "no gateways allowed", settings: { gatewaysMax: 0 }, then: [0, 0, 50, 50] },
  { given: "more allowed than there are", settings: { gatewaysMax: 16 }, then: [6, 2, 42, 48] },
  { given: "IPv6", asked: { host: "2001:db8::9" }, then: [2, 2, 46, 48] },
  {
    given: "IPv6 alone",
    asked: { host: "2001:db8::9", takesOtherFamily: false },
    then: [2, 0, 48, 50],
  },
  {
    given: "complete peers and the policy for them",
    asked: { swarm: { seeders: 40, leechers: 0 } },
    settings: { policy: completeness },
    then: [1, 0, 49, 50],
  },
  { given: "a known zone", asked: { host: "10.1.0.1" }, settings: near, then: [4, 0, 46, 184] },
  {
    given: "a zone nobody knows",
    asked: { host: "10.9.0.1" },
    settings: near,
    then: [4, 0, 46, 50],
  },
  {
    given: "a known zone and all that may be wanted",
    asked: { host: "10.1.0.1", numWant: 200 },
    settings: near,
    then: [4, 0, 196, 400],
  },
];

for (const { given, asked = {}, settings = {}, then } of cases) {
  test(`planHandout() given ${given}`, () => {
    const plan = new HandoutPlan();
    planHandout(givenAsked(asked), { board, settings: givenSettings(settings) }, plan);
    const { gatewayCount, otherCount, peersMax, sampleCount } = plan;
    deepEqual([gatewayCount, otherCount, peersMax, sampleCount], then);
  });
}
