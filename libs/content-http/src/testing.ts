import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { CancelTimer } from "@seedfleet/runtime";
import { Gathered, VirtualClock } from "@seedfleet/testkit";

/** What goes wrong with an answer. Bytes are counted in the body. */
export type OriginFault =
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string }
  /** All of the file, with 200. */
  | { readonly kind: "no-ranges" }
  | { readonly kind: "redirect"; readonly to: string }
  /** The headers said how many bytes come; after so many the connection is cut. */
  | { readonly kind: "truncated"; readonly afterBytes: number }
  /** The connection is cut before there is an answer. */
  | { readonly kind: "reset" }
  /** No byte comes any more, nor an answer where `afterBytes` is null. */
  | { readonly kind: "stalled"; readonly afterBytes: number | null }
  /** So many bytes at a time, each in a turn of its own. */
  | { readonly kind: "slow"; readonly bytes: number }
  /** So many bytes more than were asked for, or fewer, and no header that says how many. */
  | { readonly kind: "wrong-length"; readonly moreBytes: number }
  /** Headers as they are given, over those of a right answer; null leaves one out. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string | null>> };

export type OriginRequest = {
  readonly method: string;
  /** As it came, with its query. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
};

/** How the origin tells versions. */
export type OriginVersions = {
  readonly etag?: "strong" | "weak" | "none";
  readonly lastModified?: boolean;
};

type File = { readonly bytes: Uint8Array; readonly version: number };
type Planned = { readonly fault: OriginFault; times: number };
type Range = { readonly begin: number; readonly end: number };

const FIRST_VERSION_MS: number = Date.UTC(2026, 0, 1);

/**
 * An HTTP origin on a port of its own, with these files at these paths: ranges, ETags, conditions,
 * and whatever fault a test plans. Gone when disposed.
 */
export class GivenOrigin implements AsyncDisposable {
  /** Every request that came, in order. */
  readonly requests: Gathered<OriginRequest> = new Gathered();
  /** How many connections were opened, ever. */
  connections = 0;
  /** How many requests there were at once that had no whole answer yet, at most. */
  atOnceMost = 0;
  readonly #server: Server;
  readonly #versions: OriginVersions;
  readonly #files = new Map<string, File>();
  readonly #faults = new Map<string, Planned[]>();
  #atOnce = 0;
  #held: (() => void)[] | null = null;
  #writes = 0;

  private constructor(server: Server, versions: OriginVersions) {
    this.#server = server;
    this.#versions = versions;
    server.on("request", (request, response) => this.#answer(request, response));
    server.on("connection", () => {
      this.connections += 1;
    });
  }

  static async start(
    files: Readonly<Record<string, string | Uint8Array>> = {},
    versions: OriginVersions = {},
  ): Promise<GivenOrigin> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    const origin = new GivenOrigin(server, versions);
    for (const [path, bytes] of Object.entries(files)) origin.write(path, bytes);
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", resolve);
    await listening;
    return origin;
  }

  /** Its URL, or that of a path; the path is taken as it is, so it must be encoded. */
  at(path = ""): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${path}`;
  }

  /** A new version of the file: another ETag, and another time. */
  write(path: string, bytes: string | Uint8Array): void {
    this.#files.set(`/${path}`, { bytes: Buffer.from(bytes), version: ++this.#writes });
  }

  remove(path: string): void {
    this.#files.delete(`/${path}`);
  }

  /** The next `times` requests for the path fail so; planned faults happen one after the other. */
  plan(path: string, fault: OriginFault, times: number = Number.POSITIVE_INFINITY): void {
    const planned = this.#faults.get(`/${path}`) ?? [];
    this.#faults.set(`/${path}`, [...planned, { fault, times }]);
  }

  /** From now on nothing goes wrong. */
  heal(): void {
    this.#faults.clear();
  }

  /** From now on no request is answered, until all are that came since. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const answer of held) answer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url: target = "", headers } = request;
    this.#count(response);
    this.requests.add({ method, target, headers });
    if (this.#held !== null) {
      this.#held.push(() => this.#answerNow(request, response));
    } else {
      this.#answerNow(request, response);
    }
  }

  #answerNow(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url: target = "", headers } = request;
    const [path = ""] = target.split("?");
    const fault = this.#nextFault(path);
    const file = this.#files.get(path);
    if (fault?.kind === "reset") return void request.socket.resetAndDestroy();
    if (fault?.kind === "stalled" && fault.afterBytes === null) return;
    if (fault?.kind === "status") {
      const after = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
      return void response.writeHead(fault.status, after).end("no\n");
    }
    if (fault?.kind === "redirect") {
      return void response.writeHead(302, { location: fault.to }).end("there\n");
    }
    if (file === undefined) return void response.writeHead(404).end("nothing here\n");
    this.#give(file, { method, headers, response, fault });
  }

  #give(
    file: File,
    {
      method,
      headers,
      response,
      fault,
    }: {
      readonly method: string;
      readonly headers: IncomingMessage["headers"];
      readonly response: ServerResponse;
      readonly fault: OriginFault | null;
    },
  ): void {
    const versions = this.#versionHeaders(file);
    const { length: size } = file.bytes;
    if (!isAsExpected(headers, versions)) return void response.writeHead(412, versions).end();
    const range = fault?.kind === "no-ranges" ? null : parseRange(headers.range, size);
    if (range === "unsatisfied") {
      return void response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    }
    const { begin, end } = range ?? { begin: 0, end: size };
    const body = withLength(file.bytes.subarray(begin, end), fault);
    const changed = fault?.kind === "headers" ? fault.headers : {};
    const all: Record<string, string | number | null> = {
      ...versions,
      "content-length": fault?.kind === "wrong-length" ? null : body.length,
      ...(range === null ? {} : { "content-range": `bytes ${begin}-${end - 1}/${size}` }),
      ...changed,
    };
    const told = Object.entries(all).flatMap(([name, value]) =>
      value === null ? [] : [[name, value] as const],
    );
    response.writeHead(range === null ? 200 : 206, Object.fromEntries(told));
    if (method === "HEAD") return void response.end();
    void sendBody(response, body, fault);
  }

  #count(response: ServerResponse): void {
    this.#atOnce += 1;
    this.atOnceMost = Math.max(this.atOnceMost, this.#atOnce);
    response.once("close", () => {
      this.#atOnce -= 1;
    });
  }

  #nextFault(path: string): OriginFault | null {
    const [next, ...later] = this.#faults.get(path) ?? [];
    if (next === undefined) return null;
    next.times -= 1;
    if (next.times <= 0) this.#faults.set(path, later);
    return next.fault;
  }

  #versionHeaders({ version }: File): Record<string, string> {
    const { etag = "strong", lastModified = true } = this.#versions;
    const time = new Date(FIRST_VERSION_MS + version * 60_000).toUTCString();
    return {
      ...(etag === "none" ? {} : { etag: `${etag === "weak" ? "W/" : ""}"v${version}"` }),
      ...(lastModified ? { "last-modified": time } : {}),
    };
  }
}

/** Whether the conditions of the request hold (RFC 9110, 13.2). */
function isAsExpected(
  asked: IncomingMessage["headers"],
  versions: Readonly<Record<string, string>>,
): boolean {
  const match = asked["if-match"];
  if (match !== undefined) return match === versions["etag"];
  const since = asked["if-unmodified-since"];
  const time = versions["last-modified"];
  return since === undefined || time === undefined || Date.parse(time) <= Date.parse(since);
}

function parseRange(text: string | undefined, size: number): Range | "unsatisfied" | null {
  const match = /^bytes=(\d+)-(\d+)$/.exec(text ?? "");
  if (match === null) return null;
  const [begin = 0, last = 0] = match.slice(1).map(Number);
  return begin < size ? { begin, end: Math.min(last + 1, size) } : "unsatisfied";
}

function withLength(body: Uint8Array, fault: OriginFault | null): Uint8Array {
  if (fault?.kind !== "wrong-length") return body;
  const more = Buffer.alloc(Math.max(0, fault.moreBytes), "!");
  return Buffer.concat([body.subarray(0, body.length + Math.min(0, fault.moreBytes)), more]);
}

async function sendBody(
  response: ServerResponse,
  body: Uint8Array,
  fault: OriginFault | null,
): Promise<void> {
  if (fault?.kind === "truncated") {
    response.write(body.subarray(0, fault.afterBytes), () => response.destroy());
  } else if (fault?.kind === "stalled") {
    response.flushHeaders();
    response.write(body.subarray(0, fault.afterBytes ?? 0));
  } else if (fault?.kind === "slow") {
    for (let sent = 0; sent < body.length; sent += fault.bytes) {
      await new Promise((resolve) =>
        response.write(body.subarray(sent, sent + fault.bytes), resolve),
      );
    }
    response.end();
  } else {
    response.end(body);
  }
}

/** A virtual clock whose timers a test can await, so that it moves on only when one is set. */
export class WatchedClock extends VirtualClock {
  /** The delay of every timer that was ever set. */
  readonly delays: Gathered<number> = new Gathered();

  override after(delayMs: number, run: () => void): CancelTimer {
    const cancel = super.after(delayMs, run);
    this.delays.add(delayMs);
    return cancel;
  }

  /** Moves on by each of the delays, once a timer of that delay was set after the one before. */
  async pass(...delaysMs: readonly number[]): Promise<void> {
    for (const delayMs of delaysMs) {
      const before = this.#passed;
      const found = (delays: readonly number[]): number => delays.indexOf(delayMs, before);
      const delays = await this.delays.until((all) => found(all) >= 0);
      this.#passed = found(delays) + 1;
      this.advance(delayMs);
    }
  }

  #passed = 0;
}
