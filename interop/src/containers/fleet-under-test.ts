import type { ContainerFleet, Listed } from "./container-fleet.ts";

/** The fleet that the scenarios have one after the other. */
export type FleetUnderTest = {
  readonly fleet: ContainerFleet;
  /** The directory from which it may publish. */
  readonly content: string;
  /** A directory for what is downloaded. */
  readonly work: string;
  /** What lasts, as `steady` in the content: see `STEADY_FILES`. */
  readonly steady: Listed;
};
