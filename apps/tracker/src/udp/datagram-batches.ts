import type { Clock } from "@seedfleet/runtime";
import { bindSocket, SOCK_DGRAM, type SocketPlace } from "../sockets/bind-socket.ts";
import { type LibcSockets, loadLibcSockets } from "../sockets/libc-sockets.ts";
import { type DatagramAnswers, SILENCE } from "./answer-udp.ts";
import { DatagramMemory } from "./datagram-memory.ts";
import { CALLS_PER_TURN_MAX, DATAGRAMS_PER_CALL_MAX } from "./udp-limits.ts";

const MSG_DONTWAIT = 0x40;

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
  static open(place: SocketPlace): DatagramBatches | null {
    const libc = loadLibcSockets();
    if (libc === null) return null;
    const descriptor = bindSocket(libc, SOCK_DGRAM, place);
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
