import type { InfoHash } from "@seedfleet/bytes";
import type { CpuSeconds, ResidentBytes } from "../process-usage.ts";

/** What a fill process is told, as JSON in its only argument. */
export type FillSpec = {
  readonly store: StoreSpec;
  readonly cacheBytes: number;
  readonly piecesAtOnce: number;
};

/** Where the pieces are: with a process of their own, or with one that the fill process is too. */
export type StoreSpec =
  | {
      readonly bus: "nats";
      readonly url: string;
      readonly infoHash: InfoHash;
      readonly natsPid: number;
      readonly storePid: number;
    }
  | {
      readonly bus: "embedded";
      readonly contentFile: string;
      readonly pieceLengthBytes: number;
    };

/** What a fill process tells once it is done, in an event `filled`. */
export type Filled = {
  readonly filledBytes: number;
  readonly wallSeconds: number;
  /** Of the process that fills; over the embedded bus that is all there is. */
  readonly gatewayCpuSeconds: CpuSeconds;
  readonly natsCpuSeconds: CpuSeconds | null;
  readonly storeCpuSeconds: CpuSeconds | null;
  /** What none of these used of the machine's CPU time, its idling apart. */
  readonly otherCpuSeconds: number;
  readonly gatewayResidentBytes: ResidentBytes;
};
