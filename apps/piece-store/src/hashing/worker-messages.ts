import type { ListedRun } from "@seedfleet/content-fs";
import { type ErrorDetail, SeedfleetError } from "@seedfleet/runtime";
import type { UnitDigests, UnitShape } from "./unit-hasher.ts";

/** What a hash thread is started with. */
export type WorkerData = { readonly bufferBytes: number };

/** To a hash thread. Every unit has an id of its own; a thread has several at hand. */
export type ToWorker =
  | {
      readonly kind: "hash";
      readonly id: number;
      readonly unit: UnitShape;
      /** Where its bytes are, in order. */
      readonly files: readonly ListedRun[];
      /** Shared memory: not 0 once nobody waits for the job any more. */
      readonly cancelled: Int32Array;
    }
  /** A unit whose bytes we read for the thread, and push to it. */
  | { readonly kind: "open"; readonly id: number; readonly unit: UnitShape }
  /** The next bytes of a unit, in shared memory; not to be touched before `pushed`. */
  | { readonly kind: "push"; readonly id: number; readonly bytes: Uint8Array }
  /** No more is pushed. */
  | { readonly kind: "drop"; readonly id: number };

export type FromWorker =
  | { readonly kind: "hashed"; readonly id: number; readonly hashedBytes: number }
  | { readonly kind: "pushed"; readonly id: number }
  | { readonly kind: "done"; readonly id: number; readonly digests: UnitDigests }
  | { readonly kind: "cancelled"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly failure: Failure };

/** A failure of the world as data: a class does not survive the way from thread to thread. */
export type Failure = {
  readonly message: string;
  readonly detail: ErrorDetail;
  readonly cause: string | null;
};

/** Null for what is a mistake of ours, which must end the thread and not be told as a failure. */
export function failureOf(error: unknown): Failure | null {
  if (!(error instanceof SeedfleetError)) return null;
  const { message, detail, cause } = error;
  return { message, detail, cause: cause === undefined ? null : String(cause) };
}

export function errorOf({ message, detail, cause }: Failure): SeedfleetError {
  return new SeedfleetError(message, detail, cause === null ? undefined : new Error(cause));
}
