import { digitsOf, type ReplyBytes } from "./reply-bytes.ts";

/** How a reply leaves its connection; `stays` is said aloud to HTTP/1.0 only. */
export type Persistence = "kept" | "stays" | "closes";

const ZERO = 0x30;

/** Most replies have from 100 to 999 bytes, so their length takes this many digits. */
const USUAL_DIGITS = 3;

const BODY_MARK = "\r\n\r\n";

const SAID: Readonly<Record<Persistence, string>> = {
  kept: "",
  stays: "Connection: keep-alive\r\n",
  closes: "Connection: close\r\n",
};

const KEPT = okHead("kept");
const STAYS = okHead("stays");
const CLOSES = okHead("closes");

/** Writes the head of a 200 whose body follows, and gives where the body begins. */
export function beginOk(persistence: Persistence, output: ReplyBytes): number {
  if (persistence === "kept") output.raw(KEPT);
  else output.raw(persistence === "closes" ? CLOSES : STAYS);
  return output.length;
}

/** Writes the length of the body, which is complete now, into the head before it. */
export function endOk(bodyFrom: number, output: ReplyBytes): void {
  const length = output.length - bodyFrom;
  const moved = digitsOf(length) - USUAL_DIGITS;
  const markFrom = bodyFrom - BODY_MARK.length;
  if (moved !== 0) {
    if (moved > 0) output.reserve(moved);
    output.bytes.copyWithin(markFrom + moved, markFrom, output.length);
    output.length += moved;
  }
  const { bytes } = output;
  let rest = length;
  for (let at = markFrom + moved - 1; at >= markFrom - USUAL_DIGITS; at -= 1) {
    bytes[at] = ZERO + (rest % 10);
    rest = (rest / 10) | 0;
  }
}

/** A reply that is not bencoded, in full. */
export function writePlain(
  { status, header = "", body = "" }: PlainReply,
  persistence: Persistence,
  output: ReplyBytes,
): void {
  output.text(`HTTP/1.1 ${status}\r\n${header}${SAID[persistence]}`);
  output.text(`Content-Type: text/plain\r\nContent-Length: ${body.length}${BODY_MARK}${body}`);
}

export type PlainReply = {
  readonly status: string;
  /** With its line end. */
  readonly header?: string;
  readonly body?: string;
};

function okHead(persistence: Persistence): Buffer {
  const length = "0".repeat(USUAL_DIGITS);
  const head = `HTTP/1.1 200 OK\r\n${SAID[persistence]}Content-Type: text/plain\r\n`;
  return Buffer.from(`${head}Content-Length: ${length}${BODY_MARK}`);
}
