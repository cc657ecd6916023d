import { Socket } from "node:net";
import { AddressBytes } from "../addresses/address-bytes.ts";
import {
  AF_INET6,
  bindSocket,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  type SocketPlace,
} from "../sockets/bind-socket.ts";
import { type LibcSockets, loadLibcSockets } from "../sockets/libc-sockets.ts";
import type { ConnectionHost } from "./http-connection.ts";
import { beginOk, endOk } from "./http-head.ts";
import { ACCEPT_BACKLOG, ACCEPTS_PER_TURN_MAX, FIRST_READ_BYTES } from "./http-limits.ts";
import { RequestParser } from "./request-parser.ts";
import { routeOf } from "./route.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** `struct sockaddr_in6`, the longest of both, and where in it and in the shorter one. */
const NAME_BYTES_MAX = 28;
const NAME_IPV4_AT = 4;
const NAME_IPV6_AT = 8;

/** In our memory: how long the name is, the name, then what was read. */
const NAME_AT = 8;
const READ_AT = 64;

/** Who has the connections that are not done with at once. */
export type ConnectionKeeper = {
  /** False for one more than there may be. */
  hasRoom(): boolean;
  /** `said` came already. */
  keep(socket: Socket, said: Buffer | null): void;
  /** Of its last reply `unsent` is left. */
  keepUnsent(socket: Socket, unsent: Buffer): void;
};

/**
 * A listening TCP socket whose connections are taken and answered one after the other without an
 * object for each: whoever sent a whole announce, and wants nothing else, is answered and gone
 * within three system calls that never wait. All others go to Node.js, with what they said.
 */
export class ConnectionBatches {
  readonly #libc: LibcSockets;
  readonly #descriptor: number;
  readonly #host: ConnectionHost;
  readonly #keeper: ConnectionKeeper;
  readonly #memory = new ArrayBuffer(READ_AT + FIRST_READ_BYTES);
  readonly #nameBytes = new Uint32Array(this.#memory, 0, 1);
  readonly #name = new Uint8Array(this.#memory, NAME_AT, NAME_BYTES_MAX);
  readonly #read = Buffer.from(this.#memory, READ_AT, FIRST_READ_BYTES);
  /** Pointers into the memory. */
  readonly #nameBytesAt: bigint;
  readonly #nameAt: bigint;
  readonly #readAt: bigint;
  readonly #address = new AddressBytes();
  #parser: RequestParser;
  #output: Buffer | null = null;
  #outputAt = 0n;
  /** Lengths as the C library is told them. */
  readonly #lengths: (bigint | undefined)[] = [];

  private constructor(libc: LibcSockets, descriptor: number, ports: BatchesPorts) {
    this.#libc = libc;
    this.#descriptor = descriptor;
    this.#host = ports.host;
    this.#keeper = ports.keeper;
    this.#nameBytesAt = libc.pointerTo(this.#nameBytes);
    this.#nameAt = libc.pointerTo(this.#name);
    this.#readAt = libc.pointerTo(this.#read);
    this.#parser = new RequestParser(ports.host);
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

  /** Takes the connections that wait, as many as is fair to everything else; how many. */
  takeWaiting(): number {
    for (let taken = 0; taken < ACCEPTS_PER_TURN_MAX; taken += 1) {
      this.#nameBytes[0] = NAME_BYTES_MAX;
      const name = this.#nameAt;
      const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
      const descriptor = this.#libc.accept4(this.#descriptor, name, this.#nameBytesAt, flags);
      // Nobody waits, or there are no descriptors left.
      if (descriptor < 0) return taken;
      this.#take(descriptor);
    }
    return ACCEPTS_PER_TURN_MAX;
  }

  /** Once: the descriptor may be somebody else's then. */
  close(): void {
    this.#libc.close(this.#descriptor);
  }

  #take(descriptor: number): void {
    const libc = this.#libc;
    if (!this.#keeper.hasRoom()) {
      this.#host.handler.refused("connections-full");
      libc.close(descriptor);
      return;
    }
    const count = libc.recv(
      descriptor,
      this.#readAt,
      this.#lengthOf(FIRST_READ_BYTES),
      MSG_DONTWAIT,
    );
    const said = count > 0 ? this.#read.subarray(0, count) : null;
    if (said === null || !this.#isAnnounce(said)) {
      const socket = this.#socketOf(descriptor);
      // Of its own, since the next one's request is read to the same place.
      if (socket !== null) this.#keeper.keep(socket, said === null ? null : Buffer.from(said));
      return;
    }
    this.#answer(descriptor);
  }

  /** Whether this is one whole announce that ends its connection, and nobody's but the asker's. */
  #isAnnounce(said: Buffer): boolean {
    const isIpv6 = this.#name[0] === AF_INET6;
    this.#address.copy(this.#name, isIpv6 ? NAME_IPV6_AT : NAME_IPV4_AT, isIpv6 ? 16 : 4);
    // Where there was no room left there may be more.
    if (said.length === FIRST_READ_BYTES || this.#host.proxies.has(this.#address)) return false;
    const parser = this.#parser;
    parser.push(said);
    const isWhole = parser.next() === true && !parser.hasPart;
    // What is left in it is of this connection.
    if (!isWhole) this.#parser = new RequestParser(this.#host);
    const { isGet, keepsAlive, hasBody } = parser;
    return isWhole && isGet && !keepsAlive && !hasBody && routeOf(parser) === "announce";
  }

  #answer(descriptor: number): void {
    const { handler, output, nowMs } = this.#host;
    const bodyFrom = beginOk("closes", output);
    const question = { request: this.#parser, address: this.#address, nowMs: nowMs() };
    // An announce is always answered in writing.
    handler.answer(question, output);
    endOk(bodyFrom, output);
    const { length } = output;
    output.length = 0;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const at = this.#pointerTo(output.bytes);
    const sent = this.#libc.send(descriptor, at, this.#lengthOf(length), flags);
    if (sent === length) {
      // The kernel has the reply and nothing is unread, so this sends both: it and the end.
      this.#libc.close(descriptor);
      return;
    }
    const unsent = Buffer.from(output.bytes.subarray(Math.max(sent, 0), length));
    const socket = this.#socketOf(descriptor);
    if (socket !== null) this.#keeper.keepUnsent(socket, unsent);
  }

  /** Node.js has the descriptor then. */
  #socketOf(fd: number): Socket | null {
    try {
      return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    } catch {
      this.#libc.close(fd);
      return null;
    }
  }

  #pointerTo(output: Buffer): bigint {
    if (output !== this.#output) {
      this.#output = output;
      this.#outputAt = this.#libc.pointerTo(output);
    }
    return this.#outputAt;
  }

  #lengthOf(bytes: number): bigint {
    this.#lengths[bytes] ??= BigInt(bytes);
    return this.#lengths[bytes];
  }
}

export type BatchesPorts = { readonly host: ConnectionHost; readonly keeper: ConnectionKeeper };
