import { isToken, lowerCaseIs, tokensHave } from "./header-text.ts";
import { HEADER_BYTES_MAX } from "./http-limits.ts";

const NOTHING: Buffer = Buffer.alloc(0);

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SLASH = 0x2f;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;
const COLON = 0x3a;
const QUESTION_MARK = 0x3f;
const DELETE = 0x7f;

const METHOD = Buffer.from("GET ");
const VERSION = Buffer.from(" HTTP/1.");
const SCHEME = "http://";
const METHOD_BYTES_MAX = 32;
const CONTENT_LENGTH_DIGITS_MAX = 15;

const NOT_YET = -1;
const BROKEN = -2;

/** What never became a request that could be answered. */
export type RequestProblem = "too-long" | "malformed";

/**
 * Reads the requests of one connection (HTTP/1.0 and 1.1), however the network cut them. What it
 * read of a request stands in its fields until the next one is asked for.
 *
 * It takes only what it understands in full, because whoever reads a request otherwise than the
 * proxy in front could be told another one: lines end in CRLF, no line continues another, and no
 * byte is a control character. After a problem it must not be asked again.
 */
export class RequestParser {
  /** What has come; the offsets below are into it. */
  bytes: Buffer = NOTHING;
  isGet = false;
  pathFrom = 0;
  pathTo = 0;
  queryFrom = 0;
  queryTo = 0;
  isHttp11 = false;
  keepsAlive = false;
  /** It announces a body, which nobody needs to send: it is answered, and read no further. */
  hasBody = false;
  /** The values of `X-Forwarded-For`, if asked for; there is no list until the first. */
  forwardedFor: string[] | null = null;

  readonly #readsForwardedFor: boolean;
  /** How much of `bytes` has come. */
  #end = 0;
  #start = 0;
  #line = 0;
  #scanned = 0;
  #inHeaders = false;
  #closes = false;
  #stays = false;
  #contentLength = -1;

  constructor({ readsForwardedFor }: { readonly readsForwardedFor: boolean }) {
    this.#readsForwardedFor = readsForwardedFor;
  }

  /** Whether a request has begun and is not complete. */
  get hasPart(): boolean {
    return this.#start < this.#end;
  }

  /** Takes what came, the first `length` bytes; they must stay until it asks for more. */
  push(chunk: Buffer, length: number = chunk.length): void {
    if (!this.hasPart) {
      this.bytes = chunk;
      this.#end = length;
      this.#moveTo(0);
      return;
    }
    const gone = this.#start;
    const held = this.bytes.subarray(gone, this.#end);
    this.bytes = Buffer.concat([held, chunk.subarray(0, length)]);
    this.#end = this.bytes.length;
    this.#start = 0;
    this.#line -= gone;
    this.#scanned -= gone;
    this.pathFrom -= gone;
    this.pathTo -= gone;
    this.queryFrom -= gone;
    this.queryTo -= gone;
  }

  /** True if the next request is complete and stands in the fields; null until more bytes come. */
  next(): true | RequestProblem | null {
    while (this.hasPart) {
      const limit = this.#start + HEADER_BYTES_MAX;
      const end = Math.min(this.#end, limit);
      const lineFeed = this.#lineFeed(end);
      if (lineFeed === BROKEN) return "malformed";
      if (lineFeed === NOT_YET) return end === limit ? "too-long" : null;
      const from = this.#line;
      const to = lineFeed - 1;
      this.#line = lineFeed + 1;
      this.#scanned = lineFeed + 1;
      if (from === to) {
        if (this.#inHeaders) return this.#finish();
        // An empty line may stand before a request (RFC 9112, section 2.2).
        this.#moveTo(this.#line);
        continue;
      }
      const understood = this.#inHeaders ? this.#header(from, to) : this.#requestLine(from, to);
      if (!understood) return "malformed";
    }
    return null;
  }

  #moveTo(start: number): void {
    this.#start = start;
    this.#line = start;
    this.#scanned = start;
  }

  #finish(): true {
    this.hasBody ||= this.#contentLength > 0;
    this.keepsAlive = !this.#closes && !this.hasBody && (this.isHttp11 || this.#stays);
    this.#inHeaders = false;
    this.#moveTo(this.#line);
    return true;
  }

  /** Where the line ends that begins at `#line`. */
  #lineFeed(end: number): number {
    const { bytes } = this;
    let at = this.#scanned;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (byte < SPACE || byte === DELETE) {
        if (byte === CR) {
          if (at + 1 === end) break;
          return bytes[at + 1] === LF ? at + 1 : BROKEN;
        }
        if (byte !== TAB) return BROKEN;
      }
      at += 1;
    }
    this.#scanned = at;
    return NOT_YET;
  }

  #requestLine(from: number, to: number): boolean {
    const { bytes } = this;
    const versionFrom = to - VERSION.length - 1;
    const minor = bytes[to - 1] ?? 0;
    if (minor !== ZERO && minor !== ONE) return false;
    for (let at = 0; at < VERSION.length; at += 1) {
      if (bytes[versionFrom + at] !== VERSION[at]) return false;
    }
    const targetFrom = this.#method(from, versionFrom);
    if (targetFrom < 0 || !this.#target(targetFrom, versionFrom)) return false;
    this.isHttp11 = minor === ONE;
    this.hasBody = false;
    this.forwardedFor = null;
    this.#closes = false;
    this.#stays = false;
    this.#contentLength = -1;
    this.#inHeaders = true;
    return true;
  }

  /** Where the target begins; −1 if there is no method. */
  #method(from: number, to: number): number {
    const { bytes } = this;
    let same = 0;
    while (same < METHOD.length && bytes[from + same] === METHOD[same]) same += 1;
    this.isGet = same === METHOD.length;
    if (this.isGet) return from + same;
    let at = from;
    while (at < to && isToken(bytes[at] ?? 0)) at += 1;
    const isMethod = at > from && at - from <= METHOD_BYTES_MAX && bytes[at] === SPACE;
    return isMethod ? at + 1 : -1;
  }

  /** Only visible ASCII: BEP 3 wants all else escaped. */
  #target(from: number, to: number): boolean {
    const { bytes } = this;
    if (from >= to) return false;
    let mark = to;
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte <= SPACE || byte >= DELETE) return false;
      if (byte === QUESTION_MARK && mark === to) mark = at;
    }
    this.pathFrom = bytes[from] === SLASH ? from : this.#behindAuthority(from, mark);
    this.pathTo = mark;
    this.queryFrom = mark === to ? to : mark + 1;
    this.queryTo = to;
    return this.pathFrom < mark || !this.isGet;
  }

  /** A proxy may be asked for `http://host/path` (RFC 9112, section 3.2.2). */
  #behindAuthority(from: number, to: number): number {
    if (!lowerCaseIs(this.bytes, from, SCHEME)) return to;
    let at = from + SCHEME.length;
    while (at < to && this.bytes[at] !== SLASH) at += 1;
    return at;
  }

  #header(from: number, to: number): boolean {
    const { bytes } = this;
    let colon = from;
    while (colon < to && isToken(bytes[colon] ?? 0)) colon += 1;
    if (colon === from || colon === to || bytes[colon] !== COLON) return false;
    const length = colon - from;
    // Of the headers we know, no two names are of the same length.
    if (length === 10 && lowerCaseIs(bytes, from, "connection")) {
      const value = { bytes, from: colon + 1, to };
      this.#closes ||= tokensHave(value, "close");
      this.#stays ||= tokensHave(value, "keep-alive");
    } else if (length === 14 && lowerCaseIs(bytes, from, "content-length")) {
      return this.#bodyLength(colon + 1, to);
    } else if (length === 17 && lowerCaseIs(bytes, from, "transfer-encoding")) {
      this.hasBody = true;
    } else if (length === 15 && lowerCaseIs(bytes, from, "x-forwarded-for")) {
      if (this.#readsForwardedFor) this.#keepForwardedFor(colon + 1, to);
    }
    return true;
  }

  #bodyLength(from: number, to: number): boolean {
    const { bytes } = this;
    let first = from;
    let last = to;
    while (first < last && isBlank(bytes[first])) first += 1;
    while (first < last && isBlank(bytes[last - 1])) last -= 1;
    if (first === last || last - first > CONTENT_LENGTH_DIGITS_MAX) return false;
    let length = 0;
    for (let at = first; at < last; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte < ZERO || byte > NINE) return false;
      length = length * 10 + (byte - ZERO);
    }
    if (this.#contentLength >= 0 && this.#contentLength !== length) return false;
    this.#contentLength = length;
    return true;
  }

  #keepForwardedFor(from: number, to: number): void {
    this.forwardedFor ??= [];
    this.forwardedFor.push(this.bytes.toString("latin1", from, to));
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}
