import { BenchError } from "../bench-error.ts";
import { countOption, countsOption, parseFlags } from "../bench-options.ts";
import { SEED_KINDS, type SeedKind } from "./start-seed.ts";

export type DownloadSwarmOptions = {
  readonly json: boolean;
  readonly runs: number;
  readonly sizeMib: number;
  readonly leechers: number;
  /** In each swarm, how many of the leechers are Seedfleet's. */
  readonly seedfleets: readonly number[];
  readonly seed: SeedKind;
  readonly seedBytesPerSecond: number;
  readonly leecherBytesPerSecond: number;
  /** By what the rates were divided. */
  readonly slower: number;
};

export const DOWNLOAD_SWARM_USAGE = `Usage: npm run bench -- download-swarm [options]

Has a seed and leechers, all with limits of their uploads, share one torrent, and tells when the
slowest was done, beside the shortest time that there could be, and how many copies the seed had
sent when every piece was out there once, and when the first and the last leecher was done.

  --seed KIND           libtorrent, seedfleet, or super: Seedfleet's that super-seeds (libtorrent)
  --seedfleets LIST     leechers that are Seedfleet's, of each swarm; the others are libtorrent's
                        (0,5,10)
  --leechers N          in each swarm (10)
  --runs N              of each swarm, in turn (1)
  --size-mb N           content in MiB (256)
  --seed-mbps N         MB/s that the seed uploads at most (20)
  --leecher-mbps N      MB/s that each leecher uploads at most (10)
  --slower N            divides all rates, where the machine is too small for so many peers (1)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench download-swarm`. Throws a `BenchError`. */
export function parseDownloadSwarmOptions(args: readonly string[]): DownloadSwarmOptions | "help" {
  const values = parseFlags("download-swarm", args, {
    seedfleets: { type: "string", default: "0,5,10" },
    leechers: { type: "string", default: "10" },
    runs: { type: "string", default: "1" },
    "size-mb": { type: "string", default: "256" },
    seed: { type: "string", default: "libtorrent" },
    "seed-mbps": { type: "string", default: "20" },
    "leecher-mbps": { type: "string", default: "10" },
    slower: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const leechers = countOption("--leechers", values.leechers, { min: 1, max: 60 });
  const slower = countOption("--slower", values.slower, { min: 1, max: 20 });
  const rate = (flag: "seed-mbps" | "leecher-mbps"): number =>
    (countOption(`--${flag}`, values[flag], { min: 1, max: 10_000 }) * 1e6) / slower;
  const seedfleets = countsOption("--seedfleets", values.seedfleets, { min: 0, max: 60 });
  if (Math.max(...seedfleets) > leechers) {
    throw new BenchError(`--seedfleets are ${leechers} at most, as there are leechers`);
  }
  return {
    json: values.json,
    runs: countOption("--runs", values.runs, { min: 1, max: 100 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    ...{ leechers, seedfleets, slower, seed: seedKind(values.seed) },
    seedBytesPerSecond: rate("seed-mbps"),
    leecherBytesPerSecond: rate("leecher-mbps"),
  };
}

function seedKind(value: string): SeedKind {
  const kind = SEED_KINDS.find((each) => each === value);
  if (kind !== undefined) return kind;
  throw new BenchError(`--seed is ${SEED_KINDS.join(", ")}, not "${value}"`);
}
