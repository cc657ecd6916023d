import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";
import { httpTarget, type TrackerName, trackerNames, udpAddress } from "./tracker-name.ts";
import { TRACKER_ROWS } from "./tracker-rows.ts";

export type TrackerOptions = {
  readonly json: boolean;
  readonly trackers: readonly TrackerName[];
  /** Names of rows, in the order of the report. */
  readonly rows: readonly string[];
  readonly runs: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly swarms: number;
  readonly numWant: number;
  readonly workers: number;
  readonly memoryPeers: number;
  readonly sleeps: boolean;
};

export const TRACKER_USAGE: string = `Usage: npm run bench -- tracker [options]

Measures announces per CPU-second of trackers, and checks every answer.

  --peers LIST         trackers, the first against each other one (seedfleet,opentracker);
                       seedfleet=DIR is another checkout of Seedfleet
  --udp HOST:PORT      instead, a tracker that runs: its address by UDP,
  --http URL           its announce URL by HTTP, or both,
  --pid PID            and its process, whose CPU time is counted
  --rows LIST          ${Object.keys(TRACKER_ROWS).slice(0, 7).join(",")},
                       ${Object.keys(TRACKER_ROWS).slice(7).join(",")} (all)
  --runs N             measurements of each, in turn, every one of a fresh tracker (5)
  --seconds N          length of a measurement (3)
  --warm N             seconds of load before it, when swarms have peers enough (1)
  --swarms N           torrents that are announced (1000)
  --numwant N          peers that every announce wants (50)
  --workers N          threads of ours in the rows "workers" (2)
  --memory-peers N     peers that are added for the row "memory" (1000000)
  --load sleep|spin    what the load does while it waits for answers (sleep)
  --json               one JSON object on standard output, not a table
`;

/** Reads the command line of `bench tracker`. Throws a `BenchError` that says what is wrong. */
export function parseTrackerOptions(args: readonly string[]): TrackerOptions | "help" {
  const values = parseFlags("tracker", args, {
    peers: { type: "string", default: "seedfleet,opentracker" },
    udp: { type: "string" },
    http: { type: "string" },
    pid: { type: "string" },
    rows: { type: "string", default: Object.keys(TRACKER_ROWS).join(",") },
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    warm: { type: "string", default: "1" },
    swarms: { type: "string", default: "1000" },
    numwant: { type: "string", default: "50" },
    workers: { type: "string", default: "2" },
    "memory-peers": { type: "string", default: "1000000" },
    load: { type: "string", default: "sleep" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (values.load !== "sleep" && values.load !== "spin") {
    throw new BenchError(`--load is sleep or spin, not "${values.load}"`);
  }
  const running = runningTracker(values);
  const memoryPeers = values["memory-peers"];
  return {
    json: values.json,
    trackers: running === null ? trackerNames(values.peers) : [running],
    rows: rowNames(values.rows),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    seconds: countOption("--seconds", values.seconds, { min: 1, max: 3_600 }),
    warmSeconds: countOption("--warm", values.warm, { min: 1, max: 3_600 }),
    swarms: countOption("--swarms", values.swarms, { min: 1, max: 1_000_000 }),
    numWant: countOption("--numwant", values.numwant, { min: 0, max: 200 }),
    workers: countOption("--workers", values.workers, { min: 1, max: 256 }),
    memoryPeers: countOption("--memory-peers", memoryPeers, { min: 100_000, max: 9_000_000 }),
    sleeps: values.load === "sleep",
  };
}

function rowNames(list: string): readonly string[] {
  const names = list.split(",");
  const unknown = names.find((name) => !Object.hasOwn(TRACKER_ROWS, name));
  if (unknown !== undefined) throw new BenchError(`--rows has no "${unknown}"`);
  return Object.keys(TRACKER_ROWS).filter((name) => names.includes(name));
}

type RunningFlags = {
  readonly udp?: string | undefined;
  readonly http?: string | undefined;
  readonly pid?: string | undefined;
};

function runningTracker({ udp, http, pid }: RunningFlags): TrackerName | null {
  if (udp === undefined && http === undefined && pid === undefined) return null;
  if (pid === undefined || (udp === undefined && http === undefined)) {
    throw new BenchError("a tracker that runs takes --pid, and --udp or --http or both");
  }
  return {
    kind: "running",
    pid: countOption("--pid", pid, { min: 1, max: 4_194_304 }),
    udp: udp === undefined ? null : udpAddress(udp),
    http: http === undefined ? null : httpTarget(http),
  };
}
