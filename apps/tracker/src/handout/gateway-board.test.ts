import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { GatewayBoard, type LiveGateway } from "./gateway-board.ts";
import type { GatewayOrder } from "./gateway-order.ts";
import { parseZoneTable } from "./parse-zone-table.ts";
import { bytesOf, givenGateway } from "./testing.ts";

const zones = parseZoneTable("10.1.0.0/16 eu\n10.2.0.0/16 us\n10.3.0.0/16 asia");
const [eu, asia] = [zones.zoneNamed("eu"), zones.zoneNamed("asia")];

const gateways = [
  givenGateway("a", { zone: "us" }),
  givenGateway("b", { zone: "eu", load: 0.5 }),
  givenGateway("c", { zone: "eu" }),
  givenGateway("d", { zone: "eu", load: 1 }),
  givenGateway("e"),
  givenGateway("f", { host: "2001:db8::1", zone: "eu" }),
];

test("GatewayBoard keeps families apart, as bytes", () => {
  const { ipv4, ipv6, count } = new GatewayBoard(gateways, zones);
  deepEqual([ipv4.count, ipv6.count, count], [5, 1, 6]);
  const last = gateways[5] as LiveGateway;
  deepEqual([...ipv6.endpoints], [...bytesOf(last.endpoint)]);
});

test("GatewayList puts a zone's gateways first, and those that are full last", () => {
  const { ipv4 } = new GatewayBoard(gateways, zones);
  deepEqual(idsOf(ipv4.orderNear(eu)), [["c"], ["b"], ["a", "e"], ["d"]]);
  equal(ipv4.orderNear(eu), ipv4.orderNear(eu));
  for (const zone of [0, asia]) deepEqual(idsOf(ipv4.orderNear(zone)), idsOf(ipv4.order));
  deepEqual(idsOf(ipv4.order), [["a", "c", "e"], ["b"], ["d"]]);
});

test("GatewayBoard given zones a torrent is kept to has those gateways only, made once", () => {
  const board = new GatewayBoard(gateways, zones);
  const kept = ["us", "asia"];
  deepEqual(
    board.serving(kept).gateways.map(({ id }) => id),
    ["a"],
  );
  equal(board.serving(kept), board.serving(kept));
  equal(board.serving(null), board);
  notEqual(board.serving(["us"]), board.serving(["us"]));
  equal(board.serving(["oz"]).count, 0);
});

test("GatewayBoard given two names at one endpoint has it once", () => {
  const twice = [givenGateway("a", { port: 7 }), givenGateway("b", { port: 7 })];
  equal(new GatewayBoard(twice, zones).count, 1);
});

/** By tier. */
function idsOf({ places, tierEnds }: GatewayOrder): string[][] {
  return [...tierEnds].map((end, tier) =>
    [...places.subarray(tierEnds[tier - 1] ?? 0, end)].map((place) => gateways[place]?.id ?? ""),
  );
}
