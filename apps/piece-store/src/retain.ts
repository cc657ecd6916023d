import type { RetainRequest } from "@seedfleet/contracts";
import type { Telemetry } from "@seedfleet/telemetry";
import { locationKind } from "./content/locations.ts";
import type { PieceStoreParts } from "./open-parts.ts";

/** Takes out of the catalog whatever is published from another location than these. */
export async function retain(
  parts: Pick<PieceStoreParts, "held" | "sources" | "worker"> & { readonly telemetry: Telemetry },
  { locations }: RetainRequest,
): Promise<{ readonly removed: number }> {
  const { held, sources, telemetry, worker } = parts;
  const kept = new Set(locations);
  for (const location of locations) {
    const resolved = await sources.resolveIfThere(location);
    if (resolved !== null) kept.add(resolved);
  }
  await worker.retain(kept);
  let removed = 0;
  for (const location of held.locations) {
    // What the fleet keeps itself was never at one of these: it goes by `ingest.unmanage`.
    if (locationKind(location) === "managed") continue;
    if (!kept.has(location)) removed += await held.retire(location);
  }
  telemetry.log.info("torrents retained", { locations: locations.length, removed });
  return { removed };
}
