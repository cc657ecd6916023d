import {
  type Bencoded,
  type BencodeLimits,
  integerOf,
  isDictionary,
  rootOf,
  scanBencode,
} from "@seedfleet/bencode";

/** Which message of an extension was wrong. */
export type ExtensionCode =
  | "extension-handshake-invalid"
  | "metadata-message-invalid"
  | "pex-message-invalid"
  | "dont-have-message-invalid";

/**
 * The payload of an `extended` message is not what its id says: no bencoding, longer than it may
 * be, or without what it cannot do without. The wire protocol is not broken by it (BEP 10), so a
 * connection may go on; whoever counts has the code.
 */
export type ExtensionViolation = {
  readonly kind: "violation";
  readonly code: ExtensionCode;
  readonly length: number;
};

export function extensionViolation(code: ExtensionCode, payload: Uint8Array): ExtensionViolation {
  return { kind: "violation", code, length: payload.length };
}

/** The dictionary that a payload begins with; null if there is none within the limits. */
export function dictionaryOf(payload: Uint8Array, limits: BencodeLimits): Bencoded | null {
  const tree = scanBencode(payload, limits);
  if ("kind" in tree) return null;
  const root = rootOf(tree);
  return isDictionary(root) ? root : null;
}

/** An integer from `min` to `max`; null for any other value, as if it were not there. */
export function integerWithin(
  value: Bencoded | null,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number | null {
  const integer = integerOf(value);
  return integer !== null && integer >= min && integer <= max ? integer : null;
}
