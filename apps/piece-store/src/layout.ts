import type { ContentListing } from "@seedfleet/content";
import type { Metainfo } from "@seedfleet/metainfo";

/** Where each listed file lies in the torrent; the files are the listing's, in its order. */
export type Layout = Pick<Metainfo, "files" | "sizeBytes">;

export function layoutOf(listing: ContentListing): Layout {
  let offsetBytes = 0;
  const files = listing.files.map(({ path, sizeBytes: lengthBytes }) => {
    const file = { path, lengthBytes, offsetBytes, padding: false };
    offsetBytes += lengthBytes;
    return file;
  });
  return { files, sizeBytes: listing.sizeBytes };
}
