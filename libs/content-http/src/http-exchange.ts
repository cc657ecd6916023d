import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type CancelTimer, type Clock, errorCode, VERSION } from "@seedfleet/runtime";
import type { Answer, Received } from "./answer.ts";
import { connectionFault, PassingFault } from "./faults.ts";
import {
  DISCARDED_BYTES_MAX,
  HEADER_BYTES_MAX,
  REQUEST_MS_MAX,
  STALL_MS_MAX,
} from "./http-limits.ts";
import type { OriginAgents } from "./origin-agents.ts";

const CLOSED_EARLY = "the connection was closed before the end";

/** What the system says of a connection that the other side has closed. */
const CLOSED: ReadonlySet<string | null> = new Set(["ECONNRESET", "EPIPE"]);

export type ExchangePorts = { readonly clock: Clock; readonly agents: OriginAgents };

export type Question = {
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

/**
 * One request and its answer, watched until the connection is free again: whoever waits is told at
 * once when the signal aborts, the connection breaks, nothing comes for `STALL_MS_MAX` or it is not
 * done after `REQUEST_MS_MAX`. Rejects with a `PassingFault` or the signal's reason.
 */
export async function exchange(
  ports: ExchangePorts,
  url: URL,
  question: Question,
): Promise<Answer> {
  question.signal.throwIfAborted();
  const running = new HttpExchange(ports, url, question);
  const response = await running.response();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    receive: (into) => running.receive(response, into),
    discard: () => running.discard(response),
  };
}

class HttpExchange {
  readonly #clock: Clock;
  readonly #request: ClientRequest;
  readonly #signal: AbortSignal;
  readonly #cancelDeadline: CancelTimer;
  readonly #abort = (): void => this.#end(this.#signal.reason);
  #cancelStall: CancelTimer = () => {};
  /** Tells whoever waits that nothing more will come. */
  #tell: (error: unknown) => void = () => {};
  #isAnswered = false;
  #isEnded = false;

  constructor({ clock, agents }: ExchangePorts, url: URL, { method, headers, signal }: Question) {
    this.#clock = clock;
    this.#signal = signal;
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    this.#request = send(url, {
      method,
      agent: agents.agentFor(url),
      headers: {
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": `Seedfleet/${VERSION}`,
        ...headers,
      },
      maxHeaderSize: HEADER_BYTES_MAX,
    });
    const tooLong = `it took longer than ${REQUEST_MS_MAX / 1_000} s`;
    this.#cancelDeadline = clock.after(REQUEST_MS_MAX, () => this.#end(new PassingFault(tooLong)));
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** Resolves when the headers are there. */
  response(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      this.#tell = reject;
      this.#request.on("error", (cause) => this.#broken(cause));
      this.#request.once("close", () => this.#closed());
      // Until then it waits for its turn, and no origin is to blame.
      this.#request.once("socket", () => this.#watch());
      this.#request.once("response", (response) => {
        this.#isAnswered = true;
        this.#watch();
        response.on("error", (cause) => this.#broken(cause));
        resolve(response);
      });
      this.#request.end();
    });
  }

  receive(response: IncomingMessage, into: Uint8Array): Promise<Received> {
    return new Promise((resolve, reject) => {
      let bytes = 0;
      let isSettled = false;
      const settle = (fault: PassingFault | null): void => {
        isSettled = true;
        resolve({ bytes, fault });
      };
      this.#tell = (error) => {
        if (isSettled) return;
        // What may follow the last byte that was asked for is nobody's loss.
        if (error instanceof PassingFault) return settle(bytes === into.length ? null : error);
        isSettled = true;
        reject(error);
      };
      response.on("data", (chunk: Buffer) => {
        if (isSettled) return;
        if (bytes + chunk.length > into.length) {
          // An origin that cannot count: what it sent before is not to be trusted either.
          bytes = 0;
          return this.#end(new PassingFault("the origin sends more bytes than it was asked for"));
        }
        into.set(chunk, bytes);
        bytes += chunk.length;
        this.#watch();
      });
      response.once("end", () => {
        if (isSettled) return;
        const isWhole = bytes === into.length;
        settle(isWhole ? null : new PassingFault("the origin sends fewer bytes than it announced"));
      });
      if (this.#isEnded) this.#tell(new PassingFault(CLOSED_EARLY));
    });
  }

  /** The stall timer is not renewed, so what is long in coming is given up soon. */
  discard(response: IncomingMessage): void {
    const hasBody = this.#request.method !== "HEAD";
    let bytesLeft = DISCARDED_BYTES_MAX;
    const take = (bytes: number): void => {
      bytesLeft -= bytes;
      if (bytesLeft < 0) this.#end(new PassingFault("the answer was not wanted"));
    };
    response.on("data", (chunk: Buffer) => take(chunk.length));
    const isKnownTooLong = Number(response.headers["content-length"] ?? 0) > DISCARDED_BYTES_MAX;
    if (hasBody && isKnownTooLong) take(Number.POSITIVE_INFINITY);
  }

  #watch(): void {
    this.#cancelStall();
    this.#cancelStall = this.#clock.after(STALL_MS_MAX, () =>
      this.#end(new PassingFault(`nothing came for ${STALL_MS_MAX / 1_000} s`)),
    );
  }

  #broken(cause: Error): void {
    // The origin may have closed an idle connection just when we took it.
    const wasIdle = this.#request.reusedSocket && !this.#isAnswered;
    const isReset = CLOSED.has(errorCode(cause));
    this.#end(connectionFault(cause, wasIdle && isReset ? 0 : null));
  }

  /** The connection is free again, or gone. */
  #closed(): void {
    this.#end(new PassingFault(CLOSED_EARLY));
    this.#cancelStall();
    this.#cancelDeadline();
    this.#signal.removeEventListener("abort", this.#abort);
  }

  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    // First, so that nothing of what is still on its way is taken.
    this.#tell(error);
    this.#request.destroy();
  }
}
