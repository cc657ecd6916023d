import { type ContentCheck, TORRENT_SOURCES_MAX } from "@seedfleet/contracts";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { locationOf } from "./torrent-options.ts";
import { usageError } from "./usage-error.ts";

export type AdoptOptions = {
  /** The `.torrent` file, or `-` for standard input. */
  readonly torrent: string;
  /** The content, then its mirrors: absolute paths as the piece-store sees them, or URLs. */
  readonly locations: readonly string[];
  readonly check: ContentCheck;
  readonly natsUrl: string | null;
  /** Null takes the only piece-store there is. */
  readonly store: string | null;
  readonly json: boolean;
};

const CHECKS: readonly ContentCheck[] = ["now", "background", "first-use"];

export const ADOPT_USAGE: string = `Usage: seedfleet adopt FILE.torrent LOCATION… [options]

Has a piece-store of a running fleet seed content by a .torrent that is there already. The content
lies at the first location, a path or URL that the store can read, or in a directory of the
torrent's name there; further locations are mirrors of it. Names and sizes must fit at once. The
work goes on if this command is stopped; seedfleet jobs tells of it.

  --check WHEN             when the bytes are checked: now, before they are seeded; background,
                           while they are seeded; first-use, as they are asked for (background)
${BUS_USAGE}
  --store ID               which piece-store, where there are several
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `adopt`. Throws `usage` with one line that says what to do. */
export function parseAdoptOptions(args: readonly string[]): AdoptOptions | "help" {
  const { values, positionals } = parseCommandLine("adopt", args, {
    check: { type: "string", default: "background" },
    bus: { type: "string" },
    store: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [torrent, ...locations] = positionals;
  if (torrent === undefined || locations.length === 0) {
    throw usageError("Name a .torrent file and where its content lies; see seedfleet adopt --help");
  }
  if (locations.length > TORRENT_SOURCES_MAX) {
    throw usageError(`A torrent has at most ${TORRENT_SOURCES_MAX} locations`);
  }
  return {
    torrent,
    locations: locations.map(locationOf),
    check: checkOf(values.check),
    natsUrl: natsUrl(values.bus),
    store: values.store ?? null,
    json: values.json,
  };
}

function checkOf(value: string): ContentCheck {
  const found = CHECKS.find((check) => check === value);
  if (found !== undefined) return found;
  throw usageError(`--check is ${CHECKS.join(", ")}, not "${value}"`);
}
