import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type InspectOptions = {
  /** A file, `-` for standard input, or a magnet link. */
  readonly torrent: string;
  /** Whether every file is shown, however many there are. */
  readonly files: boolean;
  readonly json: boolean;
};

export const INSPECT_USAGE = `Usage: seedfleet inspect FILE|MAGNET [options]

Prints what a .torrent file or a magnet link says, or what is wrong with it. FILE may be "-" for
standard input. Nothing is asked of any fleet.

  --files   every file, and not only the first 50
  --json    one JSON object on standard output
  --help    this text
`;

/** Reads the command line of `inspect`. Throws `usage` with one line that says what to do. */
export function parseInspectOptions(args: readonly string[]): InspectOptions | "help" {
  const { values, positionals } = parseCommandLine("inspect", args, {
    files: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [torrent] = positionals;
  if (torrent === undefined || positionals.length > 1) {
    throw usageError("Name one .torrent file or magnet link; see seedfleet inspect --help");
  }
  return { torrent, files: values.files, json: values.json };
}
