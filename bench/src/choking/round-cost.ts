import {
  type FleetPeer,
  fleetRound,
  initialSeedState,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  peerKey,
  type SeedPolicy,
  type SeedState,
  seedRound,
} from "@seedfleet/choker";
import { type Rng, seededRng } from "@seedfleet/runtime";
import { aPeer, ROUND_MS, TORRENT } from "./round-peers.ts";

const SWARMS = 1_000;
const PEERS_PER_SWARM = 100;
const GATEWAYS = 4;
const SLOTS = 8;
const TIMING = { optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS };

/** A snapshot of a swarm, and its rounds with their state. */
type Swarm = { readonly round: (nowMs: number) => void };

/**
 * CPU time, in ms, of a round over 100,000 peers in 1,000 swarms, once each of so many times. The
 * first is not told: it is compiled meanwhile. With `gateways` the peers are 25,000 leechers, each
 * connected to all four of them.
 */
export function roundCostMs(
  policy: SeedPolicy,
  gateways: "one" | "four",
  runs: number,
): readonly number[] {
  const rng = seededRng(1);
  const swarms = Array.from({ length: SWARMS }, () => {
    return gateways === "one" ? loneSwarm(policy, rng) : fleetSwarm(policy, rng);
  });
  const costs = Array.from({ length: runs + 1 }, (_, run) => {
    const before = process.cpuUsage();
    for (const { round } of swarms) round((run + 1) * ROUND_MS);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return costs.slice(1);
}

function loneSwarm(policy: SeedPolicy, rng: Rng): Swarm {
  const config = { policy, unchokeSlots: SLOTS, torrent: TORRENT, ...TIMING };
  const peers = Array.from({ length: PEERS_PER_SWARM }, (_, at) => {
    return { ...aPeer(rng, at < SLOTS), peerKey: peerKey(`peer-${at}`) };
  });
  let state: SeedState = initialSeedState(rng.below(2 ** 32));
  return {
    round: (nowMs) => {
      state = seedRound(state, peers, config, nowMs).state;
    },
  };
}

function fleetSwarm(policy: SeedPolicy, rng: Rng): Swarm {
  const names = Array.from({ length: GATEWAYS }, (_, at) => `gateway-${at}`);
  const slotsOf = new Map(names.map((name) => [name, SLOTS / GATEWAYS]));
  const config = { policy, slotsOf, torrent: TORRENT, ...TIMING };
  const leechers = Array.from({ length: PEERS_PER_SWARM / GATEWAYS }, (_, at) => at);
  const peers = leechers.flatMap((leecher) => {
    return names.map((gateway, at): FleetPeer => {
      const peer = aPeer(rng, leecher < SLOTS && leecher % GATEWAYS === at);
      const key = peerKey(`${gateway}/${leecher}`);
      return { ...peer, peerKey: key, gateway, leecher: peerKey(`leecher-${leecher}`) };
    });
  });
  let state: SeedState = initialSeedState(rng.below(2 ** 32));
  return {
    round: (nowMs) => {
      state = fleetRound(state, peers, config, nowMs).state;
    },
  };
}
