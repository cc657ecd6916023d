/** A bencoded byte string of a text of one character per byte. */
export function byteString(latin1: string): string {
  return `${latin1.length}:${latin1}`;
}

/** The bytes of hexadecimal digits, one character each. */
export function latin1OfHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("latin1");
}
