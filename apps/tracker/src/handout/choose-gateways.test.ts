import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { chooseGateways } from "./choose-gateways.ts";
import { GatewayBoard, type LiveGateway } from "./gateway-board.ts";
import { givenAsked, givenGateway } from "./testing.ts";
import { ZoneTable } from "./zone-table.ts";

const asker = givenAsked({ host: "192.0.2.1", port: 1 });

const cases = [
  {
    given: "fewer than the most gives all",
    gateways: [givenGateway("a"), givenGateway("b")],
    then: ["a", "b"],
  },
  {
    given: "differing loads takes the least loaded first",
    gateways: [
      givenGateway("a", { load: 0.9 }),
      givenGateway("b", { load: 0.5 }),
      givenGateway("c", { load: 0.1 }),
    ],
    then: ["c", "b"],
  },
  {
    given: "a full one takes it last",
    gateways: [givenGateway("a", { load: 1 }), givenGateway("b", { load: 0.99 })],
    then: ["b", "a"],
  },
  {
    given: "loads that are nearly equal takes turns",
    gateways: [
      givenGateway("a", { load: 0.01 }),
      givenGateway("b", { load: 0.02 }),
      givenGateway("c", { load: 0.03 }),
    ],
    turn: 1,
    then: ["b", "c"],
  },
  {
    given: "the asker among them leaves it out",
    gateways: [givenGateway("asker", { port: 1 }), givenGateway("b")],
    then: ["b"],
  },
  { given: "none gives none", gateways: [], then: [] },
] as const;

for (const { given, gateways, then, ...choice } of cases) {
  test(`chooseGateways() given ${given}`, () => {
    const turn = "turn" in choice ? choice.turn : 0;
    deepEqual(chosen(gateways, turn, 2), then);
  });
}

for (const every of [1, 2, 3, 7, 10]) {
  test(`chooseGateways() given every turn of ${every} hands out equals equally often`, () => {
    const gateways = [..."abcdefg"].map((id) => givenGateway(id));
    const counts = new Map<string, number>();
    for (let turn = 0; turn < 1_000; turn += 1) {
      for (const id of chosen(gateways, turn * every, 2)) {
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
    equal(counts.size, 7);
    const mean = 2_000 / 7;
    for (const [id, count] of counts) ok(Math.abs(count - mean) < mean * 0.05, `${id}: ${count}`);
  });
}

function chosen(gateways: readonly LiveGateway[], turn: number, gatewaysMax: number): string[] {
  const list = new GatewayBoard(gateways, ZoneTable.empty).ipv4;
  const into = new Uint16Array(gatewaysMax);
  const count = chooseGateways(list, { order: list.order, asker, turn, gatewaysMax }, into);
  return [...into.subarray(0, count)].map((place) => list.gateways[place]?.id ?? "");
}
