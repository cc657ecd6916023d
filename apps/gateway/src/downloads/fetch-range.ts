import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { type CancelTimer, type Clock, errorCode, VERSION } from "@seedfleet/runtime";
import {
  ADDRESS_NOT_ALLOWED,
  allowedLookup,
  mayConnect,
  type ResolveName,
} from "../outbound/allowed-lookup.ts";
import type { OutboundRule } from "../outbound/outbound-rule.ts";
import { whyUnreachable } from "../outbound/why-unreachable.ts";
import { isHttp } from "./web-seed-parts.ts";

/** From a name to another, to https, to where files are kept; more than this is a circle. */
export const WEB_SEED_REDIRECTS_MAX = 5;

/** A server that sends nothing for so long is asked later. */
export const WEB_SEED_STALL_MS_MAX = 20_000;

/** For all of a request: 2 MiB within it are 17 KiB a second. */
export const WEB_SEED_REQUEST_MS_MAX = 120_000;

/** A server that asks for more time than this is asked by then. */
export const WEB_SEED_RETRY_AFTER_MS_MAX = 3_600_000;

/** A whole file that comes instead of a part of it is taken if it is no longer. */
export const WEB_SEED_WHOLE_BYTES_MAX: number = 2 * 1_024 * 1_024;

/** Of an answer. */
const HEADER_BYTES_MAX: number = 16 * 1_024;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Statuses that may pass. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Why a web seed is left alone for good. */
export type WebSeedFault =
  | "not-there"
  | "refused"
  | "no-ranges"
  | "other-size"
  | "redirects"
  | "not-allowed";

export type RangeOutcome =
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  /** It may be asked again, after as long as it wants; null if it does not say. */
  | { readonly kind: "away"; readonly reason: string; readonly waitMs: number | null }
  | { readonly kind: "fault"; readonly fault: WebSeedFault; readonly reason: string }
  | { readonly kind: "stopped" };

export type WantedRange = {
  readonly url: URL;
  readonly fromByte: number;
  readonly lengthBytes: number;
  readonly fileBytes: number;
};

export type FetchRangePorts = {
  readonly clock: Clock;
  readonly rule: OutboundRule;
  /** Instead of the system's own. */
  readonly resolve?: ResolveName;
};

/** The connections of one web seed, which are used again. */
export class WebSeedAgents implements Disposable {
  readonly http: HttpAgent = new HttpAgent({ keepAlive: true, maxFreeSockets: 2 });
  readonly https: HttpsAgent = new HttpsAgent({ keepAlive: true, maxFreeSockets: 2 });

  [Symbol.dispose](): void {
    this.http.destroy();
    this.https.destroy();
  }
}

/** Asks an HTTP server for a part of a file, wherever it sends us for it. Never rejects. */
export async function fetchRange(
  ports: FetchRangePorts & { readonly agents: WebSeedAgents },
  wanted: WantedRange,
  signal: AbortSignal,
): Promise<RangeOutcome> {
  let { url } = wanted;
  for (let followed = 0; ; followed += 1) {
    if (signal.aborted) return STOPPED;
    if (!mayConnect(ports.rule, url.hostname)) return NOT_ALLOWED;
    const outcome = await new RangeRequest(ports, { ...wanted, url }, signal).result;
    if (outcome.kind !== "redirect") return outcome;
    const { location } = outcome;
    const next = URL.canParse(location, url) ? new URL(location, url) : null;
    if (next === null || !isHttp(next)) return fault("redirects", "it redirects to no HTTP server");
    if (followed === WEB_SEED_REDIRECTS_MAX) return fault("redirects", "it redirects in circles");
    url = next;
  }
}

type Redirect = { readonly kind: "redirect"; readonly location: string };

const STOPPED: RangeOutcome = { kind: "stopped" };
const NOT_ALLOWED: RangeOutcome = fault(
  "not-allowed",
  "its address is not one this gateway goes to",
);

class RangeRequest {
  readonly result: Promise<RangeOutcome | Redirect>;
  readonly #give: (outcome: RangeOutcome | Redirect) => void;
  readonly #clock: Clock;
  readonly #wanted: WantedRange;
  readonly #request: ClientRequest;
  readonly #signal: AbortSignal;
  readonly #cancelDeadline: CancelTimer;
  readonly #abort = (): void => this.#settle(STOPPED);
  #cancelStall: CancelTimer = () => {};
  #isSettled = false;

  constructor(
    ports: FetchRangePorts & { readonly agents: WebSeedAgents },
    wanted: WantedRange,
    signal: AbortSignal,
  ) {
    const { promise, resolve } = Promise.withResolvers<RangeOutcome | Redirect>();
    this.result = promise;
    this.#give = resolve;
    this.#clock = ports.clock;
    this.#wanted = wanted;
    this.#signal = signal;
    const { url, fromByte, lengthBytes } = wanted;
    const isTls = url.protocol === "https:";
    this.#request = (isTls ? httpsRequest : httpRequest)(url, {
      agent: isTls ? ports.agents.https : ports.agents.http,
      headers: {
        accept: "*/*",
        "accept-encoding": "identity",
        range: `bytes=${fromByte}-${fromByte + lengthBytes - 1}`,
        "user-agent": `Seedfleet/${VERSION}`,
      },
      lookup: allowedLookup(ports.rule, ports.resolve),
      maxHeaderSize: HEADER_BYTES_MAX,
    });
    this.#cancelDeadline = ports.clock.after(WEB_SEED_REQUEST_MS_MAX, () =>
      this.#settle(away("it takes too long")),
    );
    this.#watch();
    signal.addEventListener("abort", this.#abort, { once: true });
    this.#request.on("error", (error) => this.#broken(error));
    this.#request.once("response", (response) => this.#judge(response));
    this.#request.end();
  }

  #judge(response: IncomingMessage): void {
    const { statusCode: status = 0, headers } = response;
    response.on("error", (error) => this.#broken(error));
    const { location } = headers;
    if (REDIRECTS.has(status) && location !== undefined) {
      return this.#settle({ kind: "redirect", location });
    }
    const { fromByte, lengthBytes, fileBytes } = this.#wanted;
    const encoding = headers["content-encoding"] ?? "identity";
    if (status !== 206 && status !== 200) {
      return this.#settle(refusal(status, headers["retry-after"]));
    }
    if (encoding !== "identity") return this.#settle(fault("no-ranges", "it encodes the file"));
    if (status === 206) {
      const wrong = wrongRange(headers["content-range"], this.#wanted);
      if (wrong !== null) return this.#settle(wrong);
      return this.#read(response, { skipBytes: 0, bodyBytes: lengthBytes });
    }
    const isOther = Number(headers["content-length"] ?? fileBytes) !== fileBytes;
    if (isOther) return this.#settle(fault("other-size", "its file has another size"));
    const isShort = fileBytes <= WEB_SEED_WHOLE_BYTES_MAX;
    if (!isShort) return this.#settle(fault("no-ranges", "it sends no parts of files"));
    this.#read(response, { skipBytes: fromByte, bodyBytes: fileBytes });
  }

  #read(
    response: IncomingMessage,
    { skipBytes, bodyBytes }: { readonly skipBytes: number; readonly bodyBytes: number },
  ): void {
    const body = Buffer.allocUnsafe(bodyBytes);
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      this.#watch();
      if (bytes + chunk.length > bodyBytes) {
        return this.#settle(fault("other-size", "it sends more than it was asked for"));
      }
      body.set(chunk, bytes);
      bytes += chunk.length;
    });
    response.once("end", () => {
      if (bytes < bodyBytes) return this.#settle(away("it sends less than it announced"));
      const part = body.subarray(skipBytes, skipBytes + this.#wanted.lengthBytes);
      this.#settle({ kind: "bytes", bytes: part });
    });
    response.once("close", () => this.#settle(away("the connection was closed before the end")));
  }

  #watch(): void {
    if (this.#isSettled) return;
    this.#cancelStall();
    this.#cancelStall = this.#clock.after(WEB_SEED_STALL_MS_MAX, () =>
      this.#settle(away("it sends nothing")),
    );
  }

  #broken(error: Error): void {
    if (errorCode(error) === ADDRESS_NOT_ALLOWED) return this.#settle(NOT_ALLOWED);
    // It may have closed an idle connection just when we took it.
    const waitMs = this.#request.reusedSocket && errorCode(error) === "ECONNRESET" ? 0 : null;
    const reason = whyUnreachable(errorCode(error) ?? "unknown");
    this.#settle({ kind: "away", reason, waitMs });
  }

  /** Only the first outcome counts. A connection is kept if all of its answer came. */
  #settle(outcome: RangeOutcome | Redirect): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#cancelStall();
    this.#cancelDeadline();
    this.#signal.removeEventListener("abort", this.#abort);
    this.#give(outcome);
    if (outcome.kind !== "bytes") this.#request.destroy();
  }
}

function refusal(status: number, retryAfter: string | undefined): RangeOutcome {
  if (PASSING.has(status)) {
    return { kind: "away", reason: `it answers ${status}`, waitMs: retryAfterMs(retryAfter) };
  }
  const isGone = status === 404 || status === 410;
  if (isGone) return fault("not-there", `it does not have the file (${status})`);
  if (status === 416) return fault("other-size", "its file is shorter (416)");
  return fault("refused", `it answers ${status}`);
}

/** Only seconds are taken: a date would need its clock to be ours. */
function retryAfterMs(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return null;
  return Math.min(WEB_SEED_RETRY_AFTER_MS_MAX, Number(text) * 1_000);
}

function wrongRange(text: string | undefined, wanted: WantedRange): RangeOutcome | null {
  const [, first, last, size] =
    /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i.exec(text ?? "") ?? [];
  const { fromByte, lengthBytes, fileBytes } = wanted;
  if (size !== undefined && size !== "*" && Number(size) !== fileBytes) {
    return fault("other-size", "its file has another size");
  }
  const isIt = Number(first) === fromByte && Number(last) === fromByte + lengthBytes - 1;
  return isIt ? null : fault("no-ranges", "it sends other parts than it was asked for");
}

function fault(code: WebSeedFault, reason: string): RangeOutcome {
  return { kind: "fault", fault: code, reason };
}

function away(reason: string): RangeOutcome {
  return { kind: "away", reason, waitMs: null };
}
