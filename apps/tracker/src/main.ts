import { systemRng } from "@seedfleet/runtime";
import { runFleetService } from "@seedfleet/service";
import { trackerConfig } from "./config.ts";
import { startTracker } from "./tracker.ts";

await runFleetService("tracker", trackerConfig, (ports, config) =>
  startTracker({ ...ports, rng: systemRng }, config),
);
