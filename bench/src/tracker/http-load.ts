import type { AnnounceLoad, LoadParts } from "./announce-load.ts";
import { sourceAddress } from "./announced-peers.ts";
import { HttpConnection } from "./http-connection.ts";
import { AnnounceRequests, type HttpTarget } from "./http-requests.ts";
import { socketAddress } from "./libc.ts";
import { SocketPoll } from "./socket-poll.ts";

const EXPIRE_EVERY_MS = 500;

export type HttpLoadOptions = {
  readonly target: HttpTarget;
  /** How many clients announce at once. */
  readonly connections: number;
  readonly keepAlive: boolean;
  readonly firstSource: number;
};

/** Announces by HTTP from several clients, each with an address of its own. */
export class HttpLoad implements AnnounceLoad {
  readonly #clients: readonly HttpConnection[];
  readonly #poll: SocketPoll;
  readonly #parts: LoadParts;
  #next = 0;
  #expiredMs = 0;

  constructor({ target, connections, keepAlive, firstSource }: HttpLoadOptions, parts: LoadParts) {
    const { numWant, peers } = parts;
    this.#parts = parts;
    const poll = new SocketPoll(connections);
    this.#poll = poll;
    const requests = new AnnounceRequests(target, { swarms: peers.swarms, keepAlive, numWant });
    const to = socketAddress({ address: target.host, port: target.port });
    this.#clients = Array.from({ length: connections }, (_, source) => {
      const serial = firstSource + source;
      const from = socketAddress({ address: sourceAddress(serial), port: 0 });
      const options = { from, to, source, serial, place: source, poll, requests, keepAlive };
      return new HttpConnection(options, parts);
    });
  }

  turn(nowMs: number): boolean {
    const received = this.#poll.look(0) > 0;
    if (received) {
      const receivedMs = performance.now();
      for (let place = 0; place < this.#clients.length; place += 1) {
        if (this.#poll.events(place) !== 0) this.#ready(place, receivedMs);
      }
    }
    if (nowMs - this.#expiredMs > EXPIRE_EVERY_MS) {
      this.#expiredMs = nowMs;
      for (const client of this.#clients) client.expire(nowMs);
    }
    return this.#send(nowMs) || received;
  }

  /** Who has its answer asks anew at once, without waiting for what others were told. */
  #ready(place: number, nowMs: number): void {
    const client = this.#clients[place];
    client?.ready(nowMs);
    if (client?.busy === false && this.#parts.pace.due(nowMs) > 0) client.send(nowMs);
  }

  /** Those that wait for nothing announce, in turn. */
  #send(nowMs: number): boolean {
    const count = this.#clients.length;
    let due = this.#parts.pace.due(nowMs);
    let sent = false;
    for (let looked = 0; looked < count && due > 0; looked += 1) {
      const client = this.#clients[this.#next];
      this.#next = (this.#next + 1) % count;
      if (client === undefined || client.busy) continue;
      client.send(nowMs);
      due -= 1;
      sent = true;
    }
    return sent;
  }

  wait(timeoutMs: number): void {
    this.#poll.look(timeoutMs);
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client[Symbol.dispose]();
  }
}
