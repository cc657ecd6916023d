import { hash, timingSafeEqual } from "node:crypto";

/**
 * Whether the header `Authorization` of a request has this token (RFC 6750). Compared as hashes, so
 * that how long it takes says nothing of the token.
 */
export function isBearer(header: string | undefined, token: string): boolean {
  const [, given = ""] = /^Bearer +(\S+)$/i.exec(header ?? "") ?? [];
  return timingSafeEqual(hash("sha256", given, "buffer"), hash("sha256", token, "buffer"));
}
