import type { Clock } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type {
  Bus,
  CallOptions,
  ServeOptions,
  ServeStreamOptions,
  StreamHandler,
  StreamOptions,
} from "./bus.ts";
import { BusWorkers } from "./bus-workers.ts";
import {
  type BusEvent,
  type Call,
  type Params,
  paramsOf,
  patternFor,
  type StreamCall,
  subjectFor,
} from "./definitions.ts";
import { closed } from "./errors.ts";
import { Faults } from "./faults.ts";
import { Inbox } from "./inbox.ts";
import { decodeOrThrow, encode, encodeEvent } from "./payload.ts";
import { type AskerPorts, requestReply } from "./request.ts";
import { Running } from "./running.ts";
import {
  type IncomingRequest,
  type ServerPorts,
  serveCall,
  serveEvent,
  serveStream,
} from "./serving.ts";
import type { KeyValue, ObjectStore } from "./stores.ts";
import { requestStream } from "./stream-reader.ts";
import type { BusMessage, BusStatus, BusTransport, Subscription } from "./transport.ts";
import { watchSafely } from "./watch-safely.ts";
import type { WorkQueue } from "./work-queue.ts";

/** How long closing waits for handlers; a process has its own, longer deadline to exit. */
const CLOSE_TIMEOUT_MS = 5_000;

export type BusPorts = { readonly clock: Clock; readonly telemetry: Telemetry };

/**
 * Builds the typed bus on an adapter: schemas on both sides, traces in headers, calls and streams
 * answered through one inbox. Closing the bus closes the transport.
 */
export function createBus(transport: BusTransport, ports: BusPorts): Bus {
  return new TransportBus(transport, ports);
}

type Definition<S extends string> = { readonly subject: S };

class TransportBus implements Bus {
  readonly #asker: AskerPorts;
  readonly #server: ServerPorts;
  readonly #running = new Running();
  readonly #workers: BusWorkers;
  readonly #served = new Set<Subscription>();
  /** How the memory of chunks that were given is given back. */
  readonly #chunksOut = new WeakMap<Uint8Array, () => void>();
  #closing: Promise<void> | null = null;

  constructor(transport: BusTransport, { clock, telemetry }: BusPorts) {
    const inbox = new Inbox(transport);
    this.#asker = { transport, inbox, clock, tracer: telemetry.tracer };
    this.#server = { ...this.#asker, faults: new Faults(clock, telemetry) };
    this.#workers = new BusWorkers(this.#server.faults);
    transport.onStatus((status) => {
      if (status === "closed") inbox.failAll(closed());
    });
  }

  get payloadBytesMax(): number {
    return this.#asker.transport.payloadBytesMax;
  }

  get status(): BusStatus {
    return this.#asker.transport.status;
  }

  onStatus(listener: (status: BusStatus) => void): void {
    this.#asker.transport.onStatus(listener);
  }

  publish<S extends string, P>(event: BusEvent<S, P>, params: Params<S>, payload: P): void {
    const { transport, tracer } = this.#asker;
    const subject = subjectFor(event.subject, params);
    const bytes = encodeEvent(event, payload);
    if (transport.status === "disconnected")
      this.#server.faults.dropped("disconnected", event.subject);
    else transport.publish(subject, bytes, { headers: tracer.inject() });
  }

  subscribe<S extends string, P>(
    event: BusEvent<S, P>,
    options: ServeOptions<S>,
    handle: (payload: P, params: Params<S>) => void | Promise<void>,
  ): Subscription {
    return this.#serve(event, options, (request) =>
      serveEvent(this.#server, event, { ...request, handle }),
    );
  }

  async call<S extends string, Q, R>(
    call: Call<S, Q, R>,
    params: Params<S>,
    request: Q,
    options: CallOptions = {},
  ): Promise<R> {
    const reply = await requestReply(this.#asker, {
      subject: subjectFor(call.subject, params),
      payload: encode(call.request, call.subject, request),
      timeoutMs: options.timeoutMs ?? call.timeoutMs,
      signal: options.signal ?? null,
    });
    return decodeOrThrow(call.reply, call.subject, reply.payload);
  }

  serve<S extends string, Q, R>(
    call: Call<S, Q, R>,
    options: ServeOptions<S>,
    handle: (request: Q, params: Params<S>) => R | Promise<R>,
  ): Subscription {
    return this.#serve(call, options, (request) =>
      serveCall(this.#server, call, { ...request, handle }),
    );
  }

  async *stream<S extends string, Q, C>(
    call: StreamCall<S, Q, C>,
    params: Params<S>,
    request: Q,
    options: StreamOptions<Q> = {},
  ): AsyncGenerator<C, void, void> {
    const { chunk: schema, chunksInFlightMax } = call;
    const payloads = requestStream(this.#asker, {
      subject: subjectFor(call.subject, params),
      payload: encode(call.request, call.subject, request),
      timeoutMs: options.timeoutMs ?? call.timeoutMs,
      signal: options.signal ?? null,
      chunksInFlightMax,
      landing: options.landing ?? null,
      arriving: options.arriving ?? null,
    });
    for await (const { payload, done } of payloads) {
      if (done !== undefined) this.#chunksOut.set(payload, done);
      // A definition of a stream of bytes has `Uint8Array` for its chunk.
      if (schema === "bytes") yield payload as C;
      else yield decodeOrThrow(schema, call.subject, payload);
    }
  }

  serveStream<S extends string, Q, C>(
    call: StreamCall<S, Q, C>,
    options: ServeStreamOptions<S>,
    handle: StreamHandler<S, Q, C>,
  ): Subscription {
    const { sent } = options;
    return this.#serve(call, options, (request) =>
      serveStream(this.#server, call, { ...request, handle, sent }),
    );
  }

  recycle(chunk: Uint8Array): void {
    const done = this.#chunksOut.get(chunk);
    this.#chunksOut.delete(chunk);
    done?.();
  }

  async keyValue(bucket: string): Promise<KeyValue> {
    const store = await this.#asker.transport.keyValue(bucket);
    return watchSafely(store, (error) => this.#server.faults.handlerFailed(bucket, error));
  }

  objectStore(bucket: string): Promise<ObjectStore> {
    return this.#asker.transport.objectStore(bucket);
  }

  async workQueue(name: string): Promise<WorkQueue> {
    return this.#workers.watched(name, await this.#asker.transport.workQueue(name));
  }

  flush(): Promise<void> {
    return this.#asker.transport.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#drainAndClose();
    return this.#closing;
  }

  /** Handlers finish first, and may still call others; only then do our own callers fail. */
  async #drainAndClose(): Promise<void> {
    for (const subscription of this.#served) subscription.unsubscribe();
    this.#served.clear();
    this.#running.add(this.#workers.stop());
    await this.#running.settle(this.#asker.clock, CLOSE_TIMEOUT_MS);
    this.#asker.inbox.failAll(closed());
    await this.#asker.transport.close();
  }

  #serve<S extends string>(
    definition: Definition<S>,
    { params, queue }: ServeOptions<S>,
    serve: (request: IncomingRequest<S>) => Promise<void>,
  ): Subscription {
    if (this.#closing !== null) throw closed();
    const pattern = patternFor(definition.subject, params ?? {});
    const receive = (message: BusMessage): void => {
      const found = paramsOf(definition.subject, message.subject);
      if (found === null) this.#server.faults.dropped("malformed", definition.subject);
      else this.#running.add(serve({ message, params: found }));
    };
    const options = queue === undefined ? {} : { queue };
    const inner = this.#asker.transport.subscribe(pattern, options, receive);
    const subscription = {
      unsubscribe: (): void => {
        inner.unsubscribe();
        this.#served.delete(subscription);
      },
    };
    this.#served.add(subscription);
    return subscription;
  }
}
