import type { PayloadMethod } from "./mse-model.ts";
import type { Rc4 } from "./rc4.ts";

/** Eight zero bytes: whoever decrypts them to zeros has the right key. */
const VERIFICATION_BYTES = 8;
const METHODS_BYTES = 4;

/** Each length of the handshake is a big-endian number of 16 bits. */
export const LENGTH_BYTES = 2;

/** What is left of a negotiation behind its verification constant and before its padding. */
export const NEGOTIATION_BYTES: number = METHODS_BYTES + LENGTH_BYTES;

const METHOD_BIT: Readonly<Record<PayloadMethod, number>> = { plaintext: 0x01, rc4: 0x02 };
const METHODS = ["plaintext", "rc4"] as const;

/** The methods a side provides, or the one it selects; of others that it names we know nothing. */
export type Negotiation = {
  readonly methods: readonly PayloadMethod[];
  readonly paddingLength: number;
};

/** How a negotiation begins, encrypted; moves the cipher on past it. */
export function verificationMark(cipher: Rc4): Uint8Array {
  const mark = new Uint8Array(VERIFICATION_BYTES);
  cipher.crypt(mark);
  return mark;
}

/** Verification constant, methods, padding and its length: all of it in plaintext. */
export function encodeNegotiation(
  methods: readonly PayloadMethod[],
  padding: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(VERIFICATION_BYTES + NEGOTIATION_BYTES + padding.length);
  const view = new DataView(bytes.buffer, VERIFICATION_BYTES);
  view.setUint32(
    0,
    methods.reduce((bits, method) => bits | METHOD_BIT[method], 0),
  );
  view.setUint16(METHODS_BYTES, padding.length);
  bytes.set(padding, VERIFICATION_BYTES + NEGOTIATION_BYTES);
  return bytes;
}

/** Reads the six bytes behind the verification constant. */
export function decodeNegotiation(bytes: Uint8Array): Negotiation {
  const view = new DataView(bytes.buffer, bytes.byteOffset, NEGOTIATION_BYTES);
  const bits = view.getUint32(0);
  return {
    methods: METHODS.filter((method) => (bits & METHOD_BIT[method]) !== 0),
    paddingLength: view.getUint16(METHODS_BYTES),
  };
}
