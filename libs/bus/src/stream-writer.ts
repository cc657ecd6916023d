import type { Clock } from "@seedfleet/runtime";
import { CHUNKS_IN_FLIGHT_LIMIT } from "./definitions.ts";
import { timedOut } from "./errors.ts";
import {
  CANCEL_HEADER,
  CHUNK_HEADER,
  CREDIT_HEADER,
  countIn,
  END_HEADER,
  failureReply,
  OPEN_HEADER,
} from "./headers.ts";
import type { Inbox, InboxReader } from "./inbox.ts";
import type { BusMessage, BusTransport, Headers, PublishOptions } from "./transport.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** One for all streams: each ends so, and a reason of its own would take its stack every time. */
const UNWANTED: DOMException = new DOMException("Nobody wants more of the stream", "AbortError");

type WriterPorts = {
  readonly transport: BusTransport;
  readonly inbox: Inbox;
  readonly clock: Clock;
};

/** Where the chunks go, and under which rules. */
export type StreamTarget = {
  readonly subject: string;
  readonly replyTo: string;
  /** How many chunks the asker takes before it gives more credit. */
  readonly credit: number;
  /** How long to wait for credit before the asker counts as gone. */
  readonly timeoutMs: number;
  /** Told of a chunk when nobody reads it any more. */
  readonly sent: ((chunk: Uint8Array) => void) | undefined;
};

/**
 * The server's end of one stream. It asks its source for a chunk only when it may send it, so the
 * source never runs ahead of the asker by more than the credit given.
 */
export class StreamWriter implements InboxReader {
  readonly #ports: WriterPorts;
  readonly #target: StreamTarget;
  readonly #abort = new AbortController();
  readonly #replyTo: string;
  #credit: number;
  #sent = 0;
  #wake: (() => void) | null = null;

  constructor(ports: WriterPorts, target: StreamTarget) {
    this.#ports = ports;
    this.#target = target;
    this.#credit = Math.min(target.credit, CHUNKS_IN_FLIGHT_LIMIT);
    this.#replyTo = ports.inbox.open(this);
    this.#send(NOTHING, { headers: { [OPEN_HEADER]: "1" } });
  }

  /** Aborts when nobody wants the rest. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Sends what the source gives until it ends or nobody wants more; rethrows what it throws. */
  async writeAll(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    if (!(await this.#mayProduce())) return;
    for await (const chunk of chunks) {
      if (this.signal.aborted) return;
      this.#sendChunk(chunk);
      this.#sent += 1;
      this.#credit -= 1;
      if (!(await this.#mayProduce())) return;
    }
    if (!this.signal.aborted) this.#finish(NOTHING, { [END_HEADER]: "1" });
  }

  writeFailure(error: unknown): void {
    const { headers, payload } = failureReply(error);
    this.#finish(payload, headers);
  }

  close(): void {
    this.#ports.inbox.release(this.#replyTo);
    // Whatever the source still holds on to by the signal, it may let go.
    this.#abort.abort(UNWANTED);
  }

  receive(message: BusMessage): void {
    const { headers, noResponders } = message;
    if (noResponders || headers[CANCEL_HEADER] !== undefined) this.fail();
    const credit = this.#credit + (countIn(headers, CREDIT_HEADER) ?? 0);
    this.#credit = Math.min(credit, CHUNKS_IN_FLIGHT_LIMIT);
    this.#wake?.();
  }

  fail(): void {
    this.#abort.abort(UNWANTED);
    this.#wake?.();
  }

  async #mayProduce(): Promise<boolean> {
    while (this.#credit === 0 && !this.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const cancelTimer = this.#ports.clock.after(this.#target.timeoutMs, () => this.#giveUp());
      await promise;
      cancelTimer();
      this.#wake = null;
    }
    return !this.signal.aborted;
  }

  #giveUp(): void {
    this.writeFailure(timedOut(this.#target.subject, this.#target.timeoutMs));
    this.fail();
  }

  #finish(payload: Uint8Array, headers: Headers): void {
    const { transport } = this.#ports;
    if (transport.status !== "connected") return;
    const all = { ...headers, [CHUNK_HEADER]: String(this.#sent) };
    transport.publish(this.#target.replyTo, payload, { headers: all });
  }

  #sendChunk(chunk: Uint8Array): void {
    const { sent } = this.#target;
    const headers = { [CHUNK_HEADER]: String(this.#sent) };
    this.#send(chunk, sent === undefined ? { headers } : { headers, sent: () => sent(chunk) });
  }

  #send(payload: Uint8Array, options: PublishOptions): void {
    const { transport } = this.#ports;
    // A chunk dropped while disconnected is a gap the asker must see; there is no use in going on.
    if (transport.status !== "connected") this.fail();
    else transport.publish(this.#target.replyTo, payload, { ...options, replyTo: this.#replyTo });
  }
}
