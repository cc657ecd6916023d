import {
  type FleetPeer,
  fleetRound,
  initialSeedState,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  type PeerKey,
  peerKey,
  SuperSeed,
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
  const { unchokeSlots } = swarm.plan.gateways;
  const { links } = swarm;
  const isServedElsewhere = (key: PeerKey): boolean => {
    const to = swarm.nodeOf(key);
    return nodes.some((other) => other !== node && links.unchoked[links.of(other, to)] === 1);
  };
  for (const mayShare of [false, true]) {
    const peers = seedPeers(swarm, node).filter((peer) => {
      return mayShare || !peer.amChoking || !isServedElsewhere(peer.peerKey);
    });
    for (const each of settleSlots(peers, unchokeSlots)) {
      swarm.setUnchoked(node, swarm.nodeOf(each.peerKey), each.decision !== "choked");
    }
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

/** One super-seed for all these gateways: what it offers a leecher, each of them has for it. */
function superSeed(swarm: SimulatedSwarm, nodes: readonly number[]): void {
  const seed = new SuperSeed(swarm.plan.pieceCount);
  const offers = new Int32Array(swarm.nodeCount).fill(NONE);
  for (const node of nodes) swarm.offers[node] = offers;
  const offer = (node: number): void => {
    const piece = seed.next(`${node}`, swarm.rng.below(2 ** 32) / 2 ** 32);
    if (piece !== null) offers[node] = piece;
  };
  swarm.listeners.push({
    came: (node) => {
      seed.joined(`${node}`, []);
      offer(node);
    },
    gotPiece: (node, piece) => {
      seed.has(`${node}`, piece);
      for (const other of swarm.unfinished()) {
        if (swarm.pieces.has(other, offers[other] ?? NONE)) offer(other);
      }
    },
    left: (node) => seed.left(`${node}`),
  });
}
