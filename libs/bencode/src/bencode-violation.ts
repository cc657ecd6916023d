/** What is wrong with the bencoding, for a reader of logs; no decision hangs on it. */
export type BencodeFault =
  | "truncated"
  | "unexpected-byte"
  | "integer-not-canonical"
  | "integer-out-of-range"
  | "length-not-canonical"
  | "key-not-string"
  | "key-without-value"
  | "key-duplicate"
  | "keys-unordered";

/** Why bytes are no bencoded text, or more of it than the reader takes. */
export type BencodeViolation =
  | { readonly kind: "violation"; readonly code: "bencoding-too-long"; readonly max: number }
  | {
      readonly kind: "violation";
      readonly code: "depth-exceeded" | "token-limit-exceeded";
      readonly max: number;
    }
  | {
      readonly kind: "violation";
      readonly code: "invalid-bencoding";
      readonly fault: BencodeFault;
      readonly atByte: number;
    };

type LimitCode = Exclude<BencodeViolation["code"], "invalid-bencoding">;

export function limitExceeded(code: LimitCode, max: number): BencodeViolation {
  return { kind: "violation", code, max };
}

export function invalidBencoding(fault: BencodeFault, atByte: number): BencodeViolation {
  return { kind: "violation", code: "invalid-bencoding", fault, atByte };
}
