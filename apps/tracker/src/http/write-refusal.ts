import { encodeFailure } from "./encode-failure.ts";
import { beginOk, endOk, type Persistence, type PlainReply, writePlain } from "./http-head.ts";
import type { ReplyBytes } from "./reply-bytes.ts";
import type { RequestProblem } from "./request-parser.ts";

const NOT_FOUND: PlainReply = { status: "404 Not Found", body: "Not found\n" };
const WRONG_METHOD: PlainReply = { status: "405 Method Not Allowed", header: "Allow: GET\r\n" };
const NOT_HTTP: PlainReply = {
  status: "400 Bad Request",
  body: "d14:failure reason19:Request is not HTTPe",
};

export function writeNotFound(persistence: Persistence, output: ReplyBytes): void {
  writePlain(NOT_FOUND, persistence, output);
}

/** The last reply of its connection. */
export function writeWrongMethod(output: ReplyBytes): void {
  writePlain(WRONG_METHOD, "closes", output);
}

/**
 * The last reply of its connection. A request that is too long is an announce gone wrong, so it is
 * told in the way of announces, with a 200.
 */
export function writeProblem(problem: RequestProblem, output: ReplyBytes): void {
  if (problem === "malformed") return writePlain(NOT_HTTP, "closes", output);
  const bodyFrom = beginOk("closes", output);
  encodeFailure({ sendableText: "Request is too long", retryInMinutes: null }, output);
  endOk(bodyFrom, output);
}
