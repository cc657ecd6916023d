import type { BigIntStats } from "node:fs";
import type { ContentFile } from "@seedfleet/content";

/** What a file is known again by. */
export type FileState = Omit<ContentFile, "path">;

export function identityOf(stats: BigIntStats): FileState {
  return {
    sizeBytes: Number(stats.size),
    modified: String(stats.mtimeNs),
    identity: String(stats.ino),
  };
}

/** Whether the file is still what was listed. */
export function isListed(stats: BigIntStats, listed: FileState): boolean {
  const { sizeBytes, modified, identity } = identityOf(stats);
  return (
    stats.isFile() &&
    sizeBytes === listed.sizeBytes &&
    modified === listed.modified &&
    identity === listed.identity
  );
}
