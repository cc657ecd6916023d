import {
  type ContentError,
  contentChanged,
  contentNoRanges,
  contentUnreadable,
} from "@seedfleet/content";
import { SeedfleetError } from "@seedfleet/runtime";

/** A busy store is given more time than one that is only out of reach. */
export type Retry = "never" | "soon" | "later";

/** What went wrong with one request; what it means for content depends on who asked. */
export type S3FaultDetail =
  | { readonly code: "s3-absent" }
  /** What lies there now is not what was asked for. */
  | { readonly code: "s3-changed" }
  | { readonly code: "s3-no-ranges" }
  | { readonly code: "s3-refused"; readonly reason: string }
  | { readonly code: "s3-failed"; readonly reason: string; readonly retry: Retry };

/**
 * Never has the SDK's error for its cause: that one holds the answer's headers and, where a
 * signature was refused, the key id and the text that was signed.
 */
export type S3Fault = SeedfleetError<S3FaultDetail>;

export function s3Absent(): S3Fault {
  return new SeedfleetError("The store has no such object", { code: "s3-absent" });
}

export function s3Changed(): S3Fault {
  return new SeedfleetError("The object is not what was asked for", { code: "s3-changed" });
}

export function s3NoRanges(): S3Fault {
  return new SeedfleetError("The store gives no parts of objects", { code: "s3-no-ranges" });
}

/** `reason` says what is wrong and what to do about it. */
export function s3Refused(reason: string): S3Fault {
  return new SeedfleetError(`The store refuses: ${reason}`, { code: "s3-refused", reason });
}

/** `what` went wrong; `hint` says what to do about it. */
export function s3Failed(
  what: string,
  retry: Retry = "never",
  hint = "check the store and the way to it",
): S3Fault {
  const reason = `${what}${retry === "never" ? "" : ", also when asked again"}; ${hint}`;
  return new SeedfleetError(`The request failed: ${reason}`, { code: "s3-failed", reason, retry });
}

/** Null for what is no fault of a request: a caller's abort, an error of ours. */
export function s3FaultOf(error: unknown): S3Fault | null {
  const isFault = error instanceof SeedfleetError && error.detail.code.startsWith("s3-");
  // Only the functions above make such codes.
  return isFault ? (error as S3Fault) : null;
}

/**
 * What a failed request means for the content at `path`; `absent` is what it means that nothing is
 * there. What is no fault of a request is given back as it is.
 */
export function contentFault(
  error: unknown,
  path: string,
  absent: (path: string, cause: unknown) => ContentError,
): unknown {
  const fault = s3FaultOf(error);
  switch (fault?.detail.code) {
    case undefined:
      return error;
    case "s3-absent":
      return absent(path, fault);
    case "s3-changed":
      return contentChanged(path, fault);
    case "s3-no-ranges":
      return contentNoRanges(path, "its store gives no parts of objects, only the whole of them");
    case "s3-refused":
    case "s3-failed":
      return contentUnreadable(path, fault.detail.reason, fault);
  }
}
