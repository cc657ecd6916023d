import type { AddressBytes } from "../addresses/address-bytes.ts";
import type { LateAnswer } from "./late-answer.ts";
import type { ReplyBytes } from "./reply-bytes.ts";
import type { RequestParser } from "./request-parser.ts";
import type { WholeScrape } from "./whole-scrape.ts";

/** What never became an announce or a scrape. */
export type HttpRefusal =
  | "too-long"
  | "malformed"
  | "timeout"
  | "method"
  | "not-found"
  | "proxy-header"
  | "forwarded-for"
  | "connections-full";

export type HttpQuestion = {
  /** Its path, query and `forwardedFor`; to be read before anything is awaited. */
  readonly request: RequestParser;
  /** Whose connection it is. */
  readonly address: AddressBytes;
  readonly nowMs: number;
};

export type HttpAnswer = "written" | WholeScrape | LateAnswer;

/** Answers the requests of every connection of a listener. */
export type HttpHandler = {
  /**
   * Writes the bencoded body of a 200 behind what `output` holds and gives "written". Null if there
   * is nothing at this path. What was written is taken back unless that was all.
   */
  answer(question: HttpQuestion, output: ReplyBytes): HttpAnswer | null;
  refused(refusal: HttpRefusal): void;
};
