import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { TRACKER_ANSWER_BYTES_MAX } from "@seedfleet/announce";
import { type CancelTimer, VERSION } from "@seedfleet/runtime";
import { allowedLookup } from "../outbound/allowed-lookup.ts";
import { type AnnounceOutcome, away, awayBy } from "./announce-outcome.ts";
import type { HttpAnnouncePorts } from "./http-announce.ts";

/** For the connection, be it encrypted: a host that is there answers within one or two seconds. */
export const HTTP_CONNECT_MS_MAX = 10_000;

/** Of an answer. */
const HEADER_BYTES_MAX: number = 16 * 1_024;

export type Page = {
  readonly status: number;
  readonly location: string | null;
  /** At most `TRACKER_ANSWER_BYTES_MAX`. */
  readonly body: Uint8Array;
};

const TOO_LONG = { kind: "violation", code: "answer-too-long" } as const;
const NOT_BENCODED = { kind: "violation", code: "answer-not-bencoded" } as const;

const unzipped = promisify(gunzip);

/** GETs a URL over a connection of its own, which is closed afterwards. Never rejects. */
export async function getPage(
  ports: HttpAnnouncePorts,
  url: URL,
  signal: AbortSignal,
): Promise<Page | AnnounceOutcome> {
  if (signal.aborted) return away("stopped", "the gateway stopped asking");
  const getting = new PageGetting(ports, url);
  const abort = (): void => getting.settle(away("stopped", "the gateway stopped asking"));
  signal.addEventListener("abort", abort, { once: true });
  const page = await getting.result;
  signal.removeEventListener("abort", abort);
  return page;
}

class PageGetting {
  readonly result: Promise<Page | AnnounceOutcome>;
  readonly #give: (result: Page | AnnounceOutcome) => void;
  readonly #request: ClientRequest;
  readonly #cancelConnect: CancelTimer;

  constructor(ports: HttpAnnouncePorts, url: URL) {
    const { promise, resolve } = Promise.withResolvers<Page | AnnounceOutcome>();
    this.result = promise;
    this.#give = resolve;
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    this.#request = send(url, {
      agent: false,
      headers: {
        accept: "*/*",
        "accept-encoding": "identity",
        connection: "close",
        "user-agent": `Seedfleet/${VERSION}`,
      },
      lookup: allowedLookup(ports.rule, ports.resolve),
      maxHeaderSize: HEADER_BYTES_MAX,
    });
    const connected = url.protocol === "https:" ? "secureConnect" : "connect";
    this.#request.once("socket", (socket) => socket.once(connected, () => this.#cancelConnect()));
    this.#cancelConnect = ports.clock.after(HTTP_CONNECT_MS_MAX, () =>
      this.settle(away("timed-out", "it does not answer")),
    );
    this.#request.on("error", (error) => this.settle(awayBy(error)));
    this.#request.once("response", (response) => this.#read(response));
    this.#request.end();
  }

  /** Ends the connection, whatever it is about; only the first result counts. */
  settle(result: Page | AnnounceOutcome): void {
    this.#cancelConnect();
    this.#give(result);
    this.#request.destroy();
  }

  #read(response: IncomingMessage): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > TRACKER_ANSWER_BYTES_MAX) return this.settle(TOO_LONG);
      chunks.push(chunk);
    });
    response.on("error", (error) => this.settle(awayBy(error)));
    response.once("end", () => void this.#finish(response, Buffer.concat(chunks)));
  }

  async #finish({ statusCode, headers }: IncomingMessage, received: Buffer): Promise<void> {
    const body = await decoded(received, headers["content-encoding"]);
    if ("kind" in body) return this.settle(body);
    this.settle({ status: statusCode ?? 0, location: headers.location ?? null, body });
  }
}

/** Some trackers compress whatever a client says that it takes. */
async function decoded(
  received: Buffer,
  encoding: string | undefined,
): Promise<Uint8Array | typeof TOO_LONG | typeof NOT_BENCODED> {
  if (encoding !== "gzip" && encoding !== "x-gzip") return received;
  try {
    return await unzipped(received, { maxOutputLength: TRACKER_ANSWER_BYTES_MAX });
  } catch (error) {
    return error instanceof RangeError ? TOO_LONG : NOT_BENCODED;
  }
}
