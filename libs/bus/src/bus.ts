import type { BusEvent, Call, Params, StreamCall } from "./definitions.ts";
import type { Landing } from "./landing.ts";
import type { KeyValue, ObjectStore } from "./stores.ts";
import type { BusStatus, Subscription } from "./transport.ts";
import type { WorkQueue } from "./work-queue.ts";

export type CallOptions = {
  /** Instead of the definition's own. */
  readonly timeoutMs?: number;
  /** Gives up waiting; a stream's server is told and stops. */
  readonly signal?: AbortSignal;
};

export type StreamOptions<Request = never> = CallOptions & {
  /**
   * Of a stream of bytes: where its server may put them all. If it is filled when the stream has
   * ended, the chunks, if there were any, had no bytes.
   */
  readonly landing?: Landing<Request>;
  /**
   * Of a stream of bytes: told of all of them in their order as soon as they are there, often while
   * the rest of their chunk has yet to come. They are in the processor's cache then, as they will
   * not be by the time that the chunk is given. Of a stream that fails it may be told too much.
   */
  readonly arriving?: (bytes: Uint8Array) => void;
};

export type ServeOptions<Subject extends string> = {
  /** Only the subject with these parameters; without it, every one. */
  readonly params?: Partial<Params<Subject>>;
  /** Of the servers that name one queue, one is asked. */
  readonly queue?: string;
};

export type ServeStreamOptions<Subject extends string> = ServeOptions<Subject> & {
  /**
   * Of a stream of bytes: told of a chunk, as the handler gave it, when nobody reads it any more.
   * Once for each time it was given at most, and perhaps never.
   */
  readonly sent?: (chunk: Uint8Array) => void;
};

/** Gives the chunks of one stream. `landing`: where its asker would have the bytes; or null. */
export type StreamHandler<Subject extends string, Request, Chunk> = (
  request: Request,
  params: Params<Subject>,
  signal: AbortSignal,
  landing: Landing<Request> | null,
) => AsyncIterable<Chunk> | Iterable<Chunk>;

/**
 * The one way services talk. Every subject is a definition in `libs/contracts`: payloads are
 * checked against its schema on both sides, and the current trace travels in the headers.
 *
 * Failures are `SeedfleetError`s with the codes of `errors.ts`: a call rejects with
 * `bus-no-responders` at once when nobody serves it, `bus-disconnected` at once while the bus is
 * away, `bus-timeout` when the answer stays away, `bus-remote` (with the handler's own code) when
 * the handler failed. An event is dropped, and counted, while the bus is away. What a handler
 * throws is logged and never ends the process.
 */
export interface Bus {
  readonly payloadBytesMax: number;
  readonly status: BusStatus;
  onStatus(listener: (status: BusStatus) => void): void;

  publish<S extends string, P>(event: BusEvent<S, P>, params: Params<S>, payload: P): void;
  subscribe<S extends string, P>(
    event: BusEvent<S, P>,
    options: ServeOptions<S>,
    handle: (payload: P, params: Params<S>) => void | Promise<void>,
  ): Subscription;

  call<S extends string, Q, R>(
    call: Call<S, Q, R>,
    params: Params<S>,
    request: Q,
    options?: CallOptions,
  ): Promise<R>;
  serve<S extends string, Q, R>(
    call: Call<S, Q, R>,
    options: ServeOptions<S>,
    handle: (request: Q, params: Params<S>) => R | Promise<R>,
  ): Subscription;

  /**
   * Chunks in order, each once; rejects with `bus-stream-broken` if one was lost. It asks when it
   * is iterated, and leaving the loop tells the server to stop.
   */
  stream<S extends string, Q, C>(
    call: StreamCall<S, Q, C>,
    params: Params<S>,
    request: Q,
    options?: StreamOptions<Q>,
  ): AsyncIterable<C>;
  /**
   * `signal` aborts when the asker gives up or falls silent. The next chunk is asked for only when
   * it may be sent, so a handler that reads as it yields holds no more than one chunk.
   */
  serveStream<S extends string, Q, C>(
    call: StreamCall<S, Q, C>,
    options: ServeStreamOptions<S>,
    handle: StreamHandler<S, Q, C>,
  ): Subscription;
  /**
   * Gives back the memory of a chunk that a stream of bytes gave, which must not be read any more.
   * A favour that spares the garbage collector megabytes; it is ignored of anything else.
   */
  recycle(chunk: Uint8Array): void;

  keyValue(bucket: string): Promise<KeyValue>;
  objectStore(bucket: string): Promise<ObjectStore>;
  workQueue(name: string): Promise<WorkQueue>;
  flush(): Promise<void>;
  /**
   * Serves nothing new, stops its workers, lets handlers finish, fails what still waits, closes the
   * transport.
   */
  close(): Promise<void>;
}
