import type { BigIntStats } from "node:fs";
import type { ContentFile } from "@seedfleet/content";

/** What a file is known again by. */
export function identityOf(stats: BigIntStats): Omit<ContentFile, "path"> {
  return {
    sizeBytes: Number(stats.size),
    modified: String(stats.mtimeNs),
    identity: String(stats.ino),
  };
}

/** Whether the file is still what was listed. */
export function isListed(stats: BigIntStats, listed: ContentFile): boolean {
  const { sizeBytes, modified, identity } = identityOf(stats);
  return (
    stats.isFile() &&
    sizeBytes === listed.sizeBytes &&
    modified === listed.modified &&
    identity === listed.identity
  );
}
