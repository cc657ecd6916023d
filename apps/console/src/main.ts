import { runFleetService } from "@seedfleet/service";
import { consoleConfig } from "./config.ts";
import { startConsole } from "./console.ts";

await runFleetService("console", consoleConfig, startConsole);
