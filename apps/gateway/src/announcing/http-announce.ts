import {
  type AnnounceFields,
  httpAnnounceUrl,
  readHttpAnswer,
  type TrackerUrl,
} from "@seedfleet/announce";
import type { Clock } from "@seedfleet/runtime";
import { mayConnect, type ResolveName } from "../outbound/allowed-lookup.ts";
import type { OutboundRule } from "../outbound/outbound-rule.ts";
import { type AnnounceOutcome, away, NOT_ALLOWED, type TrackerAway } from "./announce-outcome.ts";
import { getPage } from "./get-page.ts";

/** One leads from http to https, or to another name; more than this is a circle. */
export const TRACKER_REDIRECTS_MAX = 3;

/** For all of an announce over HTTP, redirects included. */
export const HTTP_ANNOUNCE_MS_MAX = 30_000;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export type HttpAnnouncePorts = {
  readonly clock: Clock;
  readonly rule: OutboundRule;
  /** Instead of the system's own. */
  readonly resolve?: ResolveName;
};

/**
 * One announce over HTTP. What the tracker says counts with any status, since many refuse with 4xx;
 * without it the status is the reason. Never rejects.
 */
export async function announceByHttp(
  ports: HttpAnnouncePorts,
  asked: { readonly tracker: TrackerUrl; readonly fields: AnnounceFields },
  stopped: AbortSignal,
): Promise<AnnounceOutcome> {
  const timedOut = new AbortController();
  const cancel = ports.clock.after(HTTP_ANNOUNCE_MS_MAX, () => timedOut.abort());
  try {
    const url = new URL(httpAnnounceUrl(asked.tracker, asked.fields));
    const outcome = await follow(ports, url, AbortSignal.any([stopped, timedOut.signal]));
    if (stopped.aborted) return away("stopped", "the gateway stopped asking");
    return timedOut.signal.aborted ? away("timed-out", "it takes too long") : outcome;
  } finally {
    cancel();
  }
}

async function follow(
  ports: HttpAnnouncePorts,
  first: URL,
  signal: AbortSignal,
): Promise<AnnounceOutcome> {
  let url = first;
  for (let followed = 0; ; followed += 1) {
    if (!mayConnect(ports.rule, url.hostname)) return NOT_ALLOWED;
    const page = await getPage(ports, url, signal);
    if ("kind" in page) return page;
    if (!REDIRECTS.has(page.status)) return judge(page.status, page.body);
    if (followed === TRACKER_REDIRECTS_MAX) return away("no-tracker", "it redirects in circles");
    const target = redirectTarget(url, page.location);
    if ("kind" in target) return target;
    url = target;
  }
}

function judge(status: number, body: Uint8Array): AnnounceOutcome {
  const answer = readHttpAnswer(body);
  if (answer.kind !== "violation" || (status >= 200 && status < 300)) return answer;
  return away("no-tracker", `it answers with HTTP status ${status}`);
}

/** Without what may be the credentials of another. */
function redirectTarget(from: URL, location: string | null): URL | TrackerAway {
  const to = location === null ? null : URL.parse(location, from);
  if (to === null) return away("no-tracker", "it redirects without saying where to");
  if (to.protocol !== "http:" && to.protocol !== "https:") {
    return away("no-tracker", "it redirects to what is not HTTP");
  }
  if (from.protocol === "https:" && to.protocol === "http:") {
    return away("no-tracker", "it redirects from https to http");
  }
  to.username = "";
  to.password = "";
  to.hash = "";
  return to;
}
