import type { AnnounceLoad, LoadParts } from "./announce-load.ts";
import { sourceAddress } from "./announced-peers.ts";
import { type SocketAddress, socketAddress } from "./libc.ts";
import { POLL_IN, SocketPoll } from "./socket-poll.ts";
import { swarmHash } from "./swarm-names.ts";
import { UdpSocket } from "./udp-socket.ts";

const EXPIRE_EVERY_MS = 50;

export type UdpLoadOptions = {
  readonly to: SocketAddress;
  readonly sockets: number;
  /** Announces without an answer, of each socket. */
  readonly window: number;
  readonly firstSource: number;
};

/** Announces by UDP from several sockets, each with an address of its own. */
export class UdpLoad implements AnnounceLoad {
  readonly #sockets: readonly UdpSocket[];
  readonly #poll: SocketPoll;
  readonly #parts: LoadParts;
  #first = 0;
  #expiredMs = 0;

  constructor({ to, sockets, window, firstSource }: UdpLoadOptions, parts: LoadParts) {
    this.#parts = parts;
    const hashes = Array.from({ length: parts.peers.swarms }, (_, swarm) => swarmHash(swarm));
    this.#sockets = Array.from({ length: sockets }, (_, source) => {
      const serial = firstSource + source;
      const from = socketAddress({ address: sourceAddress(serial), port: 0 });
      const ends = { from, to: socketAddress(to) };
      return new UdpSocket({ ...ends, source, serial, window, hashes }, parts);
    });
    this.#poll = new SocketPoll(sockets);
    for (const [place, { socket }] of this.#sockets.entries()) {
      this.#poll.watch(place, socket, POLL_IN);
    }
  }

  turn(nowMs: number): boolean {
    const received = this.#poll.look(0) > 0;
    if (received) {
      const receivedMs = performance.now();
      for (let place = 0; place < this.#sockets.length; place += 1) {
        if (this.#poll.events(place) !== 0) this.#sockets[place]?.receive(receivedMs);
      }
    }
    if (nowMs - this.#expiredMs > EXPIRE_EVERY_MS) {
      this.#expiredMs = nowMs;
      for (const socket of this.#sockets) socket.expire(nowMs);
    }
    return this.#send(nowMs) || received;
  }

  /** Sends what is due, all sockets alike; who is first changes. */
  #send(nowMs: number): boolean {
    let due = this.#parts.pace.due(nowMs);
    if (due <= 0) return false;
    const count = this.#sockets.length;
    const each = Math.ceil(due / count);
    let sent = 0;
    for (let index = 0; index < count && due > 0; index += 1) {
      const socket = this.#sockets[(this.#first + index) % count];
      const took = socket?.send(Math.min(each, due), nowMs) ?? 0;
      due -= took;
      sent += took;
    }
    this.#first = (this.#first + 1) % count;
    return sent > 0;
  }

  wait(timeoutMs: number): void {
    this.#poll.look(timeoutMs);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket[Symbol.dispose]();
  }
}
