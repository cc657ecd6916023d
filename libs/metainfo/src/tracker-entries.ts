export type TrackerEntries = {
  readonly announce?: string;
  readonly "announce-list"?: readonly (readonly string[])[];
};

/**
 * The keys that name trackers (BEP 3, 12). `announce` is the first tracker, for clients that know
 * no tiers, and stands alone where there is but one.
 */
export function trackerEntries(tiers: readonly (readonly string[])[]): TrackerEntries {
  const filled = tiers.filter((tier) => tier.length > 0);
  const [announce, ...others] = filled.flat();
  if (announce === undefined) return {};
  return others.length === 0 ? { announce } : { announce, "announce-list": filled };
}
