import { type SimulatedSwarm, TICK_MS } from "./simulated-swarm.ts";

/** What cheating leechers do at gateways whose next round is so far away. */
export function playTricks(
  swarm: SimulatedSwarm,
  gateways: readonly number[],
  msToRound: number,
): void {
  for (const node of swarm.unfinished()) {
    if ((swarm.leecher(node)?.tricks.length ?? 0) === 0) continue;
    swarm.feigning[node] =
      swarm.plays(node, "feigns-disinterest") && msToRound === 2 * TICK_MS ? 1 : 0;
    if (msToRound !== TICK_MS) continue;
    if (swarm.plays(node, "new-ids-at-gateways")) comeAgain(swarm, gateways, node);
    if (swarm.plays(node, "new-ids-at-leechers")) {
      const others = swarm.peersOf(node).filter((other) => !swarm.isGateway(other));
      comeAgain(swarm, others, node);
    }
  }
}

/** Under another peer id to each that chokes it. */
function comeAgain(swarm: SimulatedSwarm, others: readonly number[], node: number): void {
  for (const other of others) {
    if (swarm.links.unchoked[swarm.links.of(other, node)] === 0) swarm.reconnect(other, node);
  }
}
