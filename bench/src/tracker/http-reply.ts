const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
const DICTIONARY = 0x64;
const INTEGER = 0x69;
const END = 0x65;
const LOWER_CASE = 0x20;

const CONTENT_LENGTH: Uint8Array = new TextEncoder().encode("content-length");
const CONNECTION: Uint8Array = new TextEncoder().encode("connection");
const CLOSE: Uint8Array = new TextEncoder().encode("close");
const PEERS: Uint8Array = new TextEncoder().encode("peers");
const INCOMPLETE: Uint8Array = new TextEncoder().encode("incomplete");
const FAILURE: Uint8Array = new TextEncoder().encode("failure reason");

const OK = 200;

/**
 * One answer to an announce by HTTP, read where it lies; filled again for each. Reads what answers
 * to announces are made of: one dictionary of numbers and texts, of a length that was told.
 */
export class HttpReply {
  kind: "announced" | "incomplete" | "refused" | "malformed" = "malformed";
  /** How long it is with its head. */
  length = 0;
  leechers = 0;
  /** Whether it says that it is the last on its connection. */
  closes = false;
  /** Where the peers stand, of "announced"; where the reason stands, of "refused". */
  from = 0;
  to = 0;
  #at = 0;

  /** `ended` says that nothing comes after these bytes. */
  read(bytes: Uint8Array, length: number, ended: boolean): void {
    const bodyAt = headEnd(bytes, length);
    this.kind = ended ? "malformed" : "incomplete";
    if (bodyAt < 0) return;
    const told = contentLength(bytes, bodyAt);
    this.length = told < 0 ? length : bodyAt + told;
    if (length < this.length || (told < 0 && !ended)) return;
    this.closes = saysClose(bytes, bodyAt);
    this.kind = "malformed";
    this.from = 0;
    this.to = this.length;
    if (statusOf(bytes) !== OK) this.kind = "refused";
    else if (bytes[bodyAt] === DICTIONARY) this.#readBody(bytes, bodyAt + 1);
  }

  #readBody(bytes: Uint8Array, bodyAt: number): void {
    this.#at = bodyAt;
    this.leechers = -1;
    let peersAt = -1;
    let peersTo = -1;
    while (this.#at < this.length && bytes[this.#at] !== END) {
      const keyAt = this.#text(bytes);
      const keyTo = this.#at;
      if (keyAt < 0) return;
      if (bytes[keyTo] === INTEGER) {
        this.#at += 1;
        const number = this.#number(bytes, END);
        if (number < 0) return;
        if (isText(bytes, keyAt, keyTo, { text: INCOMPLETE })) this.leechers = number;
        continue;
      }
      const valueAt = this.#text(bytes);
      if (valueAt < 0) return;
      if (isText(bytes, keyAt, keyTo, { text: FAILURE })) {
        this.kind = "refused";
        this.from = valueAt;
        this.to = this.#at;
        return;
      }
      if (isText(bytes, keyAt, keyTo, { text: PEERS })) {
        peersAt = valueAt;
        peersTo = this.#at;
      }
    }
    if (this.#at !== this.length - 1 || peersAt < 0 || (peersTo - peersAt) % 6 !== 0) return;
    this.kind = "announced";
    this.from = peersAt;
    this.to = peersTo;
  }

  /** Where a text begins; `#at` is then its end. -1 when there is none. */
  #text(bytes: Uint8Array): number {
    const length = this.#number(bytes, COLON);
    const from = this.#at;
    if (length < 0 || from + length > this.length) return -1;
    this.#at = from + length;
    return from;
  }

  /** Digits up to `until`, and past it; -1 when there are none. */
  #number(bytes: Uint8Array, until: number): number {
    const from = this.#at;
    let number = 0;
    let byte = bytes[this.#at] ?? 0;
    while (byte >= ZERO && byte <= NINE && this.#at - from < 15) {
      number = number * 10 + byte - ZERO;
      this.#at += 1;
      byte = bytes[this.#at] ?? 0;
    }
    if (byte !== until || this.#at === from) return -1;
    this.#at += 1;
    return number;
  }
}

/** Where the body begins, or -1 while the head has no end. */
function headEnd(bytes: Uint8Array, length: number): number {
  for (let at = 3; at < length; at += 1) {
    if (bytes[at] !== LF || bytes[at - 2] !== LF) continue;
    if (bytes[at - 1] === CR && bytes[at - 3] === CR) return at + 1;
  }
  return -1;
}

function statusOf(bytes: Uint8Array): number {
  const at = bytes.indexOf(SPACE) + 1;
  const [hundreds = 0, tens = 0, ones = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  return (hundreds - ZERO) * 100 + (tens - ZERO) * 10 + ones - ZERO;
}

/** What the head says of the body's length, or -1. */
function contentLength(bytes: Uint8Array, headLength: number): number {
  const from = headerAt(bytes, headLength, CONTENT_LENGTH);
  if (from < 0) return -1;
  let number = 0;
  for (let digitAt = from; digitAt < headLength && bytes[digitAt] !== CR; digitAt += 1) {
    const byte = bytes[digitAt] ?? 0;
    if (byte === SPACE) continue;
    if (byte < ZERO || byte > NINE) return -1;
    number = number * 10 + byte - ZERO;
  }
  return number;
}

function saysClose(bytes: Uint8Array, headLength: number): boolean {
  let from = headerAt(bytes, headLength, CONNECTION);
  if (from < 0) return false;
  while (bytes[from] === SPACE) from += 1;
  return isText(bytes, from, bytes.indexOf(CR, from), { text: CLOSE, anyCase: true });
}

/** Where the value of a header begins, or -1. */
function headerAt(bytes: Uint8Array, headLength: number, text: Uint8Array): number {
  for (let at = bytes.indexOf(LF) + 1; at > 0 && at < headLength; at = bytes.indexOf(LF, at) + 1) {
    const to = at + text.length;
    if (bytes[to] === COLON && isText(bytes, at, to, { text, anyCase: true })) return to + 1;
  }
  return -1;
}

function isText(
  bytes: Uint8Array,
  from: number,
  to: number,
  options: { readonly text: Uint8Array; readonly anyCase?: boolean },
): boolean {
  const { text, anyCase = false } = options;
  if (to - from !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    const byte = bytes[from + index] ?? 0;
    if ((anyCase ? byte | LOWER_CASE : byte) !== text[index]) return false;
  }
  return true;
}
