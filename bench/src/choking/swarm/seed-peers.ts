import type { SeedPeer } from "@seedfleet/choker";
import type { SimulatedSwarm } from "./simulated-swarm.ts";

/** The peers of a node that seeds, as it sees them. */
export function seedPeers(swarm: SimulatedSwarm, node: number): readonly SeedPeer[] {
  const { links, pieces, plan } = swarm;
  return swarm.peersOf(node).map((other): SeedPeer => {
    const link = links.of(node, other);
    const unchokedAtMs = links.unchokedAtMs[link] ?? Number.NEGATIVE_INFINITY;
    const hides = swarm.plays(other, "hides-pieces");
    return {
      peerKey: swarm.keyOf(node, other),
      amChoking: links.unchoked[link] === 0,
      peerInterested: links.interested[link] === 1,
      uploadBytesPerSecond: links.sentRate(link),
      connectedAtMs: links.connectedAtMs[link] ?? 0,
      unchokedAtMs: unchokedAtMs === Number.NEGATIVE_INFINITY ? null : unchokedAtMs,
      uploadOnly: swarm.doneAtMs[other] !== null,
      sentBytes: links.sentBytes[link] ?? 0,
      turnBytes: links.turnBytes[link] ?? 0,
      haveBytes: hides ? null : pieces.countOf(other) * plan.pieceLengthBytes,
    };
  });
}
