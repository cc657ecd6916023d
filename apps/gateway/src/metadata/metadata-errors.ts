import type { InfoHash } from "@seedfleet/bytes";
import type { MetainfoViolation } from "@seedfleet/metainfo";
import { SeedfleetError } from "@seedfleet/runtime";

/** Why there will be no metadata. */
export type MetadataErrorDetail =
  | { readonly code: "metadata-stopped" }
  /** The peers' bytes are the torrent's, and say what we do not take. */
  | { readonly code: "metadata-unusable"; readonly violation: MetainfoViolation["code"] };

export function metadataStopped(infoHash: InfoHash): SeedfleetError<MetadataErrorDetail> {
  const message = `Cannot fetch metadata of ${infoHash}: stopped`;
  return new SeedfleetError(message, { code: "metadata-stopped" });
}

export function metadataUnusable(
  infoHash: InfoHash,
  violation: MetainfoViolation["code"],
): SeedfleetError<MetadataErrorDetail> {
  const message = `Cannot use the metadata of ${infoHash}: ${violation}`;
  return new SeedfleetError(message, { code: "metadata-unusable", violation });
}
