import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { AddressBytes } from "../addresses/address-bytes.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { beginOk, endOk, type Persistence } from "./http-head.ts";
import {
  ANSWERS_PER_TURN_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  REFUSED_LINGER_MS,
  REQUESTS_PER_CONNECTION_MAX,
  SOCKET_IDLE_TIMEOUT_MS,
} from "./http-limits.ts";
import { LateAnswer } from "./late-answer.ts";
import { ProxiedStart } from "./proxied-start.ts";
import type { ReplyBytes } from "./reply-bytes.ts";
import { RequestParser, type RequestProblem } from "./request-parser.ts";
import { sendWholeScrape } from "./send-whole-scrape.ts";
import type { WholeScrape } from "./whole-scrape.ts";
import { writeNotFound, writeProblem, writeWrongMethod } from "./write-refusal.ts";

/** Replies to pipelined requests are written together until they are so many bytes. */
const FLUSH_BYTES = 16_384;

const NOTHING = new Uint8Array(0);

/**
 * - `asking`: reads requests and answers them.
 * - `awaiting`: another thread has the answer; nothing else is answered until it came.
 * - `blocked`: the client does not take its replies, or had so many that others get their turn, so
 *   no more is read of its requests.
 * - `leaving`: all is said; what still comes is dropped until the client is gone too.
 */
type State = "proxied" | "asking" | "awaiting" | "blocked" | "leaving";

/**
 * One connection: what comes is parsed, answered and written at once. It has no timer of its own:
 * the listener looks from time to time which deadlines have passed.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #parser: RequestParser;
  readonly #address = new AddressBytes();
  #state: State = "asking";
  #deadlineMs: number;
  #answered = 0;
  /** The client says no more. */
  #ended = false;
  #proxied: ProxiedStart | null = null;
  #wholeScrape: WholeScrape | null = null;

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#parser = new RequestParser(host);
    this.#deadlineMs = host.nowMs() + HEADERS_TIMEOUT_MS;
    // One that breaks is closed, which is told by its `close`.
    socket.on("error", () => {});
    // Gone already: there is nobody to answer, and nobody to remember.
    if (!this.#address.parse(socket.remoteAddress ?? "")) {
      this.#state = "leaving";
      socket.destroy();
      return;
    }
    if (host.proxies.has(this.#address)) {
      this.#state = "proxied";
      this.#proxied = new ProxiedStart();
    }
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.#receiveEnd());
    socket.once("close", () => this.#wholeScrape?.end());
  }

  /** Takes what the client said before there was a socket here. */
  begin(said: Buffer): void {
    this.#receive(said);
  }

  /** Sends what is left of its last reply, and ends it. */
  finish(unsent: Buffer): void {
    this.#state = "leaving";
    this.#deadlineMs = this.#host.nowMs() + SOCKET_IDLE_TIMEOUT_MS;
    this.#socket.end(unsent);
  }

  /** Ends it if it has been waited for long enough. */
  expire(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    const asks = this.#state === "proxied" || this.#state === "asking";
    if (asks && (this.#answered === 0 || this.#parser.hasPart)) {
      this.#host.handler.refused("timeout");
    }
    this.destroy();
  }

  /** Ends it if it has its answers and asks nothing; otherwise its next reply is the last. */
  drain(): void {
    const idle = this.#state === "asking" && this.#answered > 0 && !this.#parser.hasPart;
    if (idle) this.destroy();
  }

  destroy(): void {
    this.#state = "leaving";
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#state === "leaving") return;
    const rest = this.#state === "proxied" ? this.#behindProxyHeader(chunk) : chunk;
    if (rest === null) return;
    const began = this.#parser.hasPart;
    this.#parser.push(rest);
    if (this.#state === "asking") this.#answerAll(began);
    // It waits for one answer, and what else it asks does not pile up meanwhile.
    else if (this.#state === "awaiting") this.#socket.pause();
  }

  #receiveEnd(): void {
    this.#ended = true;
    if (this.#state !== "asking" && this.#state !== "proxied") return;
    if (this.#parser.hasPart) this.#refuse("malformed");
    else this.#leave();
  }

  /** What follows the header of the PROXY protocol; null until it is there, or if it is none. */
  #behindProxyHeader(chunk: Buffer): Buffer | null {
    const rest = this.#proxied?.push(chunk, this.#address) ?? null;
    if (rest === null) return null;
    if (rest === "broken") {
      this.#host.handler.refused("proxy-header");
      this.destroy();
      return null;
    }
    this.#proxied = null;
    this.#state = "asking";
    return rest.length === 0 ? null : rest;
  }

  /** Answers the requests that are complete, as many as is fair to other connections. */
  #answerAll(began: boolean): void {
    const { output } = this.#host;
    const nowMs = this.#host.nowMs();
    const answeredBefore = this.#answered;
    while (this.#state === "asking") {
      const outcome = this.#parser.next();
      if (outcome === null) break;
      if (outcome === true) this.#answer(nowMs);
      else this.#refuse(outcome);
      if (output.length >= FLUSH_BYTES) this.#flush();
      if (this.#answered - answeredBefore === ANSWERS_PER_TURN_MAX) break;
    }
    this.#flush();
    if (this.#state !== "asking") return;
    const answered = this.#answered - answeredBefore;
    if (answered === ANSWERS_PER_TURN_MAX && this.#parser.hasPart) return this.#giveWay();
    if (this.#ended) return this.#leave();
    // A request's time runs from its first byte, however many follow.
    if (!this.#parser.hasPart) {
      if (answered > 0) this.#deadlineMs = nowMs + KEEP_ALIVE_TIMEOUT_MS;
    } else if (answered > 0 || (this.#answered > 0 && !began)) {
      this.#deadlineMs = nowMs + HEADERS_TIMEOUT_MS;
    }
  }

  #answer(nowMs: number): void {
    const { handler, output } = this.#host;
    const parser = this.#parser;
    this.#answered += 1;
    if (!parser.isGet) {
      handler.refused("method");
      writeWrongMethod(output);
      return this.#leave();
    }
    const persistence = this.#persistence();
    const from = output.length;
    const bodyFrom = beginOk(persistence, output);
    const answer = handler.answer({ request: parser, address: this.#address, nowMs }, output);
    if (answer === "written") {
      endOk(bodyFrom, output);
    } else {
      output.length = from;
      if (answer instanceof LateAnswer) return this.#await(answer);
      assert(answer !== "handed-over", "not without a descriptor");
      if (answer !== null) return this.#stream(answer);
      handler.refused("not-found");
      writeNotFound(persistence, output);
    }
    if (persistence === "closes") this.#leave();
  }

  #await(late: LateAnswer): void {
    this.#state = "awaiting";
    this.#deadlineMs = this.#host.nowMs() + SOCKET_IDLE_TIMEOUT_MS;
    late.onReady = (write) => {
      if (this.#state === "awaiting" && !this.#socket.destroyed) this.#answerLate(write);
    };
  }

  #answerLate(write: (output: ReplyBytes) => void): void {
    const { output } = this.#host;
    const persistence = this.#persistence();
    const bodyFrom = beginOk(persistence, output);
    if (this.#socket.isPaused()) this.#socket.resume();
    write(output);
    endOk(bodyFrom, output);
    if (persistence === "closes") return this.#leave();
    this.#goOn();
  }

  #persistence(): Persistence {
    const { keepsAlive, isHttp11 } = this.#parser;
    const last = this.#host.draining || this.#answered >= REQUESTS_PER_CONNECTION_MAX;
    if (last || !keepsAlive) return "closes";
    return isHttp11 ? "kept" : "stays";
  }

  /** Answers what is not HTTP, or too much of it, and ends the connection. */
  #refuse(problem: RequestProblem): void {
    const { handler, output } = this.#host;
    handler.refused(problem);
    writeProblem(problem, output);
    this.#leave();
  }

  /** Hands the replies over. Whether the socket took them at once decides who has the buffer. */
  #flush(): void {
    const { output } = this.#host;
    if (output.length === 0) return;
    const socket = this.#socket;
    socket.write(output.bytes.subarray(0, output.length));
    if (socket.writableLength === 0) {
      output.length = 0;
      return;
    }
    output.letGo();
    if (this.#state !== "asking") return;
    this.#block();
    // Behind what is on its way, so it is done when that is. If that fails the client is gone, but
    // the socket is not destroyed yet.
    socket.write(NOTHING, (error) => {
      if (!error) this.#resume();
    });
  }

  /** Goes on when all others that wait had their turn. */
  #giveWay(): void {
    this.#block();
    setImmediate(() => this.#resume());
  }

  #block(): void {
    this.#state = "blocked";
    this.#deadlineMs = this.#host.nowMs() + SOCKET_IDLE_TIMEOUT_MS;
    this.#socket.pause();
  }

  #resume(): void {
    if (this.#state === "blocked" && !this.#socket.destroyed) this.#goOn();
  }

  #goOn(): void {
    this.#state = "asking";
    this.#deadlineMs = this.#host.nowMs() + KEEP_ALIVE_TIMEOUT_MS;
    this.#answerAll(false);
    if (this.#state === "asking" && this.#socket.isPaused()) this.#socket.resume();
  }

  /** Writes what there is and ends the connection. */
  #leave(): void {
    const socket = this.#socket;
    const parser = this.#parser;
    this.#flush();
    this.#state = "leaving";
    const saidAll = !parser.hasPart && !parser.hasBody;
    if (saidAll && socket.writableLength === 0) {
      // The kernel has the reply and nothing is unread, so this sends both: it and the end.
      socket.destroy();
      return;
    }
    // Destroyed at once, it would be reset, and the client might never see the answer.
    this.#deadlineMs = this.#host.nowMs() + REFUSED_LINGER_MS;
    socket.end();
  }

  /** Sends a reply of any length as the client takes it; until then nothing else is answered. */
  #stream(scrape: WholeScrape): void {
    this.#flush();
    this.#wholeScrape = scrape;
    this.#state = "blocked";
    sendWholeScrape(scrape, {
      socket: this.#socket,
      isHttp11: this.#parser.isHttp11,
      onSlice: () => {
        this.#deadlineMs = this.#host.nowMs() + SOCKET_IDLE_TIMEOUT_MS;
      },
      onSent: () => this.#leave(),
    });
  }
}
