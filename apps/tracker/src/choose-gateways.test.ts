import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { chooseGateways, type LiveGateway } from "./choose-gateways.ts";
import { givenEndpoint } from "./testing.ts";

const cases = [
  {
    given: "fewer than the most gives all",
    gateways: [givenGateway("a"), givenGateway("b")],
    then: ["a", "b"],
  },
  {
    given: "differing loads takes the least loaded first",
    gateways: [givenGateway("a", 0.9), givenGateway("b", 0.5), givenGateway("c", 0.1)],
    then: ["c", "b"],
  },
  {
    given: "loads that are nearly equal takes turns",
    gateways: [givenGateway("a", 0.01), givenGateway("b", 0.02), givenGateway("c", 0.03)],
    turn: 4,
    then: ["b", "c"],
  },
  {
    given: "the asker among them leaves it out",
    gateways: [givenGateway("asker"), givenGateway("b")],
    then: ["b"],
  },
  {
    given: "both families takes the asker's own first, whatever the load",
    gateways: [givenGateway("a", 0, "::1"), givenGateway("b", 30)],
    then: ["b", "a"],
  },
  { given: "none gives none", gateways: [], then: [] },
] as const;

for (const { given, gateways, then, ...choice } of cases) {
  test(`chooseGateways() given ${given}`, () => {
    const turn = "turn" in choice ? choice.turn : 0;
    const asker = givenGateway("asker").endpoint;
    const chosen = chooseGateways(gateways, { asker, turn, gatewaysMax: 2 });
    deepEqual(
      chosen.map(({ id }) => id),
      then,
    );
  });
}

test("chooseGateways() given as many turns as gateways hands each out equally often", () => {
  const gateways = [..."abcdefg"].map((id) => givenGateway(id));
  const counts = new Map<string, number>();
  for (let turn = 0; turn < 7; turn += 1) {
    const asker = givenGateway("asker").endpoint;
    for (const { id } of chooseGateways(gateways, { asker, turn, gatewaysMax: 4 })) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  equal(counts.size, 7);
  deepEqual(new Set(counts.values()), new Set([4]));
});

function givenGateway(id: string, load = 0, host = "192.0.2.1"): LiveGateway {
  return { id, endpoint: givenEndpoint(host, id === "asker" ? 1 : id.charCodeAt(0)), load };
}
