import type { AddressBytes } from "../addresses/address-bytes.ts";
import type { HandedOver } from "../announces/elsewhere.ts";
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
  /** Of a connection that this is all of, so that it may be handed over. */
  readonly descriptor?: number;
};

/** Of what is `handed-over` another thread has the connection. */
export type HttpAnswer = "written" | "handed-over" | WholeScrape | LateAnswer;

/** Answers the requests of every connection of a listener. */
export type HttpHandler = {
  /**
   * Writes the bencoded body of a 200 behind what `output` holds and gives "written". Null if there
   * is nothing at this path. What was written is taken back unless that was all.
   */
  answer(question: HttpQuestion, output: ReplyBytes): HttpAnswer | null;
  refused(refusal: HttpRefusal): void;
  /** Writes the body of an answer to an announce that came to another thread. */
  answerHandedOver(announce: HandedOver, output: ReplyBytes): void;
  /** Looks what other threads want; `often`: this is called again within a millisecond. */
  look(often: boolean): void;
};
