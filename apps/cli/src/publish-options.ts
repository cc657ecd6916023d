import { resolve } from "node:path";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type PublishOptions = {
  /** Absolute, as the piece-store sees them. */
  readonly paths: readonly string[];
  readonly natsUrl: string | null;
  /** Null takes the only piece-store there is. */
  readonly store: string | null;
  readonly private: boolean;
  readonly json: boolean;
};

export const PUBLISH_USAGE = `Usage: seedfleet publish PATH… [options]

Has a piece-store of a running fleet hash paths that it can read, and seeds them.

  --bus nats://HOST:PORT   the fleet's bus (SEEDFLEET_NATS_URL, else nats://127.0.0.1:4222)
  --store ID               which piece-store, where there are several
  --private                peers come from the tracker only (BEP 27)
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `publish`. Throws `usage` with one line that says what to do. */
export function parsePublishOptions(args: readonly string[]): PublishOptions | "help" {
  const { values, positionals } = parseCommandLine("publish", args, {
    bus: { type: "string" },
    store: { type: "string" },
    private: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (positionals.length === 0) throw usageError("Name a path; see seedfleet publish --help");
  const natsUrl = values.bus ?? null;
  if (natsUrl !== null && !URL.canParse(natsUrl)) {
    throw usageError(`--bus is nats://HOST:PORT, not "${natsUrl}"`);
  }
  return {
    paths: positionals.map((path) => resolve(path)),
    natsUrl,
    store: values.store ?? null,
    private: values.private,
    json: values.json,
  };
}
