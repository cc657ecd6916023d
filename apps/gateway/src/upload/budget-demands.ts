import { BUDGETS_PER_ASK_MAX, type BudgetDemand } from "@seedfleet/contracts";
import type { LimitDemand } from "@seedfleet/egress";
import { type BudgetTable, FLEET_BUDGET, labelOfBudget } from "@seedfleet/fleet";
import type { Torrent } from "../torrents/torrent.ts";
import {
  type GatewayDemand,
  NO_DEMAND,
  type UploadParts,
  type UploadSettings,
} from "./upload-limits.ts";

/** A budget that this gateway has a part of, and what it would use of it. */
export type OwnBudget = {
  readonly name: string;
  readonly bytesPerSecond: number;
  readonly demand: LimitDemand;
};

/** All budgets that this gateway has a part of: those of torrents while they have peers here. */
export function ownBudgets(
  budgets: BudgetTable,
  { gateway, classes, torrents }: GatewayDemand,
  settings: UploadSettings,
): readonly OwnBudget[] {
  const general = Array.from(budgets, ([name, bytesPerSecond]): OwnBudget => {
    const label = labelOfBudget(name);
    const ofLabel = label === null ? undefined : classes.get(label);
    const demand = name === FLEET_BUDGET ? gateway : (ofLabel ?? NO_DEMAND);
    const limit = name === FLEET_BUDGET ? settings.uploadBytesPerSecond : null;
    return { name, bytesPerSecond, demand: within(demand, limit) };
  });
  const ofTorrents = Array.from(torrents).flatMap(([{ entry }, demand]): readonly OwnBudget[] => {
    const bytesPerSecond = entry.upload?.fleetBytesPerSecond;
    if (bytesPerSecond === undefined) return [];
    const limit = entry.upload?.bytesPerSecond ?? settings.torrentUploadBytesPerSecond;
    const name = torrentBudget(entry.infoHash);
    return [{ name, bytesPerSecond, demand: within(demand, limit) }];
  });
  return [...general, ...ofTorrents].slice(0, BUDGETS_PER_ASK_MAX);
}

/** The same for whoever splits budgets. */
export function budgetDemands(
  own: readonly OwnBudget[],
  partOf: (budget: OwnBudget) => number,
): readonly BudgetDemand[] {
  return own.map((budget) => {
    const { wantedBytesPerSecond: wanted, activePeers } = budget.demand;
    return {
      budget: budget.name,
      bytesPerSecond: budget.bytesPerSecond,
      wantedBytesPerSecond: wanted === Number.POSITIVE_INFINITY ? null : wanted,
      activePeers,
      heldBytesPerSecond: partOf(budget),
    };
  });
}

/** The parts of these budgets that the gateway keeps to now, by what each is the limit of. */
export function uploadParts(
  own: readonly OwnBudget[],
  torrents: Iterable<Torrent>,
  partOf: (budget: OwnBudget) => number,
): UploadParts {
  const parts = new Map(own.map((budget) => [budget.name, partOf(budget)]));
  const classes: Record<string, number> = {};
  for (const [name, part] of parts) {
    const label = labelOfBudget(name);
    if (label !== null) classes[label] = part;
  }
  const ofTorrents = Array.from(torrents).flatMap((torrent) => {
    const part = parts.get(torrentBudget(torrent.infoHash));
    return part === undefined ? [] : [[torrent, part] as const];
  });
  const gateway = parts.get(FLEET_BUDGET) ?? null;
  return { gateway, classes, torrents: new Map(ofTorrents) };
}

function torrentBudget(infoHash: string): string {
  return `torrent.${infoHash}`;
}

/** Nobody can use more of a budget than its own limit lets it. */
function within(demand: LimitDemand, limit: number | null): LimitDemand {
  if (limit === null) return demand;
  return { ...demand, wantedBytesPerSecond: Math.min(demand.wantedBytesPerSecond, limit) };
}
