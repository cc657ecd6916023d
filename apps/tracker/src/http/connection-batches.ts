import { Socket } from "node:net";
import { AddressBytes } from "../addresses/address-bytes.ts";
import type { HandedOver } from "../announces/elsewhere.ts";
import { bindSocket, SOCK_STREAM, type SocketPlace } from "../sockets/bind-socket.ts";
import { type LibcSockets, loadLibcSockets } from "../sockets/libc-sockets.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { ConnectionMemory } from "./connection-memory.ts";
import type { HeldConnection } from "./held-connection.ts";
import { beginOk, endOk } from "./http-head.ts";
import { ACCEPT_BACKLOG, ACCEPTS_PER_TURN_MAX, FIRST_READ_BYTES } from "./http-limits.ts";
import { LateAnswer } from "./late-answer.ts";
import { RequestParser } from "./request-parser.ts";
import { routeOf } from "./route.ts";
import { SilentConnections } from "./silent-connections.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** More follows: here the end of the connection, which then goes in the same packet. */
const MSG_MORE = 0x8000;
const SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE;

/** Who has the connections that are not done with at once. */
export type ConnectionKeeper = {
  /** False for one more than there may be. */
  hasRoom(): boolean;
  /** `said` came already. */
  keep(socket: Socket, said: Buffer | null): void;
  /** Of its last reply `unsent` is left. */
  keepUnsent(socket: Socket, unsent: Buffer): void;
  /** Keeps one that waits, until `release`. */
  hold(connection: HeldConnection): void;
  /** False if it was destroyed before. */
  release(connection: HeldConnection): boolean;
};

/**
 * A listening TCP socket whose connections are taken and answered one after the other without an
 * object for each: whoever sent a whole announce, and wants nothing else, is answered and gone
 * within three system calls that never wait. Who has said nothing yet is looked at again, for some
 * turns; all others go to Node.js, with what they said.
 */
export class ConnectionBatches {
  readonly #libc: LibcSockets;
  readonly #descriptor: number;
  readonly #host: ConnectionHost;
  readonly #keeper: ConnectionKeeper;
  readonly #memory: ConnectionMemory;
  readonly #address = new AddressBytes();
  #parser: RequestParser;
  readonly #silent: SilentConnections;

  private constructor(libc: LibcSockets, descriptor: number, ports: BatchesPorts) {
    this.#libc = libc;
    this.#descriptor = descriptor;
    this.#host = ports.host;
    this.#keeper = ports.keeper;
    this.#memory = new ConnectionMemory(FIRST_READ_BYTES, libc.pointerTo);
    this.#parser = new RequestParser(ports.host);
    this.#silent = new SilentConnections(libc.close);
  }

  /** Null where this machine cannot, or the place is not to be had: then Node.js says why. */
  static open(place: SocketPlace, ports: BatchesPorts): ConnectionBatches | null {
    const libc = loadLibcSockets();
    if (libc === null) return null;
    const descriptor = bindSocket(libc, SOCK_STREAM, place);
    if (descriptor === null) return null;
    if (libc.listen(descriptor, ACCEPT_BACKLOG) === 0) {
      return new ConnectionBatches(libc, descriptor, ports);
    }
    libc.close(descriptor);
    return null;
  }

  /** Another descriptor of the socket, for Node.js to listen at and close; −1 if none is left. */
  duplicate(): number {
    return this.#libc.dup(this.#descriptor);
  }

  /**
   * Takes the connections that wait, as many as is fair to everything else; how many. `comesAgain`
   * says that this is called again in a millisecond: who has said nothing yet is looked at then, as
   * most are about to.
   */
  takeWaiting(comesAgain = false): number {
    const memory = this.#memory;
    const nowMs = this.#host.nowMs();
    this.#hearSilent(nowMs, comesAgain);
    for (let taken = 0; taken < ACCEPTS_PER_TURN_MAX; taken += 1) {
      memory.clearName();
      const descriptor = this.#libc.accept(this.#descriptor, memory.nameAt, memory.nameLengthAt);
      // Nobody waits, or there are no descriptors left.
      if (descriptor < 0) return taken;
      this.#take(descriptor, { nowMs, comesAgain });
    }
    return ACCEPTS_PER_TURN_MAX;
  }

  /** Answers an announce whose connection another thread took, and ends it. */
  answerHandedOver(announce: HandedOver): void {
    const { handler, output } = this.#host;
    const bodyFrom = beginOk("closes", output);
    handler.answerHandedOver(announce, output);
    endOk(bodyFrom, output);
    this.#send(announce.descriptor);
  }

  /** Gives those that have said nothing yet to Node.js: nobody looks at them any more. */
  giveAway(): void {
    this.#hearSilent(this.#host.nowMs(), false);
  }

  /** Once: the descriptor may be somebody else's then. */
  close(): void {
    this.#libc.close(this.#descriptor);
  }

  #take(descriptor: number, turn: { readonly nowMs: number; readonly comesAgain: boolean }): void {
    const libc = this.#libc;
    if (!this.#keeper.hasRoom()) {
      this.#host.handler.refused("connections-full");
      libc.close(descriptor);
      return;
    }
    const said = libc.recvmsg(descriptor, this.#memory.receiving, MSG_DONTWAIT);
    if (said < 0 && turn.comesAgain) this.#await(descriptor);
    else this.#hear(descriptor, said, turn.nowMs);
  }

  #await(descriptor: number): void {
    this.#keeper.hold(this.#silent.add(descriptor, this.#memory.name));
  }

  /** Those that still say nothing are waited for, but not for long: then they are Node.js's. */
  #hearSilent(nowMs: number, comesAgain: boolean): void {
    this.#silent.look((silent) => {
      const { descriptor, name } = silent;
      const said = this.#libc.recvmsg(descriptor, this.#memory.receiving, MSG_DONTWAIT);
      if (said < 0 && comesAgain && silent.stays()) return true;
      this.#memory.name.set(name);
      this.#keeper.release(silent);
      this.#hear(descriptor, said, nowMs);
      return false;
    });
  }

  /** One that has said so many bytes, which lie in memory, or none. */
  #hear(descriptor: number, said: number, nowMs: number): void {
    const { read } = this.#memory;
    if (said > 0 && this.#isAnnounce(said)) {
      this.#answer(descriptor, nowMs);
      return;
    }
    const socket = this.#socketOf(descriptor);
    // Of its own, since the next one's request is read to the same place.
    const bytes = said > 0 ? Buffer.from(read.subarray(0, said)) : null;
    if (socket !== null) this.#keeper.keep(socket, bytes);
  }

  /** Whether this is one whole announce that ends its connection, and nobody's but the asker's. */
  #isAnnounce(said: number): boolean {
    const { read, name, addressAt, addressBytes } = this.#memory;
    this.#address.copy(name, addressAt, addressBytes);
    // Where there was no room left there may be more.
    if (said === FIRST_READ_BYTES || this.#host.proxies.has(this.#address)) return false;
    const parser = this.#parser;
    parser.push(read, said);
    const isWhole = parser.next() === true && !parser.hasPart;
    // What is left in it is of this connection.
    if (!isWhole) this.#parser = new RequestParser(this.#host);
    const { isGet, keepsAlive, hasBody } = parser;
    return isWhole && isGet && !keepsAlive && !hasBody && routeOf(parser) === "announce";
  }

  #answer(descriptor: number, nowMs: number): void {
    const { handler, output } = this.#host;
    const bodyFrom = beginOk("closes", output);
    const question = { request: this.#parser, address: this.#address, nowMs, descriptor };
    // An announce is always answered in writing, if not at once.
    const answer = handler.answer(question, output);
    if (answer === "handed-over") {
      output.length = 0;
      return;
    }
    if (answer instanceof LateAnswer) {
      output.length = 0;
      this.#answerLate(descriptor, answer);
      return;
    }
    endOk(bodyFrom, output);
    this.#send(descriptor);
  }

  #answerLate(descriptor: number, late: LateAnswer): void {
    const held = { destroy: () => void this.#libc.close(descriptor) };
    this.#keeper.hold(held);
    late.onReady = (write) => {
      if (!this.#keeper.release(held)) return;
      const { output } = this.#host;
      const bodyFrom = beginOk("closes", output);
      write(output);
      endOk(bodyFrom, output);
      this.#send(descriptor);
    };
  }

  /** Sends what was written, and ends the connection. */
  #send(descriptor: number): void {
    const { output } = this.#host;
    const { length } = output;
    output.length = 0;
    const memory = this.#memory;
    memory.setReply(output.bytes, length);
    const sent = this.#libc.sendmsg(descriptor, memory.sending, SEND_FLAGS);
    if (sent === length) {
      // The kernel has the reply and nothing is unread, so this sends both: it and the end.
      this.#libc.close(descriptor);
      return;
    }
    const unsent = Buffer.from(output.bytes.subarray(Math.max(sent, 0), length));
    const socket = this.#socketOf(descriptor);
    if (socket !== null) this.#keeper.keepUnsent(socket, unsent);
  }

  /** Node.js has the descriptor then, and sees to it that it does not block. */
  #socketOf(fd: number): Socket | null {
    this.#libc.closeOnExec(fd);
    try {
      return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    } catch {
      this.#libc.close(fd);
      return null;
    }
  }
}

export type BatchesPorts = { readonly host: ConnectionHost; readonly keeper: ConnectionKeeper };
