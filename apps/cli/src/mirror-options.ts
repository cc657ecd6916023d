import type { MirrorChoice } from "@seedfleet/contracts";
import { BUS_USAGE } from "./bus-option.ts";
import { CHOICE_FLAGS, CHOICE_USAGE, choiceOptions } from "./choice-options.ts";
import { parseCommandLine } from "./command-line.ts";
import { FOLLOW_FLAGS, type FollowOptions, followOptions } from "./follow-options.ts";
import { SWARM_FLAGS, SWARM_USAGE, type SwarmOptions, swarmOptions } from "./swarm-options.ts";
import { usageError } from "./usage-error.ts";

export type MirrorOptions = SwarmOptions &
  FollowOptions & {
    /** Undefined where every file is wanted, in any order. */
    readonly choice?: MirrorChoice | undefined;
    /** A magnet link, a `.torrent` file, `-` for standard input, or the URL of one. */
    readonly torrent: string;
    /** Whether its trackers are told of it once it is complete; null where nobody says. */
    readonly announce: boolean | null;
  };

export const MIRROR_USAGE: string = `Usage: seedfleet mirror MAGNET|FILE.torrent|URL [options]

Has gateways of a running fleet download a torrent of somebody else's, into a piece-store that keeps
content of its own; they serve what they have meanwhile, and once it is complete it is seeded as
what was published here. Some gateways go on announcing it to its trackers then, so that its swarm
finds them; of what the fleet has all of already, that is what this command brings about. Trackers,
web seeds and peers are those that the magnet link or .torrent names; further ones can be given,
also later by the same command. Ctrl-C ends the command alone: seedfleet mirrors lists what is
downloaded and announced, seedfleet cancel INFO_HASH ends it.

With --only, or a magnet that names files (so=), it is partial once those are there: what of no
chosen file is not fetched, and what is there is served. Asked for again with other files it goes on
with these; --only '*' is all.

${CHOICE_USAGE}${SWARM_USAGE}\
  --no-announce            do not announce it once complete; --announce does again
  --no-wait                do not wait until it is complete
${BUS_USAGE}
  --store ID               which piece-store keeps it, where there are several
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `mirror`. Throws `usage` with one line that says what to do. */
export function parseMirrorOptions(args: readonly string[]): MirrorOptions | "help" {
  const { values, positionals } = parseCommandLine("mirror", args, {
    ...CHOICE_FLAGS,
    ...SWARM_FLAGS,
    ...FOLLOW_FLAGS,
    announce: { type: "boolean", default: false },
    "no-announce": { type: "boolean", default: false },
  });
  if (values.help) return "help";
  const [torrent] = positionals;
  if (torrent === undefined || positionals.length > 1) {
    throw usageError("Name one magnet link, .torrent file or URL; see seedfleet mirror --help");
  }
  const { announce: announces, "no-announce": isQuiet } = values;
  if (announces && isQuiet) throw usageError("Give --announce or --no-announce, not both");
  const announce = announces || isQuiet ? announces : null;
  const choice = choiceOptions(values);
  return {
    ...swarmOptions(choice?.sequential ? { ...values, gateways: "1" } : values),
    ...(choice === undefined ? {} : { choice }),
    ...{ torrent, announce },
    ...followOptions(values),
  };
}
