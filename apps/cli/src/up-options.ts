import { fileURLToPath } from "node:url";
import { MIRRORS_MAX, type TorrentOptions } from "@seedfleet/contracts";
import { WORKERS_MAX } from "@seedfleet/gateway/service";
import { parseCommandLine } from "./command-line.ts";
import { busValue, dataDirectoryValue, portValue, workersValue } from "./option-values.ts";
import { TORRENT_FLAGS, torrentOptions, torrentUsage } from "./torrent-options.ts";
import { usageError } from "./usage-error.ts";

/** What `seedfleet up` seeds when nobody says. */
export const EXAMPLE_CONTENT: string = fileURLToPath(
  new URL("../../../examples/content", import.meta.url),
);

export type UpOptions = {
  readonly paths: readonly string[];
  /** Magnet links, `.torrent` files and URLs of torrents to be downloaded. */
  readonly mirrors: readonly string[];
  /** Whether their peers are sought in the DHT, too. */
  readonly dht: boolean;
  /** Whether their trackers are told of them once they are complete. */
  readonly announce: boolean;
  readonly host: string;
  readonly peerPort: number;
  readonly trackerPort: number;
  readonly consolePort: number;
  readonly dataDir: string;
  /** Null is the embedded bus. */
  readonly natsUrl: string | null;
  /** Null leaves it to the settings. */
  readonly unchokeSlots: number | "auto" | null;
  /** Null leaves it to the settings. */
  readonly workers: number | null;
  readonly torrent: TorrentOptions;
  readonly json: boolean;
};

export const UP_USAGE: string = `Usage: seedfleet up [PATH…] [options]

Seeds directories and files, s3:// buckets and https:// files to any BitTorrent client until Ctrl-C.
With --mirror it downloads torrents of others into the data directory and seeds them; what is not
complete goes on at the next start that names it. What is goes on being announced to its trackers,
for as long as it is named.

  --host ADDRESS        where to listen, and the address to hand out (127.0.0.1)
  --peer-port PORT      for peers (6881); 0 takes a free port, here and below
  --tracker-port PORT   for the tracker (6969)
  --console-port PORT   for the console, which serves the .torrent files (8080)
  --data-dir DIR        what is remembered between starts (.seedfleet)
  --bus BUS             embedded, or nats://HOST:PORT (embedded)
  --mirror TORRENT      a magnet link, .torrent file or URL to download; may be given several times
  --dht                 seek peers of these in the DHT, too
  --no-announce         do not announce them once they are complete
  --unchoke-slots N     peers of a torrent that download at once; auto follows the demand
  --workers N           threads that serve peers; 1 is enough for some gigabits per second (1)
${torrentUsage(24)}  --json                one JSON object a line on standard output
  --help                this text
`;

/** Reads the command line of `up`. Throws `usage` with one line that says what to do. */
export function parseUpOptions(args: readonly string[]): UpOptions | "help" {
  const { values, positionals } = parseCommandLine("up", args, {
    host: { type: "string", default: "127.0.0.1" },
    "peer-port": { type: "string", default: "6881" },
    "tracker-port": { type: "string", default: "6969" },
    "console-port": { type: "string", default: "8080" },
    "data-dir": { type: "string", default: ".seedfleet" },
    bus: { type: "string", default: "embedded" },
    mirror: { type: "string", multiple: true, default: [] },
    dht: { type: "boolean", default: false },
    "no-announce": { type: "boolean", default: false },
    "unchoke-slots": { type: "string" },
    workers: { type: "string" },
    ...TORRENT_FLAGS,
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const { mirror: mirrors, dht } = values;
  if (mirrors.length > MIRRORS_MAX) {
    throw usageError(`--mirror may be given ${MIRRORS_MAX} times at most`);
  }
  const isGiven = positionals.length > 0 || mirrors.length > 0;
  return {
    paths: isGiven ? positionals : [EXAMPLE_CONTENT],
    ...{ mirrors, dht, announce: !values["no-announce"] },
    host: values.host,
    peerPort: portValue("--peer-port", values["peer-port"]),
    trackerPort: portValue("--tracker-port", values["tracker-port"]),
    consolePort: portValue("--console-port", values["console-port"]),
    dataDir: dataDirectoryValue(values["data-dir"]),
    natsUrl: busValue(values.bus),
    unchokeSlots: unchokeSlots(values["unchoke-slots"]),
    workers: workersValue(values.workers, WORKERS_MAX),
    torrent: torrentOptions(values),
    json: values.json,
  };
}

function unchokeSlots(value: string | undefined): number | "auto" | null {
  if (value === undefined) return null;
  if (value === "auto") return value;
  const slots = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (slots >= 1 && slots <= 100_000) return slots;
  throw usageError(`--unchoke-slots is auto or a number from 1 to 100000, not "${value}"`);
}
