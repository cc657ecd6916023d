import { type BencodeViolation, invalidBencoding, limitExceeded } from "./bencode-violation.ts";

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const MINUS = 0x2d;
export const INTEGER = 0x69;
export const LIST = 0x6c;
export const DICTIONARY = 0x64;
const END = 0x65;

/** Number.MAX_SAFE_INTEGER has sixteen digits; with more, the value need not be computed. */
const INTEGER_DIGITS_MAX = 16;

/** Of each token: where its value starts, where it ends, and the token after all it contains. */
export const WORDS_PER_TOKEN = 3;

/** The values of a bencoded text in the order they open; a dictionary's keys are tokens as well. */
export type BencodeTree = { readonly bytes: Uint8Array; readonly tokens: Uint32Array };

/** How much a reader lets itself be given: a peer's message may be less than a .torrent file. */
export type BencodeLimits = {
  readonly bytesMax: number;
  /** Lists and dictionaries within each other. */
  readonly depthMax: number;
  /** Values, and the keys of dictionaries. Each costs twelve bytes and may take one of the text. */
  readonly tokensMax: number;
};

type Container = {
  readonly token: number;
  readonly dictionary: boolean;
  awaitsKey: boolean;
  previousKey: number | null;
  ordered: boolean;
};

/**
 * Finds every value of a bencoded text (BEP 3) in one pass and without recursion, or says why it is
 * none that fits the limits.
 *
 * Stricter than most decoders: integers and lengths are canonical, integers are safe and no key
 * comes twice, for two readers could each see another value. Two things are let pass, as libtorrent
 * does, because such torrents are about: keys out of order (`unorderedKey()` finds them where the
 * order matters) and bytes after the value, most often a line feed (`rawOf()` ends before them).
 * Whatever the bytes claim, memory stays within twelve bytes a token, and nothing is copied.
 */
export function scanBencode(
  bytes: Uint8Array,
  limits: BencodeLimits,
): BencodeTree | BencodeViolation {
  const { bytesMax } = limits;
  if (bytes.length > bytesMax) return limitExceeded("bencoding-too-long", bytesMax);
  return new Scanner(bytes, limits).scan();
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #limits: BencodeLimits;
  readonly #open: Container[] = [];
  #at = 0;
  #tokens: Uint32Array = new Uint32Array(64 * WORDS_PER_TOKEN);
  #count = 0;

  constructor(bytes: Uint8Array, limits: BencodeLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  scan(): BencodeTree | BencodeViolation {
    do {
      const fault = this.#step();
      if (fault !== null) return fault;
    } while (this.#open.length > 0);
    return {
      bytes: this.#bytes,
      tokens: this.#tokens.subarray(0, this.#count * WORDS_PER_TOKEN),
    };
  }

  #step(): BencodeViolation | null {
    const byte = this.#bytes[this.#at];
    const container = this.#open.at(-1);
    if (byte === undefined) return invalidBencoding("truncated", this.#at);
    if (byte === END && container !== undefined) return this.#close(container);
    const { tokensMax } = this.#limits;
    if (this.#count === tokensMax) return limitExceeded("token-limit-exceeded", tokensMax);
    if (container?.awaitsKey) return this.#key(container);
    if (container?.dictionary) container.awaitsKey = true;
    if (isDigit(byte)) return this.#string();
    if (byte === INTEGER) return this.#integer();
    if (byte === LIST || byte === DICTIONARY) return this.#openContainer(byte === DICTIONARY);
    return invalidBencoding("unexpected-byte", this.#at);
  }

  #openContainer(dictionary: boolean): BencodeViolation | null {
    const { depthMax } = this.#limits;
    if (this.#open.length === depthMax) return limitExceeded("depth-exceeded", depthMax);
    const token = this.#push(this.#at, 0);
    this.#open.push({
      token,
      dictionary,
      awaitsKey: dictionary,
      previousKey: null,
      ordered: true,
    });
    this.#at += 1;
    return null;
  }

  #close(container: Container): BencodeViolation | null {
    if (container.dictionary && !container.awaitsKey) {
      return invalidBencoding("key-without-value", this.#at);
    }
    this.#at += 1;
    this.#open.pop();
    const word = container.token * WORDS_PER_TOKEN;
    this.#tokens[word + 1] = this.#at;
    this.#tokens[word + 2] = this.#count;
    return container.ordered ? null : this.#duplicateKey(container);
  }

  #key(container: Container): BencodeViolation | null {
    if (!isDigit(this.#bytes[this.#at])) return invalidBencoding("key-not-string", this.#at);
    const key = this.#count;
    const fault = this.#string();
    if (fault !== null) return fault;
    const tree = { bytes: this.#bytes, tokens: this.#tokens };
    if (container.previousKey !== null) {
      const order = Buffer.compare(stringAt(tree, container.previousKey), stringAt(tree, key));
      if (order === 0) return invalidBencoding("key-duplicate", this.#tokenStart(key));
      if (order > 0) container.ordered = false;
    }
    container.previousKey = key;
    container.awaitsKey = false;
    return null;
  }

  /** Only keys out of order need a set: in order, a duplicate stands beside its twin. */
  #duplicateKey(container: Container): BencodeViolation | null {
    const tree = { bytes: this.#bytes, tokens: this.#tokens };
    const seen = new Set<string>();
    for (let key = container.token + 1; key < this.#count; key = tokenAfter(tree, key + 1)) {
      const text = Buffer.from(stringAt(tree, key)).toString("latin1");
      if (seen.has(text)) return invalidBencoding("key-duplicate", this.#tokenStart(key));
      seen.add(text);
    }
    return null;
  }

  #string(): BencodeViolation | null {
    const start = this.#at;
    let length = 0;
    let at = start;
    for (; isDigit(this.#bytes[at]) && length <= this.#bytes.length; at += 1) {
      length = length * 10 + digitAt(this.#bytes, at);
    }
    if (at - start > 1 && this.#bytes[start] === DIGIT_0) {
      return invalidBencoding("length-not-canonical", start);
    }
    const end = at + 1 + length;
    if (end > this.#bytes.length) return invalidBencoding("truncated", start);
    if (this.#bytes[at] !== COLON) return invalidBencoding("unexpected-byte", at);
    this.#push(start, end);
    this.#at = end;
    return null;
  }

  #integer(): BencodeViolation | null {
    const start = this.#at;
    const negative = this.#bytes[start + 1] === MINUS;
    const first = start + (negative ? 2 : 1);
    let value = 0;
    let at = first;
    for (; isDigit(this.#bytes[at]); at += 1) {
      if (at - first === INTEGER_DIGITS_MAX) return invalidBencoding("integer-out-of-range", start);
      value = value * 10 + digitAt(this.#bytes, at);
    }
    if (at >= this.#bytes.length) return invalidBencoding("truncated", start);
    if (at === first || this.#bytes[at] !== END) return invalidBencoding("unexpected-byte", at);
    if (this.#bytes[first] === DIGIT_0 && (negative || at - first > 1)) {
      return invalidBencoding("integer-not-canonical", start);
    }
    if (!Number.isSafeInteger(value)) return invalidBencoding("integer-out-of-range", start);
    this.#push(start, at + 1);
    this.#at = at + 1;
    return null;
  }

  #push(start: number, end: number): number {
    const token = this.#count;
    const word = token * WORDS_PER_TOKEN;
    if (word === this.#tokens.length) {
      const grown = new Uint32Array(this.#tokens.length * 2);
      grown.set(this.#tokens);
      this.#tokens = grown;
    }
    this.#tokens[word] = start;
    this.#tokens[word + 1] = end;
    this.#tokens[word + 2] = token + 1;
    this.#count += 1;
    return token;
  }

  #tokenStart(token: number): number {
    return this.#tokens[token * WORDS_PER_TOKEN] ?? 0;
  }
}

/** The bytes of the string that a token stands for, without its length. */
export function stringAt({ bytes, tokens }: BencodeTree, token: number): Uint8Array {
  const start = tokens[token * WORDS_PER_TOKEN] ?? 0;
  const end = tokens[token * WORDS_PER_TOKEN + 1] ?? 0;
  return bytes.subarray(bytes.indexOf(COLON, start) + 1, end);
}

/** How many values and keys there are. */
export function tokenCount({ tokens }: BencodeTree): number {
  return tokens.length / WORDS_PER_TOKEN;
}

/** The token after a value and all it contains. */
export function tokenAfter({ tokens }: BencodeTree, token: number): number {
  return tokens[token * WORDS_PER_TOKEN + 2] ?? tokens.length;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_9;
}

function digitAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? DIGIT_0) - DIGIT_0;
}
