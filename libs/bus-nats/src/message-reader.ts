import type { ArrivingPayload } from "@seedfleet/bus";
import type { MemoryPool } from "@seedfleet/bytes";

/** What is read at a time: it stays in the cache of one core for who is told of it. */
const READ_BYTES: number = 128 * 1024;

/** The server itself takes no longer line than 4 KiB from anybody. */
export const CONTROL_LINE_BYTES_MAX: number = 64 * 1024;

/** The most that a server may be set up to take, as the client has it too. */
export const MESSAGE_BYTES_MAX: number = 64 * 1024 * 1024;

/** Less than that, and another read costs more than copying it out of what was read. */
const READ_IN_PLACE_BYTES_MIN: number = 16 * 1024;

/** Shorter messages are memory of their own, which the garbage collector has at once. */
const POOLED_BYTES_MIN: number = 64 * 1024;

/** Less than that is not told before there is more. */
const ARRIVED_BYTES_MIN: number = 64 * 1024;

const NEWLINE = 0x0a;
const LINE_END_BYTES = 2;

export type ReceivedMessage = {
  readonly subject: string;
  readonly replyTo: string | null;
  /** The block of headers as it is on the wire; empty if there are none. */
  readonly headerBytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly done?: () => void;
};

/** Who takes the messages of a subscription. */
export type MessageTaker = {
  readonly handle: (message: ReceivedMessage) => void;
  readonly arriving: ArrivingPayload | undefined;
};

export type MessageReaderPorts = {
  readonly takerOf: (sid: number) => MessageTaker | undefined;
  /** Everything else, in memory of its own, in order. */
  readonly forward: (bytes: Uint8Array) => void;
  readonly pool: MemoryPool;
};

type MessageLine = {
  readonly subject: string;
  readonly sid: number;
  readonly replyTo: string | null;
  readonly headerBytes: number;
  readonly totalBytes: number;
};

type OpenMessage = {
  readonly line: MessageLine;
  readonly taker: MessageTaker;
  /** The whole message with its line end. */
  readonly memory: Uint8Array;
  readonly isPooled: boolean;
  filledBytes: number;
  /** So far its taker was told of what has come. */
  toldBytes: number;
};

/**
 * Takes the messages of some subscriptions out of what a NATS server sends, and forwards the rest.
 * The payload of a long message is read to where it stays, so nothing is copied and nothing grows.
 *
 * Whoever reads the socket puts bytes into `room()` and says so with `received()`, in turn.
 */
export class MessageReader {
  readonly #ports: MessageReaderPorts;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** The begin of a line whose end has not come; it lies at the begin of the buffer. */
  #heldBytes = 0;
  #message: OpenMessage | null = null;
  /** Of a message that somebody else gets. */
  #forwardBytes = 0;
  #isForwardingLine = false;

  constructor(ports: MessageReaderPorts) {
    this.#ports = ports;
  }

  /** Where the next bytes belong. */
  room(): Uint8Array {
    const message = this.#message;
    return message !== null && isReadInPlace(message)
      ? message.memory.subarray(message.filledBytes, message.filledBytes + READ_BYTES)
      : this.#buffer.subarray(this.#heldBytes);
  }

  /** So many bytes were put into the room. False if they are no NATS: it is of no use then. */
  received(byteLength: number): boolean {
    const message = this.#message;
    if (message === null || !isReadInPlace(message)) {
      return this.#read(this.#buffer.subarray(0, this.#heldBytes + byteLength));
    }
    message.filledBytes += byteLength;
    this.#tellOrDeliver(message);
    return true;
  }

  #read(bytes: Buffer): boolean {
    this.#heldBytes = 0;
    /** From here to where we are, all is to be forwarded. */
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#message !== null) {
        at += this.#fill(this.#message, bytes.subarray(at));
        from = at;
        continue;
      }
      if (this.#forwardBytes > 0) {
        const taken = Math.min(this.#forwardBytes, bytes.length - at);
        this.#forwardBytes -= taken;
        at += taken;
        continue;
      }
      const newline = bytes.indexOf(NEWLINE, at);
      const lineEnd = newline === -1 ? bytes.length : newline + 1;
      if (this.#isForwardingLine || !isMessageLine(bytes, at)) {
        this.#isForwardingLine = newline === -1;
        at = lineEnd;
        continue;
      }
      if (newline === -1) return this.#hold(bytes, from, at);
      const line = parseLine(bytes.toString("utf8", at, newline));
      if (line === null) return false;
      if (!this.#begin(line)) this.#forwardBytes = line.totalBytes + LINE_END_BYTES;
      else this.#forward(bytes.subarray(from, at));
      at = lineEnd;
      if (this.#message !== null) from = at;
    }
    this.#forward(bytes.subarray(from, at));
    return true;
  }

  #forward(bytes: Buffer): void {
    // What was read is written over by the next read.
    if (bytes.length > 0) this.#ports.forward(Uint8Array.from(bytes));
  }

  #hold(bytes: Buffer, from: number, at: number): boolean {
    this.#forward(bytes.subarray(from, at));
    this.#buffer.copyWithin(0, at, bytes.length);
    this.#heldBytes = bytes.length - at;
    return this.#heldBytes < CONTROL_LINE_BYTES_MAX;
  }

  /** False if nobody here takes the message. */
  #begin(line: MessageLine): boolean {
    const taker = this.#ports.takerOf(line.sid);
    if (taker === undefined) return false;
    const memoryBytes = line.totalBytes + LINE_END_BYTES;
    const isPooled = memoryBytes >= POOLED_BYTES_MIN;
    const memory = isPooled ? this.#ports.pool.take(memoryBytes) : Buffer.allocUnsafe(memoryBytes);
    const toldBytes = line.headerBytes;
    this.#message = { line, taker, memory, isPooled, filledBytes: 0, toldBytes };
    return true;
  }

  #fill(message: OpenMessage, bytes: Buffer): number {
    const { memory, filledBytes } = message;
    const taken = Math.min(bytes.length, memory.length - filledBytes);
    bytes.copy(memory, filledBytes, 0, taken);
    message.filledBytes += taken;
    this.#tellOrDeliver(message);
    return taken;
  }

  #tellOrDeliver(message: OpenMessage): void {
    if (message.filledBytes < message.memory.length) tellArrived(message);
    else this.#deliver(message);
  }

  #deliver({ line, taker, memory, isPooled }: OpenMessage): void {
    this.#message = null;
    const { subject, replyTo, headerBytes, totalBytes } = line;
    const message = {
      ...{ subject, replyTo },
      headerBytes: memory.subarray(0, headerBytes),
      payload: memory.subarray(headerBytes, totalBytes),
    };
    taker.handle(isPooled ? { ...message, done: () => this.#ports.pool.give(memory) } : message);
  }
}

function tellArrived(message: OpenMessage): void {
  const { line, taker, memory, toldBytes } = message;
  const end = Math.min(message.filledBytes, line.totalBytes);
  if (taker.arriving === undefined || end - toldBytes < ARRIVED_BYTES_MIN) return;
  message.toldBytes = end;
  taker.arriving(line.subject, memory.subarray(toldBytes, end));
}

function isReadInPlace({ memory, filledBytes }: OpenMessage): boolean {
  return memory.length - filledBytes >= READ_IN_PLACE_BYTES_MIN;
}

/** `MSG` and `HMSG` begin like nothing else that a server says. */
function isMessageLine(bytes: Uint8Array, at: number): boolean {
  const letter = (bytes[at] ?? 0) & ~0x20;
  return letter === 0x4d || letter === 0x48;
}

/** `MSG subject sid [reply] bytes` or `HMSG subject sid [reply] header-bytes bytes`. */
function parseLine(text: string): MessageLine | null {
  const [kind = "", subject, sid, ...rest] = text.trimEnd().split(/[ \t]+/);
  const counts = kind.length === "HMSG".length ? 2 : 1;
  const [headerBytes, totalBytes] = [counts === 2 ? rest.at(-2) : "0", rest.at(-1)].map(count);
  const replyTo = rest.length > counts ? (rest[0] ?? null) : null;
  const subscription = count(sid);
  if (!/^H?MSG$/i.test(kind) || subject === undefined || subscription === null) return null;
  if (rest.length < counts || rest.length > counts + 1) return null;
  if (headerBytes == null || totalBytes == null) return null;
  if (headerBytes > totalBytes || totalBytes > MESSAGE_BYTES_MAX) return null;
  return { subject, sid: subscription, replyTo, headerBytes, totalBytes };
}

function count(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
