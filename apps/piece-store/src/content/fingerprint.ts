import { createHash } from "node:crypto";
import type { ContentListing } from "@seedfleet/content";

/**
 * What a listing is known again by: SHA-256, in hex, over the location and the relative path, size,
 * time and identity of every file that has bytes, in the order of their paths. No field can hold a
 * NUL, so equal texts are equal listings.
 */
export function fingerprintOf(listing: ContentListing): string {
  const files = listing.files
    .filter(({ sizeBytes }) => sizeBytes > 0)
    .map(({ path, sizeBytes, modified, identity }) => {
      // Of a single file the name is the location's own.
      const name = listing.single ? "" : path.join("/");
      return `${name}\0${sizeBytes}\0${modified}\0${identity}\0`;
    });
  const hash = createHash("sha256").update(`${listing.path}\0`);
  for (const file of files.toSorted()) hash.update(file);
  return hash.digest("hex");
}
