const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BITS_PER_DIGIT = 5;

/** Reads base32 (RFC 4648) in either case and without padding; null for any other text. */
export function parseBase32(text: string): Uint8Array | null {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const digit of text.toUpperCase()) {
    const found = ALPHABET.indexOf(digit);
    if (found < 0) return null;
    value = (value << BITS_PER_DIGIT) | found;
    bits += BITS_PER_DIGIT;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >>> bits) & 0xff);
      value &= (1 << bits) - 1;
    }
  }
  return Uint8Array.from(bytes);
}
