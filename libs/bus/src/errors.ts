import { SeedfleetError } from "@seedfleet/runtime";

/** Every way the bus fails, told apart by `code`. */
export type BusErrorDetail =
  /** Nobody serves the subject; comes at once. */
  | { readonly code: "bus-no-responders"; readonly subject: string }
  | { readonly code: "bus-timeout"; readonly subject: string; readonly timeoutMs: number }
  | {
      readonly code: "bus-payload-too-large";
      readonly subject: string;
      readonly payloadBytes: number;
      readonly payloadBytesMax: number;
    }
  | { readonly code: "bus-closed" }
  /** The bus is away just now, so nothing was sent. */
  | { readonly code: "bus-disconnected"; readonly subject: string }
  /** The caller's own signal. */
  | { readonly code: "bus-aborted"; readonly subject: string }
  | {
      readonly code: "bus-invalid-payload";
      readonly subject: string;
      readonly issues: readonly string[];
    }
  /** The handler at the other end failed: its code and its message. */
  | {
      readonly code: "bus-remote";
      readonly subject: string;
      readonly remoteCode: string;
      readonly remoteMessage: string;
    }
  /** A chunk was lost, or came without having been asked for. */
  | {
      readonly code: "bus-stream-broken";
      readonly subject: string;
      readonly chunkExpected: number;
      readonly chunkReceived: number;
    }
  | { readonly code: "bus-store-failed"; readonly bucket: string; readonly action: string };

export type BusError = SeedfleetError<BusErrorDetail>;

export function noResponders(subject: string): BusError {
  return new SeedfleetError(`Cannot ask "${subject}": nobody serves it`, {
    code: "bus-no-responders",
    subject,
  });
}

export function timedOut(subject: string, timeoutMs: number): BusError {
  return new SeedfleetError(`Cannot wait for "${subject}": no answer within ${timeoutMs} ms`, {
    code: "bus-timeout",
    subject,
    timeoutMs,
  });
}

export function payloadTooLarge(
  subject: string,
  payloadBytes: number,
  payloadBytesMax: number,
): BusError {
  return new SeedfleetError(
    `Cannot send "${subject}": ${payloadBytes} bytes are more than ${payloadBytesMax}`,
    { code: "bus-payload-too-large", subject, payloadBytes, payloadBytesMax },
  );
}

export function closed(cause?: unknown): BusError {
  return new SeedfleetError("Cannot use the bus: it is closed", { code: "bus-closed" }, cause);
}

export function disconnected(subject: string, cause?: unknown): BusError {
  const detail = { code: "bus-disconnected", subject } as const;
  return new SeedfleetError(`Cannot send "${subject}": the bus is disconnected`, detail, cause);
}

export function aborted(subject: string, cause?: unknown): BusError {
  const detail = { code: "bus-aborted", subject } as const;
  return new SeedfleetError(`Cannot wait for "${subject}": the caller gave up`, detail, cause);
}

export function invalidPayload(subject: string, issues: readonly string[]): BusError {
  return new SeedfleetError(`Cannot accept a payload of "${subject}": ${issues.join("; ")}`, {
    code: "bus-invalid-payload",
    subject,
    issues,
  });
}

export function remoteFailed(subject: string, remoteCode: string, remoteMessage: string): BusError {
  return new SeedfleetError(`Cannot serve "${subject}": ${remoteMessage}`, {
    code: "bus-remote",
    subject,
    remoteCode,
    remoteMessage,
  });
}

export function streamBroken(
  subject: string,
  chunkExpected: number,
  chunkReceived: number,
): BusError {
  return new SeedfleetError(
    `Cannot read the stream of "${subject}": chunk ${chunkReceived} came, not ${chunkExpected}`,
    { code: "bus-stream-broken", subject, chunkExpected, chunkReceived },
  );
}

export function storeFailed(bucket: string, action: string, cause: unknown): BusError {
  return new SeedfleetError(
    `Cannot ${action} in bucket "${bucket}"`,
    { code: "bus-store-failed", bucket, action },
    cause,
  );
}
