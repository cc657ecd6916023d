const FEW_BYTES = 64;
const ZERO = 0x30;
const COLON = 0x3a;
const DOT = 0x2e;
const END = 0x65;
const HEX_DIGITS = "0123456789abcdef";

/** Up to here a number is divided as an integer, which is a few times as fast. */
const INT32_MAX = 2 ** 31 - 1;

/** Text that is written again and again: bytes are copied faster than characters. */
export function written(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** How many digits a whole number has in decimal. */
export function digitsOf(number: number): number {
  let digits = 1;
  for (let limit = 10; number >= limit; limit *= 10) digits += 1;
  return digits;
}

/**
 * Where replies are written, one behind the other, in a buffer that is used again. It grows when it
 * must, so callers that write much in a row `reserve` first.
 */
export class ReplyBytes {
  bytes: Buffer;
  length = 0;
  readonly #bytesFirst: number;

  constructor(bytesFirst: number) {
    this.#bytesFirst = bytesFirst;
    this.bytes = Buffer.allocUnsafeSlow(bytesFirst);
  }

  /** Takes another buffer: what was written belongs to a socket now. */
  letGo(): void {
    this.bytes = Buffer.allocUnsafeSlow(this.#bytesFirst);
    this.length = 0;
  }

  /** Makes room for so many bytes more. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Text of ASCII, that is mostly constants. */
  text(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    const from = this.length;
    for (let at = 0; at < text.length; at += 1) bytes[from + at] = text.charCodeAt(at);
    this.length = from + text.length;
  }

  /** Bytes as they are, the first `length` of them. */
  raw(source: Uint8Array, length: number = source.length): void {
    this.reserve(length);
    const { bytes } = this;
    const from = this.length;
    if (length > FEW_BYTES) {
      bytes.set(length === source.length ? source : source.subarray(0, length), from);
    } else {
      for (let at = 0; at < length; at += 1) bytes[from + at] = source[at] ?? 0;
    }
    this.length = from + length;
  }

  /** A whole number that is not negative, in decimal. */
  number(number: number): void {
    const digits = digitsOf(number);
    this.reserve(digits);
    const { bytes } = this;
    let rest = number;
    let at = this.length + digits - 1;
    for (; rest > INT32_MAX; at -= 1) {
      const next = Math.floor(rest / 10);
      // The difference first: a sum beyond 2⁵³ would not be exact.
      bytes[at] = ZERO + (rest - next * 10);
      rest = next;
    }
    for (; at >= this.length; at -= 1) {
      const next = (rest / 10) | 0;
      bytes[at] = ZERO + (rest - next * 10);
      rest = next;
    }
    this.length += digits;
  }

  /** What stands before the bytes of a bencoded string. */
  stringLength(length: number): void {
    this.number(length);
    this.byte(COLON);
  }

  /** A bencoded integer with its key, as `8:intervali1800e`; `key` ends in the `i`. */
  integer(key: Uint8Array, value: number): void {
    this.raw(key);
    this.number(value);
    this.byte(END);
  }

  byte(byte: number): void {
    this.reserve(1);
    this.bytes[this.length] = byte;
    this.length += 1;
  }

  /** A bencoded string of the 4 or 16 bytes of an address as text. */
  addressText(source: Uint8Array, from: number, length: number): void {
    const at = this.length;
    // The text has from 7 to 39 characters: its length is known when it stands there.
    this.text("00:");
    const textFrom = this.length;
    if (length === 4) this.#dotted(source, from);
    else this.#groups(source, from);
    const textLength = this.length - textFrom;
    if (textLength < 10) {
      this.bytes.copyWithin(at + 2, textFrom, this.length);
      this.bytes[at] = ZERO + textLength;
      this.bytes[at + 1] = COLON;
      this.length -= 1;
      return;
    }
    this.bytes[at] = ZERO + Math.floor(textLength / 10);
    this.bytes[at + 1] = ZERO + (textLength % 10);
  }

  #dotted(source: Uint8Array, from: number): void {
    for (let at = 0; at < 4; at += 1) {
      if (at > 0) this.byte(DOT);
      this.number(source[from + at] ?? 0);
    }
  }

  #groups(source: Uint8Array, from: number): void {
    for (let at = 0; at < 16; at += 2) {
      if (at > 0) this.byte(COLON);
      const group = ((source[from + at] ?? 0) << 8) | (source[from + at + 1] ?? 0);
      for (let shift = 12; shift >= 0; shift -= 4) {
        if (shift === 0 || group >> shift !== 0) {
          this.byte(HEX_DIGITS.charCodeAt((group >> shift) & 0xf));
        }
      }
    }
  }
}
