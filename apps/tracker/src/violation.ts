export type ViolationCode =
  | "query-too-long"
  | "escape-broken"
  | "parameter-repeated"
  | "parameters-too-many"
  | "info-hash-invalid"
  | "peer-id-invalid"
  | "port-invalid"
  | "number-invalid"
  | "event-invalid"
  | "address-invalid"
  | "passkey-invalid"
  | "address-rate"
  | "whole-scrapes-full"
  | "scrape-of-everything"
  | "scrape-too-many"
  | "not-registered"
  | "passkey-missing"
  | "passkey-unknown"
  | "starting"
  | "thread-busy";

/** A request we do not fulfil. Its text goes to the client as the `failure reason` of BEP 3. */
export type TrackerViolation = {
  readonly kind: "violation";
  readonly code: ViolationCode;
  /** ASCII, and without anything the client sent. */
  readonly sendableText: string;
  /** BEP 31: when it is worth another try, if ever; null says nothing about it. */
  readonly retryInMinutes: number | "never" | null;
};

export function violation(code: ViolationCode, sendableText: string): TrackerViolation {
  return { kind: "violation", code, sendableText, retryInMinutes: null };
}

/** The same query will never be fulfilled (BEP 31). */
export function neverFulfilled(code: ViolationCode, sendableText: string): TrackerViolation {
  return { ...violation(code, sendableText), retryInMinutes: "never" };
}

export function notRegistered(): TrackerViolation {
  return violation("not-registered", "Torrent is not registered with this tracker");
}

export function passkeyRequired(): TrackerViolation {
  return violation("passkey-missing", "This tracker needs a passkey in the announce URL");
}

/** Nobody's, or one that was revoked. */
export function passkeyUnknown(): TrackerViolation {
  return violation("passkey-unknown", "Passkey is unknown");
}

/** The catalog has not been read yet, so nobody knows what is registered. */
export function starting(): TrackerViolation {
  const text = "Tracker is starting, try again in a minute";
  return { kind: "violation", code: "starting", sendableText: text, retryInMinutes: 1 };
}

/** The thread that has the swarm is so far behind that it is not asked any more. */
export const THREAD_BUSY: TrackerViolation = {
  ...violation("thread-busy", "Tracker is busy, try again in a minute"),
  retryInMinutes: 1,
};
