import type { IncomingHttpHeaders } from "node:http";
import type { ContentFile } from "@seedfleet/content";

/** What an origin says of the version of a file that it has. */
export type Validators = Pick<ContentFile, "identity" | "modified">;

/** A weak ETag stands for the same meaning, not for the same bytes, and begins with `W/`. */
const STRONG_ETAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

export function validatorsOf(headers: IncomingHttpHeaders): Validators {
  const etag = headers.etag ?? "";
  return {
    identity: STRONG_ETAG.test(etag) ? etag : "",
    modified: headers["last-modified"] ?? "",
  };
}

/**
 * Asks for the listed version or nothing. Not `If-Range`: its answer need not repeat the ETag and
 * the time, so an origin that ignores the condition could not be told from one that keeps it.
 */
export function onlyIfListed({ identity, modified }: Validators): Record<string, string> {
  return identity === "" ? { "if-unmodified-since": modified } : { "if-match": identity };
}

export function isSameVersion(one: Validators, other: Validators): boolean {
  return one.identity === other.identity && one.modified === other.modified;
}
