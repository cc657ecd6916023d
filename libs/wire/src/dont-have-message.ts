import { type ExtensionViolation, extensionViolation } from "./read-extension.ts";
import { uint32At } from "./received-bytes.ts";

const PIECE_BYTES = 4;

/** A message of `lt_donthave` (BEP 54): its sender no longer has a piece that it said it had. */
export type DontHaveMessage = { readonly kind: "dont-have"; readonly piece: number };

export function decodeDontHaveMessage(payload: Uint8Array): DontHaveMessage | ExtensionViolation {
  if (payload.length !== PIECE_BYTES) {
    return extensionViolation("dont-have-message-invalid", payload);
  }
  return { kind: "dont-have", piece: uint32At(payload, 0) };
}

/** The payload of an `extended` message with the id that the receiver gave `lt_donthave`. */
export function encodeDontHaveMessage(piece: number): Uint8Array {
  const payload = new Uint8Array(PIECE_BYTES);
  new DataView(payload.buffer).setUint32(0, piece);
  return payload;
}
