import { access } from "node:fs/promises";
import type { CheckedDirectory } from "@seedfleet/contracts";
import { examineDirectory } from "@seedfleet/piece-store/service";
import { type Clock, loadConfig, SeedfleetError, systemClock, VERSION } from "@seedfleet/runtime";
import { type UpConfig, upConfig } from "../up-config.ts";
import { askConsoles, askTrackers } from "./ask-trackers.ts";
import { dialGateways } from "./dial-gateways.ts";
import type { DoctorOptions } from "./doctor-options.ts";
import { findHolders } from "./find-holders.ts";
import { judge } from "./judge.ts";
import { lookWithin } from "./look.ts";
import { observeBus, type SeenBus } from "./observe-bus.ts";
import type { Observed, TriedPort } from "./observed.ts";
import { countLevels, findingsJson, findingsText, whatIsWrong } from "./tell-findings.ts";
import { namedPorts, tryPorts, withHolders } from "./try-ports.ts";

/** A disk of this machine that does not answer by then hangs. */
const DISK_MS_MAX = 5_000;

/** What hangs yet when all has been told, such as a name server or a disk, is not waited for. */
const LEAVE_MS = 500;

/** Whatever is waited for, the process stays: its timers alone do not keep it. */
const KEEP_ALIVE_MS = 2 ** 31 - 1;

/**
 * `seedfleet doctor`: looks at a fleet and at this machine, and tells what is wrong and what to do.
 * Throws `fleet-unwell` where there is a problem.
 */
export async function doctor(options: DoctorOptions, print: (text: string) => void): Promise<void> {
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  try {
    const findings = judge(await observe(systemClock, options, process.env));
    print(options.json ? findingsJson(findings) : findingsText(findings));
    const { problems } = countLevels(findings);
    if (problems > 0) throw whatIsWrong(problems);
  } finally {
    clearInterval(keepAlive);
    setTimeout(() => process.exit(), LEAVE_MS).unref();
  }
}

/** Looks at everything, side by side as far as one thing does not show where the next is. */
export async function observe(
  clock: Clock,
  options: DoctorOptions,
  env: NodeJS.ProcessEnv,
): Promise<Observed> {
  const { config, fault: settingsFault } = settings(env);
  const [seen, tried, directories] = await Promise.all([
    observeBus(clock, options, env),
    tryPorts(namedPorts(config)),
    examineOwn(clock, [options.dataDir, config.pieceStore.managedRoot]),
  ]);
  const asked = await askProcesses(clock, seen, tried);
  const own = { nowMs: clock.nowMs(), version: VERSION, node: process.version };
  return { ...own, settingsFault, ...seen, ...asked, directories };
}

/** Those of this machine; what is wrong with them is told, and the defaults are looked at. */
function settings(env: NodeJS.ProcessEnv): {
  readonly config: UpConfig;
  readonly fault: string | null;
} {
  try {
    return { config: loadConfig(upConfig, env), fault: null };
  } catch (error) {
    if (!(error instanceof SeedfleetError)) throw error;
    return { config: loadConfig(upConfig, {}), fault: error.message };
  }
}

type Asked = Pick<Observed, "gateways" | "trackers" | "consoles" | "ports">;

async function askProcesses(
  clock: Clock,
  { fleet }: SeenBus,
  tried: readonly TriedPort[],
): Promise<Asked> {
  if (fleet?.kind !== "seen") return { gateways: [], trackers: [], consoles: [], ports: tried };
  const { seen } = fleet;
  const [gateways, trackers, consoles, ports] = await Promise.all([
    dialGateways(clock, seen),
    askTrackers(clock, seen),
    askConsoles(clock, seen),
    findHolders(clock, withHolders(tried, seen), seen),
  ]);
  return { gateways, trackers, consoles, ports };
}

/** Directories of this machine that the settings name and that are there. */
async function examineOwn(
  clock: Clock,
  paths: readonly (string | null)[],
): Promise<readonly CheckedDirectory[]> {
  const examined = paths.map(async (path): Promise<CheckedDirectory | null> => {
    if (path === null) return null;
    const looked = await lookWithin(clock, DISK_MS_MAX, async () => {
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      return isThere ? await examineDirectory({ path, managed: true }) : null;
    });
    if (looked.kind === "seen") return looked.seen;
    const fault = looked.kind === "late" ? "it hangs" : (looked.code ?? "unknown");
    return { path, managed: true, freeBytes: null, sizeBytes: null, fault };
  });
  return (await Promise.all(examined)).filter((each) => each !== null);
}
