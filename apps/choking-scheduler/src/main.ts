import { defineConfig } from "@seedfleet/runtime";
import { runFleetService } from "@seedfleet/service";
import { startChokingScheduler } from "./choking-scheduler.ts";

await runFleetService("choking-scheduler", defineConfig({}), startChokingScheduler);
