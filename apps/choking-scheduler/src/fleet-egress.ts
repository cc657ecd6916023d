import type { Bus } from "@seedfleet/bus";
import { type EgressReply, type EgressRequest, egressCall } from "@seedfleet/contracts";
import { type BudgetAsk, BudgetBook } from "@seedfleet/egress";
import { FLEET_BUDGET } from "@seedfleet/fleet";
import type { Clock } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { SwarmSums } from "./swarm-sums.ts";

/**
 * A gateway's parts outlast that it is noticed that this scheduler is gone, by which time another
 * one can be asked.
 */
const PARTS_VALID_MS = 8_000;

/** Three times as long as gateways tell of their swarms apart. */
const SWARMS_VALID_MS = 30_000;

/**
 * Splits the fleet's budgets over the gateways that ask, and adds up their swarms. What it knows it
 * was told lately, so whoever is asked instead knows the same in a few seconds.
 */
export function serveEgress(
  { bus, clock, telemetry }: { bus: Bus; clock: Clock; telemetry: Telemetry },
  scheduler: string,
): { stop(): void } {
  const book = new BudgetBook({ validForMs: PARTS_VALID_MS });
  const sums = new SwarmSums({ validForMs: SWARMS_VALID_MS });
  const { meter } = telemetry;
  meter.gauge("seedfleet_choking_scheduler_budgets", "Budgets split over the gateways", () => {
    return book.given(clock.nowMs()).size;
  });
  meter.gauge(
    "seedfleet_choking_scheduler_fleet_budget_bytes_per_second",
    "The fleet's budget, as far as it is given to gateways",
    () => book.given(clock.nowMs()).get(FLEET_BUDGET) ?? 0,
  );
  const served = bus.serve(egressCall, { params: { scheduler } }, (request) =>
    answer({ book, sums }, request, clock.nowMs()),
  );
  return { stop: () => served.unsubscribe() };
}

function answer(
  { book, sums }: { readonly book: BudgetBook; readonly sums: SwarmSums },
  { gateway, gateways, demands, swarms }: EgressRequest,
  nowMs: number,
): EgressReply {
  const asks = new Map(
    demands.map(({ budget, wantedBytesPerSecond, activePeers, ...asked }): [string, BudgetAsk] => [
      budget,
      {
        budgetBytesPerSecond: asked.bytesPerSecond,
        demand: {
          wantedBytesPerSecond: wantedBytesPerSecond ?? Number.POSITIVE_INFINITY,
          activePeers,
        },
        heldBytesPerSecond: asked.heldBytesPerSecond,
      },
    ]),
  );
  const given = book.ask({ holder: gateway, holders: gateways }, asks, nowMs);
  return {
    validForMs: PARTS_VALID_MS,
    parts: demands.map(({ budget }) => given.get(budget) ?? 0),
    swarms: swarms === null ? null : sums.tell(gateway, swarms, nowMs),
  };
}
