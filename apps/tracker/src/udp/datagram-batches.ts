import assert from "node:assert/strict";
import { ipAddressBytes, parseIpAddress } from "@seedfleet/bytes";
import type { Clock } from "@seedfleet/runtime";
import { type DatagramAnswers, SILENCE } from "./answer-udp.ts";
import { DatagramMemory } from "./datagram-memory.ts";
import { type LibcSockets, loadLibcSockets } from "./libc-sockets.ts";
import { CALLS_PER_TURN_MAX, DATAGRAMS_PER_CALL_MAX } from "./udp-limits.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const MSG_DONTWAIT = 0x40;

/** Where a socket is bound; the address as text. */
export type BatchesPlace = {
  readonly address: string;
  readonly port: number;
  readonly reusePort: boolean;
};

/**
 * A UDP socket whose datagrams are taken and answered 64 at a time by `recvmmsg` and `sendmmsg`.
 * Its descriptor goes to `dgram`, which waits, takes the first datagram of a burst and closes it in
 * the end; the rest of the burst is taken here. A call of either function never waits.
 */
export class DatagramBatches {
  readonly descriptor: number;
  readonly #libc: LibcSockets;
  readonly #memory: DatagramMemory;
  #stopped = false;

  private constructor(libc: LibcSockets, descriptor: number) {
    this.descriptor = descriptor;
    this.#libc = libc;
    this.#memory = new DatagramMemory(DATAGRAMS_PER_CALL_MAX, libc.pointerTo);
  }

  /** Null where this machine cannot, or the place is not to be had: then `dgram` says why. */
  static open(place: BatchesPlace): DatagramBatches | null {
    const libc = loadLibcSockets();
    const address = parseIpAddress(place.address.split("%", 1)[0] ?? "");
    // A link-local address needs its zone, which is for `dgram` to look up.
    if (libc === null || address === null || place.address.includes("%")) return null;
    const descriptor = openSocket(libc, { ...place, bytes: ipAddressBytes(address) });
    return descriptor === null ? null : new DatagramBatches(libc, descriptor);
  }

  /** Answers what is there already, as much as is fair to everything else in this thread. */
  answerWaiting(answers: DatagramAnswers, clock: Clock): void {
    for (let call = 0; call < CALLS_PER_TURN_MAX && !this.#stopped; call += 1) {
      const { receiving } = this.#memory;
      const most = DATAGRAMS_PER_CALL_MAX;
      const count = this.#libc.recvmmsg(this.descriptor, receiving, most, MSG_DONTWAIT, 0n);
      // Nothing is there, or the socket is broken, which `dgram` finds out as well.
      if (count <= 0) return;
      const lost = this.#send(this.#answer(answers, count, clock.nowMs()));
      answers.counts.silences["not-sent"] += lost;
      if (count < DATAGRAMS_PER_CALL_MAX) return;
    }
  }

  /** From now on the descriptor is not touched; `dgram` closes it. */
  stop(): void {
    this.#stopped = true;
  }

  /** Closes what `dgram` did not take over. */
  abandon(): void {
    this.#stopped = true;
    this.#libc.close(this.descriptor);
  }

  /** How many of the answers there are to send. */
  #answer(answers: DatagramAnswers, count: number, nowMs: number): number {
    const memory = this.#memory;
    let replies = 0;
    for (let index = 0; index < count; index += 1) {
      const length = answers.answer(memory.received(index), memory.replyAt(replies), nowMs);
      memory.release(index);
      if (length === SILENCE) continue;
      memory.reply(replies, index, length);
      replies += 1;
    }
    return replies;
  }

  /** How many could not be sent. The kernel stops at one that it cannot send; others may go. */
  #send(replies: number): number {
    let [next, failed] = [0, 0];
    while (next < replies) {
      const from = this.#memory.sendingFrom(next);
      const sent = this.#libc.sendmmsg(this.descriptor, from, replies - next, MSG_DONTWAIT);
      if (sent > 0) {
        next += sent;
      } else {
        next += 1;
        failed += 1;
      }
    }
    return failed;
  }
}

function openSocket(
  libc: LibcSockets,
  place: BatchesPlace & { readonly bytes: Uint8Array },
): number | null {
  const { bytes, port, reusePort } = place;
  assert(bytes.length === 4 || bytes.length === 16);
  const family = bytes.length === 4 ? AF_INET : AF_INET6;
  const descriptor = libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return null;
  const name = socketAddress(family, bytes, port);
  const both = { descriptor, level: IPPROTO_IPV6, option: IPV6_V6ONLY };
  const shared = { descriptor, level: SOL_SOCKET, option: SO_REUSEPORT };
  const done =
    (family === AF_INET || libc.setOption(both, Uint8Array.of(0, 0, 0, 0), 4) === 0) &&
    (!reusePort || libc.setOption(shared, Uint8Array.of(1, 0, 0, 0), 4) === 0) &&
    libc.bind(descriptor, name, name.length) === 0;
  if (done) return descriptor;
  libc.close(descriptor);
  return null;
}

/** `sockaddr_in` or `sockaddr_in6`. */
function socketAddress(family: number, address: Uint8Array, port: number): Uint8Array {
  const name = new Uint8Array(family === AF_INET ? 16 : 28);
  const view = new DataView(name.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  name.set(address, family === AF_INET ? 4 : 8);
  return name;
}
