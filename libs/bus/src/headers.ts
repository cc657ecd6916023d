import { errorCode, errorMessage } from "@seedfleet/runtime";
import { encodeMessage } from "./payload.ts";
import type { Headers } from "./transport.ts";

/** On a reply: the handler failed with this code; the payload is `{ "message": … }`. */
export const ERROR_HEADER = "seedfleet-error";

/** On a request for a stream, and from the asker later: how many more chunks may be sent. */
export const CREDIT_HEADER = "seedfleet-credit";

/** From the asker of a stream: it wants no more. */
export const CANCEL_HEADER = "seedfleet-cancel";

/** The first answer to a request for a stream; its `replyTo` takes credit and cancellation. */
export const OPEN_HEADER = "seedfleet-open";

/** On each chunk: 0, 1, 2 …; on the end and on an error: how many chunks there were. */
export const CHUNK_HEADER = "seedfleet-chunk";

/** On the last message of a stream that went well. */
export const END_HEADER = "seedfleet-end";

/** A count from outside, or null if it is none. */
export function countIn(headers: Headers, name: string): number | null {
  const value = headers[name];
  return value !== undefined && /^\d{1,12}$/.test(value) ? Number(value) : null;
}

/** The answer that tells a caller how its handler failed. */
export function failureReply(error: unknown): { headers: Headers; payload: Uint8Array } {
  const code = errorCode(error) ?? "internal";
  // A header value is printable ASCII; Node's codes are, but a vendor's may be anything.
  const safe = /^[\x21-\x7e]{1,64}$/.test(code) ? code : "internal";
  return { headers: { [ERROR_HEADER]: safe }, payload: encodeMessage(errorMessage(error)) };
}
