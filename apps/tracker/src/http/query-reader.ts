/** Twice what a scrape of the most info hashes takes; an announce needs a few hundred. */
export const QUERY_BYTES_MAX = 8_192;

const NOTHING = new Uint8Array(0);
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const NO_DIGIT = 0xff;

const HEX_VALUES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(byte).toLowerCase());
  return digit < 0 ? NO_DIGIT : digit;
});

/** The raw query of a request: `RequestParser` has one. */
export type Query = {
  readonly bytes: Uint8Array;
  readonly queryFrom: number;
  readonly queryTo: number;
};

/**
 * Goes over the parameters of a raw query and undoes the percent-encoding of their values, which
 * are bytes: an info hash is not text, so this is no work for `URLSearchParams`, and a `+` is a
 * plus. Made once and used again: it allocates nothing for a parameter.
 */
export class QueryReader {
  bytes: Uint8Array = NOTHING;
  nameFrom = 0;
  nameTo = 0;
  readonly value: Uint8Array = new Uint8Array(QUERY_BYTES_MAX);
  valueLength = 0;
  #at = 0;
  #end = 0;

  /** False if the query is too long. */
  open({ bytes, queryFrom, queryTo }: Query): boolean {
    this.bytes = bytes;
    this.#at = queryFrom;
    this.#end = queryTo;
    return queryTo - queryFrom <= QUERY_BYTES_MAX;
  }

  /** True at a parameter, false behind the last; null if an escape is not two hex digits. */
  next(): boolean | null {
    const { bytes } = this;
    const end = this.#end;
    let at = this.#at;
    while (at < end && bytes[at] === AMPERSAND) at += 1;
    if (at >= end) return false;
    this.nameFrom = at;
    while (at < end && bytes[at] !== EQUALS && bytes[at] !== AMPERSAND) at += 1;
    this.nameTo = at;
    if (at < end && bytes[at] === EQUALS) at += 1;
    return this.#decode(at);
  }

  #decode(from: number): true | null {
    const { bytes, value } = this;
    const end = this.#end;
    let length = 0;
    let at = from;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (byte === AMPERSAND) break;
      if (byte === PERCENT) {
        if (at + 2 >= end) return null;
        const high = HEX_VALUES[bytes[at + 1] ?? 0] ?? NO_DIGIT;
        const low = HEX_VALUES[bytes[at + 2] ?? 0] ?? NO_DIGIT;
        if ((high | low) > 0x0f) return null;
        value[length] = (high << 4) | low;
        at += 3;
      } else {
        value[length] = byte;
        at += 1;
      }
      length += 1;
    }
    this.valueLength = length;
    this.#at = at;
    return true;
  }
}
