import type { CancelTimer, Clock } from "@seedfleet/runtime";
import type { Tracer } from "@seedfleet/telemetry";
import { aborted, disconnected, noResponders, remoteFailed, timedOut } from "./errors.ts";
import { ERROR_HEADER } from "./headers.ts";
import type { Inbox } from "./inbox.ts";
import type { LandingMemory } from "./landing.ts";
import { decodeMessage } from "./payload.ts";
import type { BusMessage, BusTransport, Headers } from "./transport.ts";

/** What every asker of a bus shares. */
export type AskerPorts = {
  readonly transport: BusTransport;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly tracer: Tracer;
};

/** A request ready to be sent: its subject filled in, its payload checked and encoded. */
export type OutgoingRequest = {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | null;
  readonly landing?: LandingMemory | null;
};

/** Sends a request and resolves with its one answer, or rejects with a `BusError`. */
export function requestReply(ports: AskerPorts, request: OutgoingRequest): Promise<BusMessage> {
  const { subject, timeoutMs, signal } = request;
  return new Promise((resolve, reject) => {
    let cancelTimer: CancelTimer | null = null;
    const release = (): void => {
      ports.inbox.release(replyTo);
      cancelTimer?.();
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: Error): void => {
      release();
      reject(error);
    };
    const abort = (): void => fail(aborted(subject, signal?.reason));
    const receive = (message: BusMessage): void => {
      const failure = failureIn(message, subject);
      release();
      if (failure === null) resolve(message);
      else reject(failure);
    };
    const replyTo = ports.inbox.open({ receive, fail });
    if (signal?.aborted) return abort();
    try {
      sendRequest(ports, request, replyTo);
    } catch (error) {
      release();
      throw error;
    }
    cancelTimer = ports.clock.after(timeoutMs, () => fail(timedOut(subject, timeoutMs)));
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Publishes a request in the current trace. While disconnected it would be lost, so it throws. */
export function sendRequest(
  { transport, tracer }: AskerPorts,
  { subject, payload, headers, landing = null }: OutgoingRequest & { readonly headers?: Headers },
  replyTo: string,
): void {
  if (transport.status === "disconnected") throw disconnected(subject);
  const options = { replyTo, headers: { ...tracer.inject(), ...headers } };
  transport.publish(subject, payload, landing === null ? options : { ...options, landing });
}

/** Why an answer is none, or null if it is one. */
export function failureIn(message: BusMessage, subject: string): Error | null {
  if (message.noResponders) return noResponders(subject);
  const code = message.headers[ERROR_HEADER];
  return code === undefined ? null : remoteFailed(subject, code, decodeMessage(message.payload));
}
