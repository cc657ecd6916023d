import type { Clock } from "@seedfleet/runtime";
import { bindSocket, SOCK_DGRAM, type SocketPlace } from "../sockets/bind-socket.ts";
import { type LibcSockets, loadLibcSockets } from "../sockets/libc-sockets.ts";
import type { SwarmShares } from "../threads/swarm-owners.ts";
import type { Datagram, DatagramAnswers } from "./answer-udp.ts";
import { DatagramMemory, type SourcePort } from "./datagram-memory.ts";
import { DatagramWait } from "./datagram-wait.ts";
import { steerDatagrams, steeringProgram } from "./steering-program.ts";
import { LATER, SILENCE } from "./udp-counts.ts";
import { DATAGRAMS_PER_BURST_MAX, DATAGRAMS_PER_CALL_MAX } from "./udp-limits.ts";

const MSG_DONTWAIT = 0x40;

export type FirstDatagram = Datagram & { readonly from: SourcePort };

/** The slot behind those of a call: for the datagram that `dgram` took. */
const FIRST = DATAGRAMS_PER_CALL_MAX;

/**
 * A UDP socket whose datagrams are taken and answered 64 at a time by `recvmmsg` and `sendmmsg`.
 * Its descriptor goes to `dgram`, which waits, takes the first datagram of a burst and closes it in
 * the end; the rest of the burst is taken here, and the first answered with it. A call of either
 * function never waits; `DatagramWait` does.
 */
export class DatagramBatches {
  readonly descriptor: number;
  readonly #libc: LibcSockets;
  readonly #memory: DatagramMemory;
  readonly #wait: DatagramWait;
  #stopped = false;

  private constructor(libc: LibcSockets, descriptor: number) {
    this.descriptor = descriptor;
    this.#libc = libc;
    this.#memory = new DatagramMemory(FIRST + 1, libc.pointerTo);
    this.#wait = new DatagramWait(libc, descriptor);
  }

  /** Null where this machine cannot, or the place is not to be had: then `dgram` says why. */
  static open(place: SocketPlace, shares: SwarmShares | null = null): DatagramBatches | null {
    const libc = loadLibcSockets();
    if (libc === null) return null;
    const descriptor = bindSocket(libc, SOCK_DGRAM, place);
    if (descriptor === null) return null;
    // Where the kernel cannot, it goes by addresses, and threads ask each other.
    if (shares !== null) steerDatagrams(libc, descriptor, steeringProgram(shares));
    return new DatagramBatches(libc, descriptor);
  }

  /**
   * Answers a datagram that `dgram` took, unless it is null, and what is there already or comes in
   * a moment, as much as is fair to everything else in this thread.
   */
  answerBurst(first: FirstDatagram | null, answers: DatagramAnswers, clock: Clock): void {
    const { receiving } = this.#memory;
    let replies = first === null ? 0 : this.#answerFirst(first, answers, clock.nowMs());
    for (let taken = 0; taken < DATAGRAMS_PER_BURST_MAX && !this.#stopped; ) {
      const most = DATAGRAMS_PER_CALL_MAX;
      const count = this.#libc.recvmmsg(this.descriptor, receiving, most, MSG_DONTWAIT, 0n);
      if (count > 0) {
        const nowMs = clock.nowMs();
        this.#wait.taken(nowMs);
        replies = this.#answer(answers, { count, replies, nowMs });
        taken += count;
      }
      answers.counts.silences["not-sent"] += this.#send(replies);
      replies = 0;
      // Nothing is there, or the socket is broken, which `dgram` finds out as well.
      if (count <= 0 && !this.#wait.forNext()) break;
    }
    answers.counts.silences["not-sent"] += this.#send(replies);
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

  /** How many answers there are to send now: one, or none. */
  #answerFirst(first: FirstDatagram, answers: DatagramAnswers, nowMs: number): number {
    const memory = this.#memory;
    const length = answers.answer(first, memory.replyAt(0), nowMs);
    if (length === SILENCE) return 0;
    memory.setSource(FIRST, first, first.from);
    if (length === LATER) {
      this.#answerLater(answers, FIRST);
      return 0;
    }
    memory.reply(0, FIRST, length);
    return 1;
  }

  /** Answers what came, behind the `replies` there are; how many answers there are to send then. */
  #answer(answers: DatagramAnswers, { count, replies, nowMs }: Received): number {
    const memory = this.#memory;
    let end = replies;
    for (let index = 0; index < count; index += 1) {
      const length = answers.answer(memory.received(index), memory.replyAt(end), nowMs);
      memory.release(index);
      if (length === SILENCE) continue;
      if (length === LATER) {
        this.#answerLater(answers, index);
        continue;
      }
      memory.reply(end, index, length);
      end += 1;
    }
    return end;
  }

  /** Sends an answer that was put off to where the datagram at `index` came from. */
  #answerLater(answers: DatagramAnswers, index: number): void {
    const memory = this.#memory;
    const source = memory.sourceOf(index);
    answers.later((answer) => {
      if (this.#stopped) return;
      memory.restoreSource(FIRST, source);
      memory.replyAt(0).set(answer);
      memory.reply(0, FIRST, answer.length);
      answers.counts.silences["not-sent"] += this.#send(1);
    });
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

type Received = { readonly count: number; readonly replies: number; readonly nowMs: number };
