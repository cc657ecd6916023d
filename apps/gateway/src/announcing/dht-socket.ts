import { createSocket, type Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import type { Clock } from "@seedfleet/runtime";
import type { DhtSocket } from "bittorrent-dht";
import type { OutboundRule } from "../outbound/outbound-rule.ts";

/** Packets that are read in a second, some 100 B each; lookups take a few dozen. */
export const DHT_PACKETS_PER_SECOND_MAX = 1_000;

/** Nodes send no more; BEP 44 allows values of 1,000 B and what is around them. */
export const DHT_PACKET_BYTES_MAX = 2_048;

export type DhtSocketPorts = {
  readonly clock: Clock;
  readonly rule: OutboundRule;
  /** A packet that the node could not bear, and that did nothing else. */
  readonly onFault: (error: unknown) => void;
};

/**
 * The socket of the DHT node, between it and strangers. What they send may throw within the node,
 * which must not end the process; and they name other nodes, to which it sends packets, so the rule
 * for addresses holds here.
 */
export class GuardedDhtSocket extends EventEmitter implements DhtSocket {
  readonly #ports: DhtSocketPorts;
  readonly #socket: Socket = createSocket("udp4");
  #second = 0;
  #packets = 0;

  constructor(ports: DhtSocketPorts) {
    super();
    this.#ports = ports;
    this.#socket.on("message", (packet, from) => {
      if (packet.length > DHT_PACKET_BYTES_MAX || this.#isFlooded()) return;
      if (!ports.rule.allows(from.address)) return;
      this.#guarded(() => this.emit("message", packet, from));
    });
    this.#socket.on("error", (error) => this.#guarded(() => this.emit("error", error)));
    this.#socket.once("listening", () => this.emit("listening"));
    this.#socket.once("close", () => this.emit("close"));
    this.#socket.unref();
  }

  bind(port: number, host: string, listening?: () => void): void {
    this.#socket.bind(port, host, listening);
  }

  send(...[packet, , length, port, host, done]: Parameters<DhtSocket["send"]>): void {
    const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
    if (!isPort || !this.#ports.rule.allows(host)) return;
    // While it closes, sending throws.
    this.#guarded(() => this.#socket.send(packet, 0, length, port, host, done));
  }

  address(): { readonly port: number } {
    return this.#socket.address();
  }

  close(): void {
    this.#guarded(() => this.#socket.close());
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#ports.onFault(error);
    }
  }

  #isFlooded(): boolean {
    const second = Math.floor(this.#ports.clock.nowMs() / 1_000);
    if (second !== this.#second) this.#packets = 0;
    this.#second = second;
    this.#packets += 1;
    return this.#packets > DHT_PACKETS_PER_SECOND_MAX;
  }
}
