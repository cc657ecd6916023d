import { contentUnreadable } from "@seedfleet/content";
import type { Clock } from "@seedfleet/runtime";
import { REDIRECT_MS_MAX, REDIRECTS_KEPT_MAX } from "./http-limits.ts";
import { isHttp, refusalOf, shown } from "./location.ts";

/** Whether we may be sent to a URL; an origin is not trusted to say. */
export type Allowed = (url: URL) => boolean;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * Where a redirect leads. Throws `content-unreadable` where we do not follow: to another scheme
 * than HTTP, from https to http, with credentials, or to what is not allowed.
 */
export function redirectTarget(from: URL, location: string | undefined, allowed: Allowed): URL {
  const fail = (reason: string): never => {
    throw contentUnreadable(shown(from), `the origin redirects ${reason}`);
  };
  const to = URL.parse(location ?? "", from);
  if (location === undefined || to === null) return fail("without saying where to");
  if (!isHttp(to)) return fail(`to a ${to.protocol} URL, which is not followed`);
  if (from.protocol === "https:" && to.protocol === "http:") {
    return fail(`from https to http (${shown(to)}), which is not followed`);
  }
  const refused = refusalOf(to);
  if (refused !== null) return fail(`to ${shown(to)}, which is not followed: ${refused}`);
  to.hash = "";
  if (!allowed(to)) return fail(`to ${shown(to)}, which is not allowed here`);
  return to;
}

type Kept = { readonly to: URL; readonly untilMs: number };

/** Where redirects led, so that reads of the next minute need not follow them again. */
export class RedirectsKept {
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  find(from: URL): URL | null {
    const kept = this.#kept.get(from.href);
    return kept !== undefined && this.#clock.nowMs() < kept.untilMs ? kept.to : null;
  }

  keep(from: URL, to: URL): void {
    this.forget(from);
    this.#kept.set(from.href, { to, untilMs: this.#clock.nowMs() + REDIRECT_MS_MAX });
    if (this.#kept.size <= REDIRECTS_KEPT_MAX) return;
    const [oldest = ""] = this.#kept.keys();
    this.#kept.delete(oldest);
  }

  forget(from: URL): void {
    this.#kept.delete(from.href);
  }
}
