import { contentUnreadable } from "@seedfleet/content";
import { type Clock, SeedfleetError } from "@seedfleet/runtime";
import type { Answer } from "./answer.ts";
import { PassingFault } from "./faults.ts";
import { exchange, type Question } from "./http-exchange.ts";
import { REDIRECTS_MAX } from "./http-limits.ts";
import { shown } from "./location.ts";
import { OriginAgents } from "./origin-agents.ts";
import { type Allowed, isRedirect, RedirectsKept, redirectTarget } from "./redirects.ts";
import { retrying } from "./retrying.ts";

export type HttpContentPorts = {
  readonly clock: Clock;
  /** Asked of every URL that an origin redirects to; the location itself is the caller's choice. */
  readonly allowed: Allowed;
};

/** An answer that is no redirect, and the URL that gave it. */
export type Asked = { readonly answer: Answer; readonly url: URL };

/** One request; may be made several times. */
type Ask<Result> = (ask: (question: Omit<Question, "signal">) => Promise<Asked>) => Promise<Result>;

export type ClientOptions = {
  readonly signal: AbortSignal;
  /** Whether to begin where the redirects of the last minute led. */
  readonly shortcut: boolean;
};

/** Asks origins: follows redirects by hand, tries again what may pass, keeps connections. */
export class HttpClient implements Disposable {
  readonly #ports: HttpContentPorts;
  readonly #agents = new OriginAgents();
  readonly #redirects: RedirectsKept;
  readonly #closing = new AbortController();

  constructor(ports: HttpContentPorts) {
    this.#ports = ports;
    this.#redirects = new RedirectsKept(ports.clock);
  }

  get clock(): Clock {
    return this.#ports.clock;
  }

  /** Aborts with any of the signals, and when the client is disposed of. */
  signalOf(signals: readonly AbortSignal[]): AbortSignal {
    return AbortSignal.any([this.#closing.signal, ...signals]);
  }

  /** Does `work`, again while it fails with a `PassingFault` and the limits let it. */
  async trying<Result>(url: URL, work: Ask<Result>, options: ClientOptions): Promise<Result> {
    const { signal } = options;
    return retrying({ clock: this.clock, url, signal }, async () => {
      const begin = options.shortcut ? this.#redirects.find(url) : null;
      try {
        return await work((question) => this.#ask(url, begin ?? url, { ...question, signal }));
      } catch (error) {
        if (begin === null) throw error;
        // The place may be another by now, or its signature may have expired.
        this.#redirects.forget(url);
        if (!(error instanceof SeedfleetError)) throw error;
        throw new PassingFault(error.message, { waitMs: 0, cause: error });
      }
    });
  }

  [Symbol.dispose](): void {
    this.#closing.abort(contentUnreadable("content at an origin", "this process is stopping"));
    this.#agents[Symbol.dispose]();
  }

  async #ask(from: URL, begin: URL, question: Question): Promise<Asked> {
    const ports = { clock: this.clock, agents: this.#agents };
    let url = begin;
    for (let followed = 0; ; followed += 1) {
      const answer = await exchange(ports, url, question);
      if (!isRedirect(answer.status)) {
        if (followed > 0) this.#redirects.keep(from, url);
        return { answer, url };
      }
      answer.discard();
      if (followed === REDIRECTS_MAX) {
        throw contentUnreadable(shown(from), `it redirects more than ${REDIRECTS_MAX} times`);
      }
      url = redirectTarget(url, answer.headers.location, this.#ports.allowed);
    }
  }
}
