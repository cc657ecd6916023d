import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type BudgetDemand, egressCall } from "@seedfleet/contracts";
import { errorCode } from "@seedfleet/runtime";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { startChokingScheduler } from "./choking-scheduler.ts";

const SCHEDULER = "scheduler-1";
const MIB = 1024 * 1024;

function demand(budget: string, wanted: number | null, activePeers = 1): BudgetDemand {
  const of = { budget, bytesPerSecond: MIB, heldBytesPerSecond: 0 };
  return { ...of, wantedBytesPerSecond: wanted, activePeers };
}

test("a scheduler splits budgets over gateways by what they want, and counts its own", async () => {
  const ports = { clock: new VirtualClock(), telemetry: recordingTelemetry() };
  const bus = createBus(openEmbeddedBus({ file: null }), ports);
  const scheduler = await startChokingScheduler({ bus, ...ports }, { id: SCHEDULER });
  const ask = async (gateway: string, ...demands: BudgetDemand[]) => {
    const request = { gateway, gateways: 2, demands, swarms: null };
    const { parts } = await bus.call(egressCall, { scheduler: SCHEDULER }, request);
    return parts.map(Math.round);
  };
  for (let round = 0; round < 3; round += 1) {
    await ask("a", demand("fleet", null, 3), demand("label.bulk", null));
    await ask("b", demand("fleet", null), demand("label.bulk", 0, 0));
  }
  const floor = (MIB * 0.01) / 2;
  deepEqual(await ask("a", demand("fleet", null, 3), demand("label.bulk", null)), [
    Math.round((MIB - 2 * floor) * 0.75 + floor),
    Math.round(MIB - floor),
  ]);
  const { recorded } = ports.telemetry;
  equal(recorded.gauge("seedfleet_choking_scheduler_budgets"), 2);
  const given = recorded.gauge("seedfleet_choking_scheduler_fleet_budget_bytes_per_second");
  equal(Math.round(given ?? 0), MIB);

  await scheduler[Symbol.asyncDispose]();
  await rejects(ask("a", demand("fleet", null)), (error) => {
    return errorCode(error) === "bus-no-responders";
  });
  await bus.close();
});
