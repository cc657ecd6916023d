/** A range of one piece: `begin` and `length` in bytes (BEP 3). Usually 16 KiB long. */
export type Block = {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
};

/** The length every client asks for. */
export const BLOCK_BYTES: number = 16 * 1024;

/** A hash of a v2 tree (BEP 52) is a SHA-256. */
export const HASH_BYTES = 32;

/**
 * Hashes of one layer of a file's tree, and the way from there to its root (BEP 52). `index` and
 * `length` count hashes of the base layer, which lies `baseLayer` layers above the leaves.
 */
export type HashRange = {
  /** The root of the file's tree, 32 bytes. */
  readonly piecesRoot: Uint8Array;
  readonly baseLayer: number;
  readonly index: number;
  readonly length: number;
  readonly proofLayers: number;
};

/** Message ids of BEP 3; then BEP 5 for `port`, BEP 6, BEP 10 for `extended`, and BEP 52. */
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
  "suggest-piece": 13,
  "have-all": 14,
  "have-none": 15,
  "reject-request": 16,
  "allowed-fast": 17,
  extended: 20,
  "hash-request": 21,
  hashes: 22,
  "hash-reject": 23,
} as const;

/** One message of a peer. Byte fields are views of what was received: copy them to keep them. */
export type PeerMessage =
  | { readonly kind: "keep-alive" }
  | { readonly kind: "choke" | "unchoke" | "interested" | "not-interested" }
  | { readonly kind: "have-all" | "have-none" }
  | { readonly kind: "have"; readonly piece: number }
  | { readonly kind: "suggest-piece" | "allowed-fast"; readonly piece: number }
  | { readonly kind: "bitfield"; readonly bits: Uint8Array }
  | ({ readonly kind: "request" | "cancel" | "reject-request" } & Block)
  | {
      readonly kind: "piece";
      readonly piece: number;
      readonly begin: number;
      readonly data: Uint8Array;
    }
  | { readonly kind: "port"; readonly port: number }
  /** `extendedId` 0 is the extension handshake; the others are what the receiver's says. */
  | { readonly kind: "extended"; readonly extendedId: number; readonly payload: Uint8Array }
  | ({ readonly kind: "hash-request" | "hash-reject" } & HashRange)
  | ({ readonly kind: "hashes"; readonly hashes: Uint8Array } & HashRange)
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
