import { UDP_ERROR } from "@seedfleet/announce";
import type { TrackerViolation } from "../violation.ts";
import { writeUint32 } from "./network-order.ts";
import type { UdpCounts } from "./udp-counts.ts";

export type UdpRefusal = {
  readonly code: string;
  /** Bytes of an ASCII text, without anything the client sent. */
  readonly text: Uint8Array;
};

function refusal(code: string, text: string): UdpRefusal {
  return { code, text: Buffer.from(text, "latin1") };
}

export const CONNECTION_EXPIRED: UdpRefusal = refusal(
  "connection-expired",
  "Connection id has expired, connect again",
);

export const ACTION_UNKNOWN: UdpRefusal = refusal("action-unknown", "Unknown action");

export const ANNOUNCE_CUT: UdpRefusal = refusal("announce-cut", "Announce is cut short");

export const OPTIONS_MALFORMED: UdpRefusal = refusal(
  "options-malformed",
  "Options behind the announce are malformed",
);

export const PASSKEY_MALFORMED: UdpRefusal = refusal(
  "passkey-malformed",
  "Passkey in the announce URL is malformed",
);

export const NUMBER_INVALID: UdpRefusal = refusal("number-invalid", "A number is out of range");

export const EVENT_INVALID: UdpRefusal = refusal("event-invalid", "Unknown event");

export const PORT_INVALID: UdpRefusal = refusal("port-invalid", "Port 0 cannot be reached");

export const SCRAPE_EMPTY: UdpRefusal = refusal("scrape-empty", "Scrape names no torrent");

export const SCRAPE_TOO_MANY: UdpRefusal = refusal(
  "scrape-too-many",
  "Scrape names more than 74 torrents",
);

/** Writes error replies, behind a transaction id that is there already, and counts them. */
export class UdpRefusals {
  readonly #counts: UdpCounts;
  readonly #ofViolations = new Map<string, UdpRefusal>();

  constructor(counts: UdpCounts) {
    this.#counts = counts;
  }

  /** How long the reply is. */
  refuse({ code, text }: UdpRefusal, into: Uint8Array): number {
    this.#counts.refused(code);
    writeUint32(into, 0, UDP_ERROR);
    into.set(text, 8);
    return 8 + text.length;
  }

  /** Violations have a few fixed texts, whose bytes are made once. */
  refuseFor({ code, sendableText }: TrackerViolation, into: Uint8Array): number {
    const known = this.#ofViolations.get(sendableText);
    const refusal = known ?? { code, text: Buffer.from(sendableText, "latin1") };
    if (known === undefined) this.#ofViolations.set(sendableText, refusal);
    return this.refuse(refusal, into);
  }
}
