import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { Gathered } from "@seedfleet/testkit";

/** What the proxy does to an answer. Counts of bytes are of its body. */
export type Fault =
  /** Answers by itself, with S3's XML for an error unless there is a `body`. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly code?: string;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** It answers only when this has settled. */
      readonly after?: Promise<unknown>;
    }
  /** The store's answer with other headers, or without those that are null. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string | null>> }
  /** Only so many bytes, under a header that says as much or, unsaid, in chunks. */
  | { readonly kind: "short"; readonly bytes: number; readonly unsaid?: boolean }
  /** So many bytes, or not even headers where it is null, then the connection is reset. */
  | { readonly kind: "reset"; readonly afterBytes: number | null }
  /** The same, then nothing any more. */
  | { readonly kind: "stall"; readonly afterBytes: number | null }
  /** All of it, in so many parts with so long between them. */
  | { readonly kind: "slow"; readonly parts: number; readonly intervalMs: number };

export type Seen = {
  readonly method: string;
  /** Decoded, and without the bucket; empty for a request to the bucket. */
  readonly key: string;
  /** As in its header, or null. */
  readonly range: string | null;
  readonly ifMatch: string | null;
};

export type FaultScope = {
  /** To how many requests, the first ones; to all if absent. */
  readonly times?: number;
  readonly when?: (seen: Seen) => boolean;
};

type Rule = { readonly fault: Fault; readonly when: (seen: Seen) => boolean; left: number };

/** Stands before a store and passes on what it says, but for the faults that it was given. */
export class FaultProxy implements AsyncDisposable {
  /** Every request that came, in order. */
  readonly seen: Gathered<Seen> = new Gathered<Seen>();
  /** Those whose answers it holds back for good. */
  readonly stalled: Gathered<Seen> = new Gathered<Seen>();
  readonly #server: Server;
  readonly #upstream: URL;
  readonly #agent = new Agent({ keepAlive: true });
  #rules: Rule[] = [];
  readonly #heldBack: { readonly answer: ServerResponse; readonly rest: Buffer }[] = [];

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = createServer((incoming, answer) => this.#handle(incoming, answer));
  }

  static async start(upstream: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    // An address after "listening".
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Before the faults that are there already. */
  inject(fault: Fault, { times = Infinity, when = () => true }: FaultScope = {}): void {
    this.#rules.unshift({ fault, when, left: times });
  }

  /** From now on all is well. */
  heal(): void {
    this.#rules = [];
  }

  /** Sends what answers that stalled after their headers have yet to give. */
  resume(): void {
    for (const { answer, rest } of this.#heldBack.splice(0)) answer.end(rest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #handle(incoming: IncomingMessage, answer: ServerResponse): void {
    const seen = seenOf(incoming);
    const rule = this.#rules.find(({ left, when }) => left > 0 && when(seen));
    if (rule !== undefined) rule.left -= 1;
    const fault = rule?.fault ?? null;
    this.seen.add(seen);
    if (fault?.kind === "answer") {
      const answerNow = (): void => answerBy(fault, incoming, answer);
      return void (fault.after ?? Promise.resolve()).then(answerNow, answerNow);
    }
    if (fault?.kind === "stall" && fault.afterBytes === null) return this.stalled.add(seen);
    if (fault?.kind === "reset" && fault.afterBytes === null) {
      return void incoming.socket.resetAndDestroy();
    }
    const { method, url, headers } = incoming;
    const { hostname, port } = this.#upstream;
    const agent = this.#agent;
    const passed = request({ hostname, port, method, path: url, headers, agent }, (from) => {
      this.#passOn(from, answer, { fault, seen }).catch(() => answer.destroy());
    });
    passed.on("error", () => answer.destroy());
    incoming.pipe(passed);
  }

  async #passOn(
    from: IncomingMessage,
    answer: ServerResponse,
    { fault, seen }: { readonly fault: Fault | null; readonly seen: Seen },
  ): Promise<void> {
    const body = Buffer.concat(await from.toArray());
    const headers = { ...from.headers };
    if (fault?.kind === "headers") {
      for (const [name, value] of Object.entries(fault.headers)) headers[name] = value ?? undefined;
    }
    const sent = fault?.kind === "short" ? body.subarray(0, fault.bytes) : body;
    // The answer to a HEAD has no body, and yet the length that it would have.
    if (seen.method !== "HEAD") headers["content-length"] = String(sent.length);
    if (fault?.kind === "short" && fault.unsaid) delete headers["content-length"];
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) answer.setHeader(name, value);
    }
    answer.writeHead(from.statusCode ?? 502);
    if (fault?.kind === "slow") return sendSlowly(answer, sent, fault);
    // Headers first, or Node would say the length by itself.
    answer.flushHeaders();
    if (fault?.kind !== "reset" && fault?.kind !== "stall") return void answer.end(sent);
    const first = sent.subarray(0, fault.afterBytes ?? 0);
    await new Promise<void>((resolve) => answer.write(first, () => resolve()));
    if (fault.kind === "reset") return void answer.socket?.resetAndDestroy();
    this.#heldBack.push({ answer, rest: sent.subarray(first.length) });
    this.stalled.add(seen);
  }
}

function seenOf({ method = "", url = "", headers }: IncomingMessage): Seen {
  const [, ...key] = (url.split("?")[0] ?? "").slice(1).split("/");
  const { range = null, "if-match": ifMatch = null } = headers;
  return { method, key: decodeURIComponent(key.join("/")), range, ifMatch };
}

function answerBy(
  { status, code = "Fault", body, headers }: Extract<Fault, { kind: "answer" }>,
  incoming: IncomingMessage,
  answer: ServerResponse,
): void {
  const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>A fault</Message></Error>`;
  incoming.resume();
  answer.writeHead(status, { "content-type": "application/xml", ...headers });
  answer.end(incoming.method === "HEAD" ? "" : (body ?? xml));
}

async function sendSlowly(
  answer: ServerResponse,
  body: Buffer,
  { parts, intervalMs }: Extract<Fault, { kind: "slow" }>,
): Promise<void> {
  const partBytes = Math.ceil(body.length / parts);
  for (let at = 0; at < body.length && !answer.destroyed; at += partBytes) {
    answer.write(body.subarray(at, at + partBytes));
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  answer.end();
}
