import type { AddressFamily } from "@seedfleet/bytes";
import type { AnnounceAnswer } from "./announce-answer.ts";
import type { AnnounceFields } from "./announce-fields.ts";
import type { Chance } from "./chance.ts";
import { readUdpAnswer, type UdpAnswer, udpTransactionId } from "./read-udp-answer.ts";
import { udpAnnouncePacket, udpConnectPacket } from "./udp-packets.ts";

/** BEP 15: so long a client may use a connection id. */
export const UDP_CONNECTION_MS = 60_000;

const FIRST_WAIT_MS = 15_000;
const DOUBLINGS_MAX = 8;

const TRANSACTION_IDS = 2 ** 32;

/** What a tracker gave an address of ours, and until when it is good. */
export type UdpConnection = { readonly id: Uint8Array; readonly untilMs: number };

export type UdpExchangeOptions = {
  readonly fields: AnnounceFields;
  readonly family: AddressFamily;
  /** Of the tracker's URL. */
  readonly pathAndQuery: string;
  /** From an exchange with the same address before; null if there was none. */
  readonly connection: UdpConnection | null;
  readonly chance: Chance;
};

/** How long to wait for an answer before the packet is sent again, after `sent` times. */
export function udpWaitMs(sent: number): number {
  return FIRST_WAIT_MS * 2 ** Math.min(Math.max(sent - 1, 0), DOUBLINGS_MAX);
}

/**
 * One announce to one address over UDP (BEP 15, 41): a connection id first, if there is none that
 * is good, then the announce. Packets in, packets out; whoever has the socket sends `packet()`,
 * waits `udpWaitMs()` and sends it again.
 */
export class UdpExchange {
  readonly #options: UdpExchangeOptions;
  #connection: UdpConnection | null;
  /** Whether the id is from before, so that it may mean nothing to the tracker any more. */
  #isOld: boolean;
  #transactionId: number;
  #isConnecting = false;

  constructor(options: UdpExchangeOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#isOld = options.connection !== null;
    this.#transactionId = options.chance.below(TRANSACTION_IDS);
  }

  /** To be kept for the next exchange with this address. */
  get connection(): UdpConnection | null {
    return this.#connection;
  }

  /** What to send now, for the first time or again. */
  packet(nowMs: number): Uint8Array {
    const connection = this.#connection;
    const isConnecting = connection === null || nowMs >= connection.untilMs;
    if (isConnecting !== this.#isConnecting) {
      this.#transactionId = this.#options.chance.below(TRANSACTION_IDS);
      this.#isConnecting = isConnecting;
    }
    if (isConnecting) return udpConnectPacket(this.#transactionId);
    const { fields, pathAndQuery } = this.#options;
    const head = { connectionId: connection.id, transactionId: this.#transactionId, pathAndQuery };
    return udpAnnouncePacket(head, fields);
  }

  /**
   * Takes a packet from the address. Null for one that is no answer to what was sent last, which
   * changes nothing; `again` when the next `packet()` should be sent at once.
   */
  receive(packet: Uint8Array, nowMs: number): AnnounceAnswer | "again" | null {
    if (udpTransactionId(packet) !== this.#transactionId) return null;
    const answer = readUdpAnswer(packet, this.#options.family);
    if (answer.kind === "connected") return this.#connected(answer.connectionId, nowMs);
    // An announce is no answer to a connect.
    if (this.#isConnecting && answer.kind === "reply") return INVALID;
    return this.#isRenewed(answer) ? "again" : answer;
  }

  #connected(id: Uint8Array, nowMs: number): AnnounceAnswer | "again" {
    if (!this.#isConnecting) return INVALID;
    this.#connection = { id, untilMs: nowMs + UDP_CONNECTION_MS };
    this.#isOld = false;
    return "again";
  }

  /** A tracker that was started anew, or sees us at another address, refuses an id of before. */
  #isRenewed(answer: UdpAnswer): boolean {
    if (answer.kind !== "refusal" || !this.#isOld) return false;
    this.#connection = null;
    this.#isOld = false;
    return true;
  }
}

const INVALID = { kind: "violation", code: "udp-answer-invalid" } as const;
