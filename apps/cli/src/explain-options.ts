import type { InfoHash } from "@seedfleet/bytes";
import type { SoughtPeer } from "@seedfleet/contracts";
import { parseSoughtPeer } from "@seedfleet/fleet";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { infoHashArgument } from "./info-hash-argument.ts";
import { usageError } from "./usage-error.ts";

export type ExplainOptions = {
  readonly peer: SoughtPeer;
  /** As it was typed. */
  readonly named: string;
  /** Null is every torrent. */
  readonly infoHash: InfoHash | null;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const EXPLAIN_USAGE: string = `Usage: seedfleet explain PEER [options]

Asks all gateways why a peer may or may not download just now: each of its connections, and what was
decided of it in the last minute, newest first. PEER is one of

  192.0.2.1, 2001:db8::1             its address
  192.0.2.1:6881, [2001:db8::1]:6881  with the port that it says it listens on
  40 hex digits, or 20 characters    its peer id; the first few characters, as -qB4650-, will do

  --torrent INFO_HASH      in this torrent only
${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Most clients' peer ids begin with a dash, two letters and four of a version (BEP 20). */
const BEGINS_AS_PEER_ID = /^-[A-Za-z~]{2}[0-9A-Za-z]{4}/;

/** Reads the command line of `explain`. Throws `usage` with one line that says what to do. */
export function parseExplainOptions(args: readonly string[]): ExplainOptions | "help" {
  const peerIds = args.filter((arg) => BEGINS_AS_PEER_ID.test(arg));
  const others = args.filter((arg) => !BEGINS_AS_PEER_ID.test(arg));
  const { values, positionals } = parseCommandLine("explain", others, {
    torrent: { type: "string" },
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [named, ...more] = [...positionals, ...peerIds];
  if (named === undefined || more.length > 0) {
    throw usageError("Name one peer; see seedfleet explain --help");
  }
  const peer = parseSoughtPeer(named);
  if (peer === null) {
    throw usageError(
      `A peer is an IP address, IP:PORT or up to 20 characters of a peer id, not "${named}"; ` +
        "see seedfleet explain --help",
    );
  }
  const { torrent } = values;
  const infoHash = torrent === undefined ? null : infoHashArgument("explain", [torrent]);
  return { peer, named, infoHash, natsUrl: natsUrl(values.bus), json: values.json };
}
