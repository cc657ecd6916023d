import { countOption, countsOption, parseFlags } from "../bench-options.ts";

const KB = 1_000;

export type ChokingRealOptions = {
  readonly json: boolean;
  /** What a leecher of each class uploads at most. */
  readonly uploadBytesPerSecond: readonly number[];
  /** Leechers of each class. */
  readonly each: number;
  /** What a gateway uploads at most, and the slots that it has. */
  readonly gatewayBytesPerSecond: number;
  readonly slots: number;
  readonly sizeMib: number;
};

export const CHOKING_REAL_USAGE = `Usage: npm run bench -- choking-real [options]

Has libtorrent leechers download from two gateways, and shows who was unchoked when.

  --upload-kb LIST      kB/s that a leecher uploads at most, by class (50,200,800)
  --each N              leechers of each class (4)
  --gateway-kb N        kB/s that each gateway uploads at most (1000)
  --slots N             unchoke slots of each gateway (3)
  --size-mb N           content in MiB (32)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench choking-real`. Throws a `BenchError` that says why not. */
export function parseChokingRealOptions(args: readonly string[]): ChokingRealOptions | "help" {
  const values = parseFlags("choking-real", args, {
    "upload-kb": { type: "string", default: "50,200,800" },
    each: { type: "string", default: "4" },
    "gateway-kb": { type: "string", default: "1000" },
    slots: { type: "string", default: "3" },
    "size-mb": { type: "string", default: "32" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const rate = { min: 1, max: 1_000_000 };
  const uploads = countsOption("--upload-kb", values["upload-kb"], rate);
  return {
    json: values.json,
    uploadBytesPerSecond: uploads.map((kilobytes) => kilobytes * KB),
    each: countOption("--each", values.each, { min: 1, max: 9 }),
    gatewayBytesPerSecond: countOption("--gateway-kb", values["gateway-kb"], rate) * KB,
    slots: countOption("--slots", values.slots, { min: 1, max: 100 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 1, max: 4_096 }),
  };
}
