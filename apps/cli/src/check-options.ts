import type { InfoHash } from "@seedfleet/bytes";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { infoHashArgument } from "./info-hash-argument.ts";

export type CheckOptions = {
  /** Any that peers ask for the torrent by: a v2 one is cut to that. */
  readonly infoHash: InfoHash;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const CHECK_USAGE: string = `Usage: seedfleet check INFO_HASH [options]

Has the piece-stores of a running fleet read everything of a torrent that they hold and check it.
Bad pieces are given to nobody, and are written anew from a source that has them right. Content
that was refused since its files were touched is taken back when every byte is right.

Ends with 1 if a piece is bad or a place could not be checked. The work goes on if this command is
stopped; seedfleet jobs tells of it.

${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `check`. Throws `usage` with one line that says what to do. */
export function parseCheckOptions(args: readonly string[]): CheckOptions | "help" {
  const { values, positionals } = parseCommandLine("check", args, {
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const infoHash = infoHashArgument("check", positionals);
  return { infoHash, natsUrl: natsUrl(values.bus), json: values.json };
}
