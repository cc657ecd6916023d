import { parseCommandLine } from "../command-line.ts";
import { busValue, dataDirectoryValue } from "../option-values.ts";
import { usageError } from "../usage-error.ts";

export type DoctorOptions = {
  /** The URL of NATS, or the bus inside `seedfleet up`; null leaves it to what is there. */
  readonly bus: { readonly natsUrl: string } | "embedded" | null;
  readonly dataDir: string;
  readonly json: boolean;
};

export const DOCTOR_USAGE: string = `Usage: seedfleet doctor [options]

Looks at a fleet and at this machine for what is wrong, and says what to do about each: the bus and
its buckets, which services run and of which version, clocks, whether gateways, trackers and
consoles are reached by the addresses that they hand out, ports, disks, sources. It leaves nothing
behind. Run it where peers are to see what they see. Exit code 1 says that there is a problem.

  --bus BUS                nats://HOST:PORT, or embedded for a seedfleet up on this machine; without
                           it SEEDFLEET_NATS_URL, else a seedfleet up that runs with the data
                           directory, else nats://127.0.0.1:4222
  --data-dir DIR           the data directory of that seedfleet up (.seedfleet)
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `doctor`. Throws `usage` with one line that says what to do. */
export function parseDoctorOptions(args: readonly string[]): DoctorOptions | "help" {
  const { values, positionals } = parseCommandLine("doctor", args, {
    bus: { type: "string" },
    "data-dir": { type: "string", default: ".seedfleet" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (positionals.length > 0) throw usageError("Name nothing; see seedfleet doctor --help");
  return {
    bus: busOf(values.bus),
    dataDir: dataDirectoryValue(values["data-dir"]),
    json: values.json,
  };
}

function busOf(value: string | undefined): DoctorOptions["bus"] {
  if (value === undefined) return null;
  const natsUrl = busValue(value);
  return natsUrl === null ? "embedded" : { natsUrl };
}
