import { randomBytes } from "node:crypto";
import { CANCEL_HEADER } from "./headers.ts";
import type { BusMessage, BusTransport } from "./transport.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** Whoever waits for messages to one token. */
export type InboxReader = {
  receive(message: BusMessage): void;
  /** A part of the payload of the message that is received next. */
  arriving?(part: Uint8Array): void;
  /** The bus closes: nothing will come any more. */
  fail(error: Error): void;
};

/**
 * Where one bus gets its answers: a single wildcard subscription for its whole life, and a token
 * per request, so that a call costs the server of the bus no SUB and UNSUB.
 *
 * A message that wants an answer but finds no reader is a chunk of a stream whose asker has gone
 * (also one that gave up before the stream was open): its sender is told to stop.
 */
export class Inbox {
  readonly #transport: BusTransport;
  readonly #prefix: string;
  readonly #readers = new Map<string, InboxReader>();
  #tokensGiven = 0;

  constructor(transport: BusTransport) {
    this.#transport = transport;
    // Several buses may share a transport, and then must not read each other's answers.
    this.#prefix = `${transport.inbox}.${randomBytes(9).toString("base64url")}.`;
    const arriving = (subject: string, part: Uint8Array): void =>
      this.#readerOf(subject)?.arriving?.(part);
    transport.subscribe(`${this.#prefix}*`, { arriving }, (message) => this.#dispatch(message));
  }

  /** The subject on which `reader` is answered until `release` is called with it. */
  open(reader: InboxReader): string {
    const token = (this.#tokensGiven++).toString(36);
    this.#readers.set(token, reader);
    return this.#prefix + token;
  }

  release(replyTo: string): void {
    this.#readers.delete(replyTo.slice(this.#prefix.length));
  }

  failAll(error: Error): void {
    const readers = [...this.#readers.values()];
    this.#readers.clear();
    for (const reader of readers) reader.fail(error);
  }

  #readerOf(subject: string): InboxReader | undefined {
    return this.#readers.get(subject.slice(this.#prefix.length));
  }

  #dispatch(message: BusMessage): void {
    const reader = this.#readerOf(message.subject);
    if (reader !== undefined) {
      reader.receive(message);
    } else if (message.replyTo !== null && this.#transport.status === "connected") {
      this.#transport.publish(message.replyTo, NOTHING, { headers: { [CANCEL_HEADER]: "1" } });
    }
  }
}
