import { contentUnreadable } from "@seedfleet/content";
import { errorCode, errorMessage } from "@seedfleet/runtime";
import type { Answer } from "./answer.ts";
import { shown } from "./location.ts";

/** What may go well at another try; `message` is a reason for `content-unreadable`. */
export class PassingFault extends Error {
  /** What the origin asked us to wait, 0 to try again at once, or null for the usual delay. */
  readonly waitMs: number | null;

  constructor(reason: string, { waitMs = null, cause }: PassingFaultOptions = {}) {
    super(reason, cause === undefined ? undefined : { cause });
    this.waitMs = waitMs;
  }
}

export type PassingFaultOptions = { readonly waitMs?: number | null; readonly cause?: unknown };

/** Statuses below 500 that RFC 9110 and its companions call temporary. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

const FORBIDDEN: ReadonlySet<number> = new Set([401, 403, 407]);

/** Why an answer without any bytes of ours is of no use, whatever was asked. */
export function statusFault({ status, headers }: Answer, url: URL, nowMs: number): Error {
  if (FORBIDDEN.has(status)) {
    return contentUnreadable(
      shown(url),
      `the origin refuses it with ${status}; check that it may be read from here without ` +
        "credentials, and that a token in the URL has not expired",
    );
  }
  const reason = `the origin answers ${status}`;
  if (status < 500 && !PASSING.has(status)) return contentUnreadable(shown(url), reason);
  return new PassingFault(reason, { waitMs: retryAfterMs(headers["retry-after"], nowMs) });
}

/** Compressed bytes are not the file's, and which ones they are is the origin's whim. */
export function encodingFault({ headers }: Answer, url: URL): Error | null {
  const encodings = [headers["content-encoding"], headers["transfer-encoding"]];
  const encoding = encodings.find((each) => !/^(?:identity|chunked)?$/i.test(each ?? ""));
  if (encoding === undefined) return null;
  return contentUnreadable(
    shown(url),
    `the origin sends it encoded (${JSON.stringify(encoding.slice(0, 32))}) though asked not to; ` +
      "turn compression off there",
  );
}

/** Why a connection ended before it should. */
export function connectionFault(cause: unknown, waitMs: number | null): PassingFault {
  // What failed at several addresses has no message of its own.
  const said = errorMessage(cause) || (errorCode(cause) ?? "nothing");
  return new PassingFault(`the connection failed (${said})`, { waitMs, cause });
}

/** Null where nothing that can be understood is said. */
export function retryAfterMs(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
