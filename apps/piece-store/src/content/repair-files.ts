import assert from "node:assert/strict";
import { join } from "node:path";
import type { ContentListing } from "@seedfleet/content";
import { type RepairSpan, repairFile } from "@seedfleet/content-fs";
import { fileSpans } from "@seedfleet/metainfo";
import type { TorrentLayout } from "./torrent-layout.ts";

/** Writes right bytes of a torrent over wrong ones in the files that carry it, in place. */
export function repairFiles(
  listing: ContentListing,
  layout: TorrentLayout,
): (begin: number, bytes: Uint8Array) => Promise<void> {
  return async (begin, bytes) => {
    for (const [file, spans] of spansByFile(layout, begin, bytes)) {
      const listed = listing.files[file];
      assert(listed !== undefined);
      const path = listing.single ? listing.path : join(listing.path, ...listed.path);
      await repairFile({ path, listed }, spans);
    }
  };
}

function spansByFile(
  layout: TorrentLayout,
  begin: number,
  bytes: Uint8Array,
): Map<number, RepairSpan[]> {
  const byFile = new Map<number, RepairSpan[]>();
  let at = 0;
  for (const { file, offsetBytes, lengthBytes } of fileSpans(layout, begin, bytes.length)) {
    const contentFile = layout.files[file]?.contentFile ?? null;
    const span = { offsetBytes, bytes: bytes.subarray(at, at + lengthBytes) };
    if (contentFile !== null) {
      byFile.set(contentFile, [...(byFile.get(contentFile) ?? []), span]);
    }
    at += lengthBytes;
  }
  return byFile;
}
