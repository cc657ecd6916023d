import { CHOKE_ROUND_INTERVAL_MS } from "@seedfleet/choker";
import type { Decider } from "./decider.ts";
import { gateways } from "./gateways.ts";
import { leecher } from "./leecher.ts";
import { SimulatedSwarm, TICK_MS } from "./simulated-swarm.ts";
import { type SwarmFigures, SwarmMeter } from "./swarm-meter.ts";
import type { SwarmPlan } from "./swarm-plan.ts";
import { playTricks } from "./tricks.ts";
import { tyrant } from "./tyrant.ts";

/** A swarm that takes longer than this hangs. */
const SIMULATED_MS_MAX = 24 * 3_600_000;

/** Runs a swarm until every leecher has everything. */
export function runSwarm(plan: SwarmPlan): SwarmFigures {
  const swarm = new SimulatedSwarm(plan);
  const meter = new SwarmMeter(swarm);
  const deciders = [...gateways(swarm), ...plan.leechers.flatMap((_, at) => leecherOf(swarm, at))];
  // Nobody's clock starts with another's.
  const timed = deciders.map((decider) => {
    return { decider, phaseMs: swarm.rng.below(CHOKE_ROUND_INTERVAL_MS / TICK_MS) * TICK_MS };
  });
  const until = (nowMs: number, phaseMs: number): number => {
    return (phaseMs - (nowMs % CHOKE_ROUND_INTERVAL_MS) + CHOKE_ROUND_INTERVAL_MS) % 10_000;
  };
  const endsAtMs = plan.endsAtMs ?? SIMULATED_MS_MAX;
  while (meter.unfinishedCount() > 0 && swarm.nowMs < endsAtMs) {
    swarm.meet();
    for (const { decider, phaseMs } of timed) {
      const msToRound = until(swarm.nowMs, phaseMs);
      if (decider.nodes.some((node) => swarm.isGateway(node))) {
        playTricks(swarm, decider.nodes, msToRound);
      }
      decide(swarm, decider, msToRound === 0);
    }
    meter.look();
    swarm.flow();
  }
  return meter.figures();
}

function decide(swarm: SimulatedSwarm, { nodes, round, settle }: Decider, isRound: boolean): void {
  const here = nodes.filter((node) => swarm.isHere(node));
  if (here.length === 0) return;
  if (isRound) {
    round(swarm.nowMs);
    for (const node of here) swarm.links.roundOver(node);
  } else if (here.some((node) => swarm.unsettled[node] === 1)) {
    settle(swarm.nowMs);
  }
  for (const node of here) swarm.unsettled[node] = 0;
}

function leecherOf(swarm: SimulatedSwarm, at: number): readonly Decider[] {
  const node = swarm.gatewayCount + at;
  if (swarm.plays(node, "gives-nothing")) return [];
  return [swarm.plays(node, "gives-least") ? tyrant(swarm, node) : leecher(swarm, node)];
}
