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
