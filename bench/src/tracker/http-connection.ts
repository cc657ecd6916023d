import { BenchError } from "../bench-error.ts";
import { checkAnswer, type LoadParts } from "./announce-load.ts";
import { HttpReply } from "./http-reply.ts";
import type { AnnounceRequests } from "./http-requests.ts";
import {
  closeSocket,
  openTcp,
  type PinnedBytes,
  pinned,
  receiveBytes,
  type SocketEnds,
  sendBytes,
} from "./libc.ts";
import { POLL_IN, POLL_OUT, type SocketPoll } from "./socket-poll.ts";

const REQUEST_BYTES_MAX = 1_024;
const REPLY_BYTES_MAX = 8_192;
const LOST_AFTER_MS = 5_000;

const NO_SOCKET = -1;

export type HttpConnectionOptions = SocketEnds & {
  /** Which of the sources it is (from 0), and of all runs. */
  readonly source: number;
  readonly serial: number;
  /** Its place among the sockets that are looked at. */
  readonly place: number;
  readonly poll: SocketPoll;
  readonly requests: AnnounceRequests;
  readonly keepAlive: boolean;
};

/** A client that announces by HTTP, one after the other, on one connection or on one for each. */
export class HttpConnection implements Disposable {
  readonly #options: HttpConnectionOptions;
  readonly #parts: LoadParts;
  readonly #request: PinnedBytes = pinned(new Uint8Array(REQUEST_BYTES_MAX));
  readonly #received: PinnedBytes = pinned(new Uint8Array(REPLY_BYTES_MAX));
  readonly #reply = new HttpReply();
  #socket = NO_SOCKET;
  #requestBytes = 0;
  #sentBytes = 0;
  #receivedBytes = 0;
  #swarm = 0;
  #knownAtLeast = 0;
  #dueMs = 0;
  #sentMs = 0;
  /** Whether it waits for an answer. */
  busy = false;

  constructor(options: HttpConnectionOptions, parts: LoadParts) {
    this.#options = options;
    this.#parts = parts;
  }

  send(nowMs: number): void {
    const { source, serial, requests } = this.#options;
    const { peers, pace } = this.#parts;
    peers.next(source);
    this.#swarm = peers.swarm;
    this.#knownAtLeast = peers.answered(peers.swarm);
    this.#dueMs = pace.take(nowMs);
    this.#sentMs = nowMs;
    const bytes = requests.write(peers.swarm, { source: serial, port: peers.port });
    // A copy of its own, since the swarm's next announce may be made before this one has gone.
    this.#request.bytes.set(bytes);
    this.#requestBytes = bytes.length;
    this.#sentBytes = 0;
    this.#receivedBytes = 0;
    this.busy = true;
    if (this.#socket === NO_SOCKET) this.#open();
    else this.#push();
  }

  /** It speaks when it is told that the connection is there, as clients do. */
  #open(): void {
    const { poll, place } = this.#options;
    this.#socket = openTcp(this.#options);
    this.#parts.tally.opened += 1;
    poll.watch(place, this.#socket, POLL_OUT);
  }

  /** Sends what is left of the request, as much as the socket takes. */
  #push(): void {
    const { poll, place } = this.#options;
    const left = this.#requestBytes - this.#sentBytes;
    const pointer = this.#request.pointer + BigInt(this.#sentBytes);
    this.#sentBytes += Math.max(0, sendBytes(this.#socket, pointer, left));
    const done = this.#sentBytes === this.#requestBytes;
    poll.watch(place, this.#socket, done ? POLL_IN : POLL_IN | POLL_OUT);
  }

  /** Does what the socket is ready for. */
  ready(nowMs: number): void {
    if (this.#sentBytes < this.#requestBytes) return this.#push();
    const pointer = this.#received.pointer + BigInt(this.#receivedBytes);
    const received = receiveBytes(this.#socket, pointer, REPLY_BYTES_MAX - this.#receivedBytes);
    if (received < 0) return;
    if (received === 0 && !this.busy) return this.#close();
    if (received === 0 && this.#options.keepAlive) {
      throw new BenchError("the tracker closed a connection that was to be kept");
    }
    this.#receivedBytes += received;
    this.#reply.read(this.#received.bytes, this.#receivedBytes, received === 0);
    if (this.#reply.kind === "incomplete") return;
    if (this.#reply.kind !== "announced" || this.#reply.length !== this.#receivedBytes) {
      throw this.#refusal();
    }
    this.#answer(nowMs);
    // One that is kept ends too, after as many answers as its tracker gives on one.
    if (received === 0 || this.#reply.closes || !this.#options.keepAlive) this.#close();
  }

  #answer(nowMs: number): void {
    const { leechers, from, to } = this.#reply;
    const { bytes } = this.#received;
    const answer = { swarm: this.#swarm, leechers, bytes, from, to };
    checkAnswer({ ...answer, knownAtLeast: this.#knownAtLeast }, this.#parts);
    this.#parts.tally.latency.add(nowMs - this.#dueMs);
    this.busy = false;
  }

  #refusal(): BenchError {
    const text = Buffer.from(this.#received.bytes.subarray(0, this.#receivedBytes));
    const { kind } = this.#reply;
    return new BenchError(
      `an answer by HTTP is ${kind}: ${JSON.stringify(text.toString("latin1"))}`,
    );
  }

  /** Gives up what has had no answer for long. */
  expire(nowMs: number): void {
    if (!this.busy || nowMs - this.#sentMs <= LOST_AFTER_MS) return;
    this.#parts.tally.lost += 1;
    this.busy = false;
    this.#close();
  }

  #close(): void {
    this.#options.poll.clear(this.#options.place);
    closeSocket(this.#socket);
    this.#socket = NO_SOCKET;
  }

  [Symbol.dispose](): void {
    if (this.#socket !== NO_SOCKET) this.#close();
  }
}
