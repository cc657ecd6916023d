import type { TorrentOptions } from "@seedfleet/contracts";
import { parseCommandLine } from "./command-line.ts";
import { locationOf, TORRENT_FLAGS, torrentOptions, torrentUsage } from "./torrent-options.ts";
import { usageError } from "./usage-error.ts";

export type PublishOptions = {
  /** Absolute paths as the piece-store sees them, or URLs. */
  readonly paths: readonly string[];
  /** Where the content of the only path lies besides. */
  readonly mirrors: readonly string[];
  readonly natsUrl: string | null;
  /** Null takes the only piece-store there is. */
  readonly store: string | null;
  readonly torrent: TorrentOptions;
  readonly json: boolean;
};

export const PUBLISH_USAGE: string = `Usage: seedfleet publish PATH… [options]

Has a piece-store of a running fleet hash what lies at paths that it can read, or at s3:// and
https:// URLs that it may, and seeds it from there. The work goes on if this command is stopped;
seedfleet jobs tells of it.

  --bus nats://HOST:PORT   the fleet's bus (SEEDFLEET_NATS_URL, else nats://127.0.0.1:4222)
  --store ID               which piece-store, where there are several
  --mirror PATH            the same content lies there too; may be given several times
${torrentUsage(27)}  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `publish`. Throws `usage` with one line that says what to do. */
export function parsePublishOptions(args: readonly string[]): PublishOptions | "help" {
  const { values, positionals } = parseCommandLine("publish", args, {
    bus: { type: "string" },
    store: { type: "string" },
    mirror: { type: "string", multiple: true, default: [] },
    ...TORRENT_FLAGS,
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (positionals.length === 0) throw usageError("Name a path; see seedfleet publish --help");
  if (values.mirror.length > 0 && positionals.length > 1) {
    throw usageError("--mirror goes with one path; publish them one by one");
  }
  const natsUrl = values.bus ?? null;
  if (natsUrl !== null && !URL.canParse(natsUrl)) {
    throw usageError(`--bus is nats://HOST:PORT, not "${natsUrl}"`);
  }
  return {
    paths: positionals.map(locationOf),
    natsUrl,
    store: values.store ?? null,
    mirrors: values.mirror.map(locationOf),
    torrent: torrentOptions(values),
    json: values.json,
  };
}
