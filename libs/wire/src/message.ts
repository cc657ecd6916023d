/** A range of one piece: `begin` and `length` in bytes (BEP 3). Usually 16 KiB long. */
export type Block = {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
};

/** The length every client asks for. */
export const BLOCK_BYTES: number = 16 * 1024;

/** Message ids of BEP 3, and of BEP 5 for `port`. */
export const MESSAGE_ID = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  "not-interested": 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
} as const;

/** One message of a peer. Byte fields are views of what was received: copy them to keep them. */
export type PeerMessage =
  | { readonly kind: "keep-alive" }
  | { readonly kind: "choke" | "unchoke" | "interested" | "not-interested" }
  | { readonly kind: "have"; readonly piece: number }
  | { readonly kind: "bitfield"; readonly bits: Uint8Array }
  | ({ readonly kind: "request" | "cancel" } & Block)
  | {
      readonly kind: "piece";
      readonly piece: number;
      readonly begin: number;
      readonly data: Uint8Array;
    }
  | { readonly kind: "port"; readonly port: number }
  /** A message of an extension we do not speak; BEP 3 lets it pass. */
  | { readonly kind: "unknown"; readonly id: number; readonly length: number };

/** A peer broke the wire protocol: its connection ends. Never thrown, never answered. */
export type WireViolation =
  | { readonly kind: "violation"; readonly code: "handshake-protocol" }
  | {
      readonly kind: "violation";
      readonly code: "message-too-long";
      readonly length: number;
      readonly lengthMax: number;
    }
  | {
      readonly kind: "violation";
      readonly code: "message-length";
      readonly id: number;
      readonly length: number;
    };

export function tooLong(length: number, lengthMax: number): WireViolation {
  return { kind: "violation", code: "message-too-long", length, lengthMax };
}

export function wrongLength(id: number, length: number): WireViolation {
  return { kind: "violation", code: "message-length", id, length };
}
