import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { peerKey } from "./choker-model.ts";
import { type FleetConfig, type FleetPeer, fleetRound } from "./fleet-round.ts";
import { initialSeedState } from "./seed-round.ts";
import { givenSeedPeer } from "./testing.ts";

const torrent = { pieceLengthBytes: 10, contentBytes: 1_000 };
const config = { policy: "fastest_upload", optimisticUnchokeIntervalMs: 30_000, torrent } as const;

function connection(leecher: string, gateway: string, differing = {}): FleetPeer {
  const peer = givenSeedPeer(`${gateway}/${leecher}`, differing);
  return { ...peer, gateway, leecher: peerKey(leecher) };
}

function decided(
  peers: readonly FleetPeer[],
  slotsOf: Record<string, number>,
  differing: Partial<FleetConfig> = {},
): string[] {
  const given = { ...config, slotsOf: new Map(Object.entries(slotsOf)), ...differing };
  const { decisions } = fleetRound(initialSeedState(1), peers, given, 0);
  return decisions.map((each) => `${each.peerKey} ${each.decision} ${each.because.rule}`);
}

test("fleetRound() serves a leecher where it is served fastest, and nowhere else", () => {
  const peers = [
    connection("a", "g1", { amChoking: false, uploadBytesPerSecond: 1 }),
    connection("a", "g2", { amChoking: false, uploadBytesPerSecond: 9 }),
    connection("b", "g1"),
    connection("b", "g2"),
  ];
  deepEqual(decided(peers, { g1: 1, g2: 1 }), [
    ...["g1/a choked served-elsewhere", "g2/a regular ranked"],
    ...["g1/b optimistic turn", "g2/b choked served-elsewhere"],
  ]);
});

test("fleetRound() gives a second slot where there are slots to spare", () => {
  const peers = [connection("a", "g1"), connection("a", "g2")];
  deepEqual(decided(peers, { g1: 2, g2: 1 }), [
    ...["g1/a optimistic turn", "g2/a regular free-slot"],
  ]);
});

test("fleetRound() passes a slot on to the next where the chosen has no gateway left", () => {
  const peers = [connection("a", "g1"), connection("b", "g1"), connection("c", "g2")];
  deepEqual(decided(peers, { g1: 1, g2: 1 }), [
    ...["g1/a optimistic turn", "g1/b choked gateway-full", "g2/c regular free-slot"],
  ]);
});

test("fleetRound() gives no leecher two slots while others wait, and no gateway too many", () => {
  const gateways = ["g1", "g2", "g3", "g4"];
  const peers = gateways.flatMap((gateway) => {
    return Array.from({ length: 40 }, (_, at) => connection(`peer-${at}`, gateway));
  });
  const slotsOf = new Map(gateways.map((gateway) => [gateway, 4]));
  const { decisions } = fleetRound(initialSeedState(1), peers, { ...config, slotsOf }, 0);
  const unchoked = peers.filter((_, at) => decisions[at]?.decision !== "choked");
  equal(unchoked.length, 16);
  equal(new Set(unchoked.map(({ leecher }) => leecher)).size, 16);
  for (const gateway of gateways) {
    ok(unchoked.filter((each) => each.gateway === gateway).length <= 4);
  }
});

test("fleetRound() leaves a leecher where a gateway that does not ask serves it", () => {
  const peers = [connection("a", "g1"), connection("b", "g1")];
  const servedElsewhere = new Map([[peerKey("a"), "g2"]]);
  deepEqual(decided(peers, { g1: 1 }, { servedElsewhere }), [
    ...["g1/a choked served-elsewhere", "g1/b optimistic turn"],
  ]);
  deepEqual(decided(peers, { g1: 2 }, { servedElsewhere }), [
    ...["g1/a regular free-slot", "g1/b optimistic turn"],
  ]);
});

test("fleetRound() says of who is not chosen that it is outranked, or why it wants no slot", () => {
  const peers = [
    connection("a", "g1"),
    connection("b", "g1"),
    connection("c", "g1", { uploadOnly: true }),
    connection("d", "g1", { peerInterested: false }),
  ];
  deepEqual(decided(peers, { g1: 1 }), [
    ...["g1/a optimistic turn", "g1/b choked outranked"],
    ...["g1/c choked upload-only", "g1/d choked not-interested"],
  ]);
  deepEqual(decided(peers, { g1: 0 }), [
    ...["g1/a choked gateway-full", "g1/b choked gateway-full"],
    ...["g1/c choked upload-only", "g1/d choked not-interested"],
  ]);
});
