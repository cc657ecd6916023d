import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";

export const DOWNLOADERS = ["embedded", "nats", "libtorrent"] as const;

/** Who downloads: Seedfleet as one process or as several over NATS, or libtorrent. */
export type DownloaderKind = (typeof DOWNLOADERS)[number];

export type DownloadOptions = {
  readonly json: boolean;
  readonly downloaders: readonly DownloaderKind[];
  readonly runs: number;
  readonly sizeMib: number;
  readonly pieceKib: number;
};

export const DOWNLOAD_USAGE = `Usage: npm run bench -- download [options]

Measures what a download from one libtorrent seed costs: CPU time and time of those who download.

  --downloaders LIST    embedded (one process), nats (processes of their own), libtorrent
                        (embedded,nats,libtorrent)
  --runs N              measurements of each, in turn (3)
  --size-mb N           content in MiB (1024)
  --piece-kb N          length of a piece in KiB, a power of two (1024)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench download`. Throws a `BenchError` that says what is wrong. */
export function parseDownloadOptions(args: readonly string[]): DownloadOptions | "help" {
  const values = parseFlags("download", args, {
    downloaders: { type: "string", default: DOWNLOADERS.join() },
    runs: { type: "string", default: "3" },
    "size-mb": { type: "string", default: "1024" },
    "piece-kb": { type: "string", default: "1024" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const pieceKib = countOption("--piece-kb", values["piece-kb"], { min: 16, max: 16_384 });
  if (!Number.isInteger(Math.log2(pieceKib))) {
    throw new BenchError(`--piece-kb takes a power of two, not "${pieceKib}"`);
  }
  return {
    json: values.json,
    downloaders: values.downloaders.split(",").map(downloaderKind),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    pieceKib,
  };
}

function downloaderKind(value: string): DownloaderKind {
  const kind = DOWNLOADERS.find((each) => each === value);
  if (kind !== undefined) return kind;
  throw new BenchError(`--downloaders are ${DOWNLOADERS.join(", ")}, not "${value}"`);
}
