import type { AdversaryCase } from "./adversary.ts";
import type { FleetCase } from "./fleets.ts";
import type { ReciprocationCase } from "./reciprocation.ts";
import { EVEN_CLASSES, STEEP_CLASSES } from "./three-classes.ts";

type Named<Case> = Omit<Case, "seed"> & { readonly name: string };

/** 59 MB. */
const LARGE = { pieceCount: 226 } as const;

export const RECIPROCATION_CASES: readonly Named<ReciprocationCase>[] = [
  { name: "50, 100 and 200 kB/s", rates: EVEN_CLASSES, leecherSlots: 4, ...LARGE },
  { name: "the same, 30 MB", rates: EVEN_CLASSES, leecherSlots: 4, pieceCount: 113 },
  { name: "50, 100 and 200 kB/s", rates: EVEN_CLASSES, leecherSlots: 8, ...LARGE },
  { name: "20, 50 and 200 kB/s", rates: STEEP_CLASSES, leecherSlots: 4, ...LARGE },
  { name: "20, 50 and 200 kB/s", rates: STEEP_CLASSES, leecherSlots: 8, ...LARGE },
];

const POLICIES = ["legout", "round_robin", "fastest_upload", "anti_leech"] as const;

const AT_GATEWAY: readonly Pick<Named<AdversaryCase>, "name" | "tricks">[] = [
  { name: "honest", tricks: [] },
  { name: "hides, new ids", tricks: ["hides-pieces", "new-ids-at-gateways"] },
  {
    name: "BitTyrant, hides, new ids",
    tricks: ["gives-least", "hides-pieces", "new-ids-at-gateways"],
  },
  { name: "feigns disinterest", tricks: ["feigns-disinterest"] },
];

const AT_LEECHERS: readonly Pick<Named<AdversaryCase>, "name" | "tricks">[] = [
  { name: "honest", tricks: [] },
  {
    name: "BitTyrant, hides, new ids",
    tricks: ["gives-least", "hides-pieces", "new-ids-at-gateways"],
  },
  { name: "new ids at leechers", tricks: ["new-ids-at-leechers"] },
  { name: "gives nothing", tricks: ["gives-nothing"] },
  { name: "gives nothing, new ids at leechers", tricks: ["gives-nothing", "new-ids-at-leechers"] },
];

export const ADVERSARY_CASES: readonly Named<AdversaryCase>[] = [
  ...POLICIES.flatMap((policy) =>
    AT_GATEWAY.map((each) => ({ ...each, policy, dependsOn: "gateway" as const })),
  ),
  ...AT_LEECHERS.map((each) => ({
    ...{ ...each, policy: "legout" as const, dependsOn: "leechers" as const },
  })),
];

const UPLOADS = [
  { uploadBytesPerSecond: 50_000, pieceCount: 452 },
  { uploadBytesPerSecond: 100_000, pieceCount: 226 },
  { uploadBytesPerSecond: 400_000, pieceCount: 226 },
] as const;

export const FLEET_CASES: readonly Named<FleetCase>[] = UPLOADS.flatMap((uploads) =>
  [false, true].flatMap((superSeeds) =>
    [false, true].map((coordinated) => ({
      ...{ ...uploads, policy: "round_robin" as const, superSeeds, coordinated },
      name: `${coordinated ? "one round" : "each alone"}${superSeeds ? ", super-seeding" : ""}`,
    })),
  ),
);
