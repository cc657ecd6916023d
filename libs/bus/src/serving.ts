import type { StreamHandler } from "./bus.ts";
import type { BusEvent, Call, Params, Schema, StreamCall } from "./definitions.ts";
import { invalidPayload } from "./errors.ts";
import type { Faults } from "./faults.ts";
import { CREDIT_HEADER, countIn, failureReply } from "./headers.ts";
import type { Landing } from "./landing.ts";
import { decode, decodeEvent, encode } from "./payload.ts";
import type { AskerPorts } from "./request.ts";
import { StreamWriter } from "./stream-writer.ts";
import type { BusMessage, Headers } from "./transport.ts";

export type ServerPorts = AskerPorts & { readonly faults: Faults };

/** A message that came to a subscription, with the parameters of its subject. */
export type IncomingRequest<S extends string> = {
  readonly message: BusMessage;
  readonly params: Params<S>;
};

type WithHandler<S extends string, Handle> = IncomingRequest<S> & { readonly handle: Handle };

type WithStreamHandler<S extends string, Q, C> = WithHandler<S, StreamHandler<S, Q, C>> & {
  /** Told of a chunk of bytes when nobody reads it any more. */
  readonly sent: ((chunk: Uint8Array) => void) | undefined;
};

/** Gives one event to its handler. Never rejects: an event has nobody to tell. */
export async function serveEvent<S extends string, P>(
  { tracer, faults }: ServerPorts,
  event: BusEvent<S, P>,
  {
    message,
    params,
    handle,
  }: WithHandler<S, (payload: P, params: Params<S>) => void | Promise<void>>,
): Promise<void> {
  const decoded = decodeEvent(event, message.payload);
  if (decoded.issues !== undefined) {
    return faults.dropped("invalid-payload", event.subject, decoded.issues);
  }
  try {
    await tracer.extract(message.headers, () => handle(decoded.value, params));
  } catch (error) {
    faults.handlerFailed(event.subject, error);
  }
}

/** Answers one call, with the reply or with how it failed. Never rejects. */
export async function serveCall<S extends string, Q, R>(
  ports: ServerPorts,
  call: Call<S, Q, R>,
  { message, params, handle }: WithHandler<S, (request: Q, params: Params<S>) => R | Promise<R>>,
): Promise<void> {
  const { replyTo, headers } = message;
  if (replyTo === null) {
    ports.faults.dropped("malformed", call.subject);
    return;
  }
  const asked = decode(call.request, message.payload);
  if (asked.issues !== undefined) return refuse(ports, call, { replyTo, issues: asked.issues });
  try {
    const reply = await ports.tracer.extract(headers, () => handle(asked.value, params));
    send(ports, replyTo, { payload: encode(call.reply, call.subject, reply), headers: {} });
  } catch (error) {
    ports.faults.handlerFailed(call.subject, error);
    send(ports, replyTo, failureReply(error));
  }
}

/** Answers one request for a stream. Never rejects. */
export async function serveStream<S extends string, Q, C>(
  ports: ServerPorts,
  call: StreamCall<S, Q, C>,
  { message, params, handle, sent }: WithStreamHandler<S, Q, C>,
): Promise<void> {
  const { replyTo, headers } = message;
  const credit = countIn(headers, CREDIT_HEADER);
  if (replyTo === null || credit === null || credit === 0) {
    return ports.faults.dropped("malformed", call.subject);
  }
  const asked = decode(call.request, message.payload);
  if (asked.issues !== undefined) return refuse(ports, call, { replyTo, issues: asked.issues });
  const { subject, timeoutMs } = call;
  const writer = new StreamWriter(ports, { subject, timeoutMs, replyTo, credit, sent });
  // Whoever asks by this call has made it for requests of this call.
  const landing = (message.landing ?? null) as Landing<Q> | null;
  try {
    await ports.tracer.extract(headers, () =>
      writer.writeAll(encodeAll(call, () => handle(asked.value, params, writer.signal, landing))),
    );
  } catch (error) {
    // A handler that throws because its signal told it to stop has not failed.
    if (!writer.signal.aborted) {
      ports.faults.handlerFailed(call.subject, error);
      writer.writeFailure(error);
    }
  } finally {
    writer.close();
  }
}

async function* encodeAll<C>(
  { chunk: schema, subject }: { readonly chunk: Schema<C> | "bytes"; readonly subject: string },
  start: () => AsyncIterable<C> | Iterable<C>,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of start()) {
    if (schema !== "bytes") yield encode(schema, subject, chunk);
    else if (chunk instanceof Uint8Array) yield chunk;
    else throw invalidPayload(subject, ["it is not bytes"]);
  }
}

function refuse(
  ports: ServerPorts,
  { subject }: { readonly subject: string },
  { replyTo, issues }: { readonly replyTo: string; readonly issues: readonly string[] },
): void {
  ports.faults.dropped("invalid-payload", subject, issues);
  send(ports, replyTo, failureReply(invalidPayload(subject, issues)));
}

/** An answer that cannot be sent is as one that was lost: its caller times out. */
function send(
  { transport, faults }: ServerPorts,
  replyTo: string,
  { payload, headers }: { readonly payload: Uint8Array; readonly headers: Headers },
): void {
  // A reply subject is new each time, and would make a label without bounds.
  if (transport.status !== "connected") faults.dropped("disconnected", "reply");
  else transport.publish(replyTo, payload, { headers });
}
