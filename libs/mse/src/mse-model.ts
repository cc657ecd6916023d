import type { Rc4 } from "./rc4.ts";

/** PadA to PadD: as much as the specification lets each side send. */
export const MSE_PADDING_BYTES_MAX = 512;

/**
 * Room for a handshake and the bitfield of a hundred thousand pieces. The specification lets it be
 * 64 KiB, but clients send the 68 bytes of a handshake, and who connects may make us hold it.
 */
export const MSE_INITIAL_PAYLOAD_BYTES_MAX: number = 16 * 1024;

/** While the info hash is looked up: room for the rest of the longest handshake, and more. */
export const MSE_WAITING_BYTES_MAX: number = 32 * 1024;

/** How the bytes behind the handshake travel. */
export type PayloadMethod = "plaintext" | "rc4";

/** The handshake is over; `received` is what of the peer's payload came with it, in plaintext. */
export type MseEstablished =
  | {
      readonly kind: "established";
      readonly payload: "plaintext";
      readonly incoming: null;
      readonly outgoing: null;
      readonly received: Uint8Array;
    }
  | {
      readonly kind: "established";
      readonly payload: "rc4";
      /** Decrypts what comes behind `received`. */
      readonly incoming: Rc4;
      /** Encrypts all that is sent from now on. */
      readonly outgoing: Rc4;
      readonly received: Uint8Array;
    };

type PlainCode =
  | "mse-public-key"
  | "mse-sync-lost"
  | "mse-secret-unknown"
  | "mse-verification"
  | "mse-no-common-method";

type LengthCode = "mse-padding-too-long" | "mse-initial-payload-too-long" | "mse-waiting-too-long";

/** A peer broke the handshake: its connection ends. Never thrown, never answered. */
export type MseViolation =
  | { readonly kind: "violation"; readonly code: PlainCode }
  | {
      readonly kind: "violation";
      readonly code: LengthCode;
      readonly length: number;
      readonly lengthMax: number;
    };

/** What either side of a handshake may ask of its shell. */
export type MseOutput =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | MseEstablished
  | MseViolation;

/** The ciphers of one connection as one side sees them. */
export type Ciphers = {
  readonly incoming: Rc4;
  readonly outgoing: Rc4;
};

/** What both sides know once the method is settled. */
export type Negotiated = {
  readonly method: PayloadMethod;
  readonly ciphers: Ciphers;
};

/**
 * Ends a handshake with all that came behind it. The first `encryptedBytes` of that are encrypted
 * whatever the method is.
 */
export function establish(
  { method, ciphers }: Negotiated,
  received: Uint8Array,
  encryptedBytes: number,
): MseEstablished {
  const { incoming, outgoing } = ciphers;
  if (method === "rc4") {
    incoming.crypt(received);
    return { kind: "established", payload: "rc4", incoming, outgoing, received };
  }
  incoming.crypt(received.subarray(0, encryptedBytes));
  return { kind: "established", payload: "plaintext", incoming: null, outgoing: null, received };
}

export function violation(code: PlainCode): MseViolation {
  return { kind: "violation", code };
}

export function tooLong(code: LengthCode, length: number, lengthMax: number): MseViolation {
  return { kind: "violation", code, length, lengthMax };
}
