import { type InfoHash, parseInfoHash, parseInfoHashV2, truncatedInfoHash } from "@seedfleet/bytes";
import { usageError } from "./usage-error.ts";

/** The one info hash that a command's line names, a v2 one cut to what peers ask by. */
export function infoHashArgument(command: string, positionals: readonly string[]): InfoHash {
  const [named] = positionals;
  if (named === undefined || positionals.length > 1) {
    throw usageError(`Name one info hash; see seedfleet ${command} --help`);
  }
  const infoHashV2 = parseInfoHashV2(named);
  const infoHash = infoHashV2 === null ? parseInfoHash(named) : truncatedInfoHash(infoHashV2);
  if (infoHash !== null) return infoHash;
  throw usageError(`An info hash has 40 or 64 hex digits, not "${named}"; see seedfleet ls`);
}
