import { dlopen, getInt32, getRawPointer } from "node:ffi";
import { BenchError } from "../bench-error.ts";

/**
 * The system calls of the load, straight to glibc: one call sends or takes many packets, and what
 * the load costs by itself stays below what any tracker costs. Linux on 64-bit machines only.
 */
const { functions: libc } = dlopen("libc.so.6", {
  socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
  setsockopt: { arguments: ["i32", "i32", "i32", "pointer", "u32"], return: "i32" },
  bind: { arguments: ["i32", "pointer", "u32"], return: "i32" },
  connect: { arguments: ["i32", "pointer", "u32"], return: "i32" },
  send: { arguments: ["i32", "pointer", "u64", "i32"], return: "i64" },
  recv: { arguments: ["i32", "pointer", "u64", "i32"], return: "i64" },
  sendmmsg: { arguments: ["i32", "pointer", "u32", "i32"], return: "i32" },
  recvmmsg: { arguments: ["i32", "pointer", "u32", "i32", "pointer"], return: "i32" },
  poll: { arguments: ["pointer", "u64", "i32"], return: "i32" },
  close: { arguments: ["i32"], return: "i32" },
  sched_yield: { arguments: [], return: "i32" },
  __errno_location: { arguments: [], return: "pointer" },
});

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IPPROTO_IP = 0;
const IP_BIND_ADDRESS_NO_PORT = 24;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Enough for every answer to what a socket may have outstanding. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

const EAGAIN = 11;
const EINPROGRESS = 115;

const SOCKADDR_BYTES = 16;

const errnoAt = libc.__errno_location();

/** Bytes that stay where they are, and where that is. */
export type PinnedBytes = { readonly bytes: Uint8Array<ArrayBuffer>; readonly pointer: bigint };

export function pinned(bytes: Uint8Array<ArrayBuffer>): PinnedBytes {
  return { bytes, pointer: getRawPointer(bytes.buffer) + BigInt(bytes.byteOffset) };
}

export type SocketAddress = { readonly address: string; readonly port: number };

export type SocketEnds = {
  /** Its own address, on a port that the system chooses. */
  readonly from: PinnedBytes;
  readonly to: PinnedBytes;
};

/** A `sockaddr_in`. Throws for what is no IPv4 address. */
export function socketAddress({ address, port }: SocketAddress): PinnedBytes {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) {
    throw new BenchError(`"${address}" is no IPv4 address`);
  }
  const bytes = new Uint8Array(SOCKADDR_BYTES);
  new Uint16Array(bytes.buffer)[0] = AF_INET;
  bytes.set([port >> 8, port & 0xff, ...parts], 2);
  return pinned(bytes);
}

/** A UDP socket that hears and speaks to one address only; calls on it never wait. */
export function openUdp({ from, to }: SocketEnds): number {
  const socket = libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (socket < 0) throw failure("open a socket");
  setOption(socket, { level: SOL_SOCKET, name: SO_RCVBUF, value: RECEIVE_BUFFER_BYTES });
  bindTo(socket, from);
  if (libc.connect(socket, to.pointer, SOCKADDR_BYTES) < 0) throw failure("connect a UDP socket");
  return socket;
}

/** A TCP socket that is connecting; calls on it never wait. */
export function openTcp({ from, to }: SocketEnds): number {
  const socket = libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (socket < 0) throw failure("open a socket");
  // The port is then chosen by the whole connection, so that an address never runs out of them.
  setOption(socket, { level: IPPROTO_IP, name: IP_BIND_ADDRESS_NO_PORT, value: 1 });
  setOption(socket, { level: IPPROTO_TCP, name: TCP_NODELAY, value: 1 });
  bindTo(socket, from);
  if (libc.connect(socket, to.pointer, SOCKADDR_BYTES) < 0 && errno() !== EINPROGRESS) {
    throw failure("connect");
  }
  return socket;
}

function bindTo(socket: number, from: PinnedBytes): void {
  if (libc.bind(socket, from.pointer, SOCKADDR_BYTES) < 0) throw failure("bind a socket");
}

type SocketOption = { readonly level: number; readonly name: number; readonly value: number };

const optionValue = new Int32Array(1);
const optionPointer = getRawPointer(optionValue.buffer);

function setOption(socket: number, { level, name, value }: SocketOption): void {
  optionValue[0] = value;
  if (libc.setsockopt(socket, level, name, optionPointer, 4) < 0) throw failure("set an option");
}

export function closeSocket(socket: number): void {
  libc.close(socket);
}

/** What the socket took; -1 when it takes nothing now. */
export function sendBytes(socket: number, pointer: bigint, length: number): number {
  const sent = Number(libc.send(socket, pointer, BigInt(length), MSG_DONTWAIT | MSG_NOSIGNAL));
  if (sent < 0 && errno() !== EAGAIN) throw failure("send");
  return sent;
}

/** How many bytes came: 0 is the end, -1 when there are none now. */
export function receiveBytes(socket: number, pointer: bigint, length: number): number {
  const received = Number(libc.recv(socket, pointer, BigInt(length), MSG_DONTWAIT));
  if (received < 0 && errno() !== EAGAIN) throw failure("receive");
  return received;
}

/** How many of the messages (`struct mmsghdr`) the socket took. */
export function sendMessages(socket: number, messages: bigint, count: number): number {
  const sent = libc.sendmmsg(socket, messages, count, MSG_DONTWAIT);
  if (sent < 0 && errno() !== EAGAIN) throw failure("send packets");
  return Math.max(0, sent);
}

/** How many messages were filled. */
export function receiveMessages(socket: number, messages: bigint, count: number): number {
  const received = libc.recvmmsg(socket, messages, count, MSG_DONTWAIT, 0n);
  if (received < 0 && errno() !== EAGAIN) throw failure("receive packets");
  return Math.max(0, received);
}

/** How many sockets of the array (`struct pollfd`) have something to tell, within the time. */
export function pollSockets(sockets: bigint, count: bigint, timeoutMs: number): number {
  return libc.poll(sockets, count, timeoutMs);
}

/** Lets others run who share the core. */
export function yieldCore(): void {
  libc.sched_yield();
}

function errno(): number {
  return getInt32(errnoAt);
}

function failure(action: string): BenchError {
  return new BenchError(`cannot ${action}: errno ${errno()}`);
}
