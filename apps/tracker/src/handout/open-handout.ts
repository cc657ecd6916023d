import { SeedfleetError } from "@seedfleet/runtime";
import { HANDOUT_POLICIES, type HandoutPolicyName } from "./handout-policy.ts";
import { loadZoneTable } from "./load-zone-table.ts";
import type { HandoutSettings } from "./plan-handout.ts";
import { ZoneTable } from "./zone-table.ts";

export type HandoutConfig = {
  readonly handoutPolicy: HandoutPolicyName;
  readonly gatewayShare: number;
  readonly gatewaysMax: number;
  /** A path; null is no table. */
  readonly zonesFile: string | null;
};

export type ZonesFileMissing = { readonly code: "zones-file-missing" };

/**
 * Reads what the settings name. Throws `zones-file-missing` for the policy `nearest` without a
 * table, and what `loadZoneTable` throws.
 */
export async function openHandout(config: HandoutConfig): Promise<HandoutSettings> {
  const { handoutPolicy, gatewayShare, gatewaysMax, zonesFile } = config;
  if (handoutPolicy === "nearest" && zonesFile === null) throw zonesFileMissing();
  const zones = zonesFile === null ? ZoneTable.empty : await loadZoneTable(zonesFile);
  return { policy: HANDOUT_POLICIES[handoutPolicy], gatewayShare, gatewaysMax, zones };
}

function zonesFileMissing(): SeedfleetError<ZonesFileMissing> {
  return new SeedfleetError(
    "Cannot hand out the nearest: no table says where peers are; " +
      "name its file (SEEDFLEET_TRACKER_ZONES_FILE), or choose another policy",
    { code: "zones-file-missing" },
  );
}
