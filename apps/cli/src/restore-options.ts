import type { InfoHash } from "@seedfleet/bytes";
import { BUS_USAGE } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { FOLLOW_FLAGS, type FollowOptions, followOptions } from "./follow-options.ts";
import { infoHashArgument } from "./info-hash-argument.ts";
import { SWARM_FLAGS, SWARM_USAGE, type SwarmOptions, swarmOptions } from "./swarm-options.ts";

export type RestoreOptions = SwarmOptions &
  FollowOptions & {
    readonly infoHash: InfoHash;
  };

export const RESTORE_USAGE: string = `Usage: seedfleet restore INFO_HASH [options]

Has gateways of a running fleet download the pieces of a torrent anew that were found to be bad on a
piece-store's disk (see seedfleet check), from peers that are not the fleet's. Where the torrent was
adopted or mirrored its own trackers are asked; one that was made here has none, so name a tracker
or a peer. Ctrl-C ends the command alone, seedfleet cancel INFO_HASH the rest.

${SWARM_USAGE}  --no-wait                do not wait until all pieces are there again
${BUS_USAGE}
  --store ID               which piece-store's, where several have bad pieces
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `restore`. Throws `usage` with one line that says what to do. */
export function parseRestoreOptions(args: readonly string[]): RestoreOptions | "help" {
  const { values, positionals } = parseCommandLine("restore", args, {
    ...SWARM_FLAGS,
    ...FOLLOW_FLAGS,
  });
  if (values.help) return "help";
  return {
    ...swarmOptions(values),
    infoHash: infoHashArgument("restore", positionals),
    ...followOptions(values),
  };
}
