import { TRACKER_MODES, type TrackerMode, WORKERS_MAX } from "@seedfleet/tracker/service";
import { parseCommandLine } from "./command-line.ts";
import { busValue, dataDirectoryValue, portValue, workersValue } from "./option-values.ts";
import { usageError } from "./usage-error.ts";

export type TrackerOptions = {
  /** Null leaves it to the settings, here and below. */
  readonly mode: TrackerMode | null;
  readonly host: string;
  readonly httpPort: number | null;
  readonly udpPort: number | null;
  readonly apiPort: number | null;
  readonly workers: number | null;
  /** Null is the embedded bus. */
  readonly natsUrl: string | null;
  readonly dataDir: string;
  readonly json: boolean;
};

export const TRACKER_USAGE: string = `Usage: seedfleet tracker [options]

A BitTorrent tracker over HTTP and UDP, until Ctrl-C.

  --mode MODE           open: any torrent; private: any torrent of whoever has a passkey;
                        catalog: the torrents that the fleet seeds (catalog)
  --host ADDRESS        where to listen, and the address to hand out (127.0.0.1)
  --http-port PORT      for announces over HTTP (6969); 0 takes a free port, here and below
  --udp-port PORT       for announces over UDP (as for HTTP)
  --api-port PORT       of a private tracker, for the API that makes its users (6970)
  --workers N           threads that answer; 1 is enough for some 100,000 announces a second (1)
  --bus BUS             embedded, or nats://HOST:PORT to be one of a fleet's trackers (embedded)
  --data-dir DIR        what is remembered between starts, where the bus is embedded: users of a
                        private tracker, and the token of its API (.seedfleet)
  --json                one JSON object a line on standard output
  --help                this text

Everything else is set in the environment; see docs/TRACKER.md.
`;

/** Reads the command line of `tracker`. Throws `usage` with one line that says what to do. */
export function parseTrackerOptions(args: readonly string[]): TrackerOptions | "help" {
  const { values, positionals } = parseCommandLine("tracker", args, {
    mode: { type: "string" },
    host: { type: "string", default: "127.0.0.1" },
    "http-port": { type: "string" },
    "udp-port": { type: "string" },
    "api-port": { type: "string" },
    workers: { type: "string" },
    bus: { type: "string", default: "embedded" },
    "data-dir": { type: "string", default: ".seedfleet" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [extra] = positionals;
  if (extra !== undefined) throw usageError(`tracker takes no argument, not "${extra}"`);
  return {
    mode: mode(values.mode),
    host: values.host,
    httpPort: portOrNull("--http-port", values["http-port"]),
    udpPort: portOrNull("--udp-port", values["udp-port"]),
    apiPort: portOrNull("--api-port", values["api-port"]),
    workers: workersValue(values.workers, WORKERS_MAX),
    natsUrl: busValue(values.bus),
    dataDir: dataDirectoryValue(values["data-dir"]),
    json: values.json,
  };
}

function mode(value: string | undefined): TrackerMode | null {
  if (value === undefined) return null;
  const known = TRACKER_MODES.find((each) => each === value);
  if (known !== undefined) return known;
  throw usageError(`--mode is ${TRACKER_MODES.join(", ")}, not "${value}"`);
}

function portOrNull(flag: string, value: string | undefined): number | null {
  return value === undefined ? null : portValue(flag, value);
}
