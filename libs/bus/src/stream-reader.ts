import type { CancelTimer } from "@seedfleet/runtime";
import { aborted, streamBroken, timedOut } from "./errors.ts";
import {
  CANCEL_HEADER,
  CHUNK_HEADER,
  CREDIT_HEADER,
  countIn,
  END_HEADER,
  OPEN_HEADER,
} from "./headers.ts";
import type { InboxReader } from "./inbox.ts";
import { type AskerPorts, failureIn, type OutgoingRequest, sendRequest } from "./request.ts";
import type { BusMessage, Headers } from "./transport.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

export type OutgoingStreamRequest = OutgoingRequest & {
  readonly chunksInFlightMax: number;
  /** Told of all bytes of the chunks in their order, as soon as they are there. */
  readonly arriving: ((bytes: Uint8Array) => void) | null;
};

/** The payload of a chunk, and what gives its memory back. */
export type StreamChunk = Pick<BusMessage, "payload" | "done">;

/** Asks for a stream when iterated, and gives its chunks, in order, each once. */
export async function* requestStream(
  ports: AskerPorts,
  request: OutgoingStreamRequest,
): AsyncGenerator<StreamChunk, void, void> {
  const reader = new StreamReader(ports, request);
  try {
    reader.open();
    for (let chunk = await reader.take(); chunk !== null; chunk = await reader.take()) yield chunk;
  } finally {
    reader.close();
  }
}

/**
 * The asker's end of one stream. It never holds more than `chunksInFlightMax` chunks: the server
 * may send that many, and more only as they are taken. Silence counts while somebody waits for a
 * chunk; a consumer that is slow of itself is the server's to judge.
 */
class StreamReader implements InboxReader {
  readonly #ports: AskerPorts;
  readonly #request: OutgoingStreamRequest;
  readonly #chunks: StreamChunk[] = [];
  #replyTo: string | null = null;
  #server: string | null = null;
  #received = 0;
  /** Of the chunk that comes next: so much of it has been told. */
  #toldBytes = 0;
  #takenSinceCredit = 0;
  #ended = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(ports: AskerPorts, request: OutgoingStreamRequest) {
    this.#ports = ports;
    this.#request = request;
  }

  open(): void {
    const { signal, chunksInFlightMax } = this.#request;
    if (signal?.aborted) throw aborted(this.#request.subject, signal.reason);
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.#replyTo = this.#ports.inbox.open(this);
    const headers = { [CREDIT_HEADER]: String(chunksInFlightMax) };
    sendRequest(this.#ports, { ...this.#request, headers }, this.#replyTo);
  }

  /** The next chunk, or null after the last. Chunks at hand come before the end or a failure. */
  async take(): Promise<StreamChunk | null> {
    while (true) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#returnCredit();
        return chunk;
      }
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended) return null;
      await this.#message();
    }
  }

  /** Tells the server to stop, unless it has. Before the stream is open the inbox tells it. */
  close(): void {
    this.#request.signal?.removeEventListener("abort", this.#abort);
    if (this.#replyTo !== null) this.#ports.inbox.release(this.#replyTo);
    if (!this.#ended) this.#tellServer({ [CANCEL_HEADER]: "1" });
  }

  receive(message: BusMessage): void {
    if (this.#ended || this.#failure !== null) return;
    if (message.replyTo !== null) this.#server = message.replyTo;
    const failure = failureIn(message, this.#request.subject);
    if (failure !== null) {
      this.#ended = true;
      this.#failure = failure;
    } else if (message.headers[OPEN_HEADER] === undefined) {
      this.#accept(message);
    }
    this.#wake?.();
  }

  arriving(part: Uint8Array): void {
    if (this.#ended || this.#failure !== null) return;
    this.#toldBytes += part.length;
    this.#tell(part);
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  readonly #abort = (): void => {
    this.#chunks.length = 0;
    this.fail(aborted(this.#request.subject, this.#request.signal?.reason));
  };

  #accept(message: BusMessage): void {
    const { headers } = message;
    const { subject, chunksInFlightMax } = this.#request;
    const chunk = countIn(headers, CHUNK_HEADER) ?? Number.NaN;
    const unasked = this.#chunks.length >= chunksInFlightMax && headers[END_HEADER] === undefined;
    if (chunk !== this.#received || unasked) {
      this.#failure = streamBroken(subject, this.#received, chunk);
    } else if (headers[END_HEADER] !== undefined) {
      this.#ended = true;
    } else {
      this.#received += 1;
      this.#tell(message.payload.subarray(this.#toldBytes));
      this.#toldBytes = 0;
      this.#chunks.push(message);
    }
  }

  /** What is thrown is the stream's end, not that of the connection, whose turn this is. */
  #tell(bytes: Uint8Array): void {
    try {
      this.#request.arriving?.(bytes);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Credit goes back by the half window: seldom, yet before the server has to wait for it. */
  #returnCredit(): void {
    this.#takenSinceCredit += 1;
    if (this.#takenSinceCredit * 2 < this.#request.chunksInFlightMax) return;
    if (!this.#ended) this.#tellServer({ [CREDIT_HEADER]: String(this.#takenSinceCredit) });
    this.#takenSinceCredit = 0;
  }

  #tellServer(headers: Headers): void {
    const { transport } = this.#ports;
    if (this.#server === null || transport.status !== "connected") return;
    transport.publish(this.#server, NOTHING, { headers });
  }

  async #message(): Promise<void> {
    const { subject, timeoutMs } = this.#request;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const silent = (): void => this.fail(timedOut(subject, timeoutMs));
    const cancelTimer: CancelTimer = this.#ports.clock.after(timeoutMs, silent);
    await promise;
    cancelTimer();
    this.#wake = null;
  }
}
