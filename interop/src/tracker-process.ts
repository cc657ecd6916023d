import { join } from "node:path";
import { RunningProgram } from "./running-program.ts";
import { event } from "./seedfleet.ts";
import type { TestHost } from "./test-host.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const SCRAPE_WATCH = join(import.meta.dirname, "scrape-watch.ts");

/** The `ready` line of `tracker --json`. */
export type TrackerReady = {
  readonly httpUrl: string;
  readonly udpUrl: string;
  readonly apiUrl: string | null;
  readonly apiTokenFile: string | null;
};

export type TrackerSettings = {
  readonly host: TestHost;
  readonly mode: "open" | "private";
  /** Threads that answer; one if it is not said. */
  readonly workers?: number;
  /** Where a private tracker keeps its users. */
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
};

export type TrackerProcess = { readonly program: RunningProgram; readonly ready: TrackerReady };

/** `seedfleet tracker` as a process of its own, once it answers. */
export async function startTracker(settings: TrackerSettings): Promise<TrackerProcess> {
  const { host, mode, workers = 1, dataDir, env = {} } = settings;
  const ports = ["--http-port", "0", "--udp-port", "0", "--api-port", "0"];
  const how = ["--mode", mode, "--workers", String(workers)];
  const where = [...how, "--host", host.address, "--data-dir", dataDir, ...ports];
  const command = host.command(process.execPath, CLI, "tracker", ...where, "--json");
  const program = RunningProgram.start(command, { env });
  const ready = await program.line((line) => event<TrackerReady>(line, "ready"));
  return { program, ready };
}

/** What a swarm's scrape comes to. */
export type ScrapeWatch = AsyncDisposable & {
  /** Resolves once every URL has answered so, be it for a moment only. */
  shows(counts: string): Promise<void>;
};

export function watchScrape(
  host: TestHost,
  infoHash: string,
  announceUrls: readonly string[],
): ScrapeWatch {
  const command = host.command(process.execPath, SCRAPE_WATCH, infoHash, ...announceUrls);
  const program = RunningProgram.start(command);
  return {
    async shows(counts) {
      for (const { protocol } of announceUrls.map((url) => new URL(url))) {
        const wanted = `${protocol} ${counts} downloaded`;
        await program.line((line) => (line === wanted ? true : null));
      }
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
