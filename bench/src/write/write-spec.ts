import type { CpuSeconds } from "../process-usage.ts";

/** What a write process is told, as JSON in its only argument. */
export type WriteSpec = {
  readonly store: WriteStore;
  readonly sizeBytes: number;
  readonly pieceLengthBytes: number;
  readonly piecesAtOnce: number;
};

/** Where the pieces go: to a process of its own, or to one that the write process is too. */
export type WriteStore =
  | {
      readonly bus: "nats";
      readonly url: string;
      readonly natsPid: number;
      readonly storePid: number;
    }
  | { readonly bus: "embedded"; readonly root: string };

/** What a write process tells once it is done, in an event `written`. */
export type Written = {
  readonly writtenBytes: number;
  readonly wallSeconds: number;
  /** Of the process that offers; over the embedded bus that is all there is. */
  readonly offererCpuSeconds: CpuSeconds;
  readonly natsCpuSeconds: CpuSeconds | null;
  readonly storeCpuSeconds: CpuSeconds | null;
};
