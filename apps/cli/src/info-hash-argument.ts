import { type InfoHash, parseInfoHash, parseInfoHashV2, truncatedInfoHash } from "@seedfleet/bytes";
import { usageError } from "./usage-error.ts";

/** The one info hash that a command's line names, a v2 one cut to what peers ask by. */
export function infoHashArgument(command: string, positionals: readonly string[]): InfoHash {
  const [named] = positionals;
  if (named === undefined || positionals.length > 1) {
    throw usageError(`Name one info hash; see seedfleet ${command} --help`);
  }
  const infoHash = readInfoHash(named);
  if (infoHash !== null) return infoHash;
  throw usageError(`An info hash has 40 or 64 hex digits, not "${named}"; see seedfleet ls`);
}

/** A v2 one is cut to what peers ask by; null of what is no info hash. */
export function readInfoHash(text: string): InfoHash | null {
  const infoHashV2 = parseInfoHashV2(text);
  return infoHashV2 === null ? parseInfoHash(text) : truncatedInfoHash(infoHashV2);
}
