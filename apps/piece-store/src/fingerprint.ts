import { createHash } from "node:crypto";
import type { ContentListing } from "@seedfleet/content";

/**
 * What a listing is known again by: SHA-256, in hex, over the path and every file's relative path,
 * size, time and identity. No field can hold a NUL, so equal texts are equal listings.
 */
export function fingerprintOf(listing: ContentListing): string {
  const hash = createHash("sha256").update(`${listing.path}\0`);
  for (const { path, sizeBytes, modified, identity } of listing.files) {
    hash.update(`${path.join("/")}\0${sizeBytes}\0${modified}\0${identity}\0`);
  }
  return hash.digest("hex");
}
