import {
  type FleetPeer,
  fleetRound,
  initialSeedState,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  peerKey,
  SuperSeeding,
  type SuperSeedReport,
  seedRound,
  settleSlots,
} from "@seedfleet/choker";
import type { Decider } from "./decider.ts";
import { seedPeers } from "./seed-peers.ts";
import type { SimulatedSwarm } from "./simulated-swarm.ts";

const NONE = -1;

/** The gateways of a swarm: each alone, or all of them in one round. */
export function gateways(swarm: SimulatedSwarm): readonly Decider[] {
  const { count, coordinated, superSeeds } = swarm.plan.gateways;
  const all = [...Array(count).keys()];
  const groups = coordinated ? [all] : all.map((gateway) => [gateway]);
  return groups.map((nodes) => {
    const decider = nodes.length === 1 ? loneGateway(swarm, nodes[0] ?? 0) : fleet(swarm, nodes);
    if (superSeeds) superSeed(swarm, nodes);
    return decider;
  });
}

function roundConfig({ plan }: SimulatedSwarm) {
  const { pieceCount, pieceLengthBytes } = plan;
  return {
    policy: plan.gateways.policy,
    optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS,
    torrent: { pieceLengthBytes, contentBytes: pieceCount * pieceLengthBytes },
  };
}

function loneGateway(swarm: SimulatedSwarm, node: number): Decider {
  const { unchokeSlots } = swarm.plan.gateways;
  const config = { ...roundConfig(swarm), unchokeSlots };
  let state = initialSeedState(swarm.rng.below(2 ** 32));
  return {
    nodes: [node],
    round: (nowMs) => {
      const round = seedRound(state, seedPeers(swarm, node), config, nowMs);
      state = round.state;
      for (const each of round.decisions) {
        swarm.setUnchoked(node, swarm.nodeOf(each.peerKey), each.decision !== "choked");
      }
    },
    settle: () => {
      for (const each of settleSlots(seedPeers(swarm, node), unchokeSlots)) {
        swarm.setUnchoked(node, swarm.nodeOf(each.peerKey), each.decision !== "choked");
      }
    },
  };
}

function fleet(swarm: SimulatedSwarm, nodes: readonly number[]): Decider {
  const { unchokeSlots } = swarm.plan.gateways;
  const slotsOf = new Map(nodes.map((node) => [`${node}`, unchokeSlots]));
  const config = { ...roundConfig(swarm), slotsOf };
  let state = initialSeedState(swarm.rng.below(2 ** 32));
  return {
    nodes,
    round: (nowMs) => {
      const round = fleetRound(state, fleetPeers(swarm, nodes), config, nowMs);
      state = round.state;
      for (const { peerKey: key, decision } of round.decisions) {
        const [gateway = "", leecher = ""] = key.split("/");
        const to = swarm.nodeOf(peerKey(leecher));
        swarm.setUnchoked(Number(gateway), to, decision !== "choked");
      }
    },
    settle: () => {
      for (const node of nodes) settleOne(swarm, nodes, node);
    },
  };
}

/** What a gateway of a fleet does at once: a leecher that has its slot elsewhere comes last. */
function settleOne(swarm: SimulatedSwarm, nodes: readonly number[], node: number): void {
  const { links, plan } = swarm;
  const peers = seedPeers(swarm, node).map((peer) => {
    const to = swarm.nodeOf(peer.peerKey);
    const isServedElsewhere = nodes.some((other) => {
      return other !== node && links.unchoked[links.of(other, to)] === 1;
    });
    return { ...peer, isServedElsewhere };
  });
  for (const each of settleSlots(peers, plan.gateways.unchokeSlots)) {
    swarm.setUnchoked(node, swarm.nodeOf(each.peerKey), each.decision !== "choked");
  }
}

function fleetPeers(swarm: SimulatedSwarm, nodes: readonly number[]): readonly FleetPeer[] {
  return nodes.flatMap((node) => {
    return seedPeers(swarm, node).map((peer): FleetPeer => {
      const key = peerKey(`${node}/${peer.peerKey}`);
      return { ...peer, peerKey: key, gateway: `${node}`, leecher: peer.peerKey };
    });
  });
}

/** One state for all these gateways: what a leecher is offered, each of them has for it. */
function superSeed(swarm: SimulatedSwarm, nodes: readonly number[]): void {
  const seeding = new SuperSeeding(swarm.plan.pieceCount, swarm.rng.below(2 ** 32));
  const offers = new Int32Array(swarm.nodeCount).fill(NONE);
  for (const node of nodes) swarm.offers[node] = offers;
  const tell = (news: Partial<SuperSeedReport>): void => {
    const report = { isWhole: false, left: [], joined: [], had: [], declined: [], ...news };
    for (const { leecher, piece } of seeding.heard("gateways", report, swarm.nowMs)) {
      offers[Number(leecher)] = piece;
    }
  };
  swarm.listeners.push({
    came: (node) => tell({ joined: [{ leecher: `${node}`, have: [], told: [] }] }),
    gotPiece: (node, piece) => tell({ had: [{ leecher: `${node}`, pieces: [piece] }] }),
    left: (node) => tell({ left: [`${node}`] }),
  });
}
