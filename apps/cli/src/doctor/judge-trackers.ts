import { type About, type Finding, ok, problem, warning } from "./finding.ts";
import type { AskedConsole, AskedTracker, Looked } from "./observed.ts";

type Known = {
  readonly hasTorrent: boolean;
  /** What `unseenFromInside` gives. */
  readonly unseen: ReadonlySet<string>;
};

/** Whether each tracker answers over each way that `.torrent` files name. */
export function judgeTrackers(asked: readonly AskedTracker[], known: Known): readonly Finding[] {
  return asked.map((tracker) => judgeTracker(tracker, known));
}

function judgeTracker(tracker: AskedTracker, { hasTorrent, unseen }: Known): Finding {
  const { id, url, scheme, looked } = tracker;
  const about: About = { check: "trackers", subject: `tracker ${id} at ${url}` };
  const away = looked.kind !== "seen" ? looked : looked.seen.kind === "away" ? looked.seen : null;
  if (away !== null) {
    const found = awayText(away);
    if (isUnseen(url, unseen)) return warning(about, found, LOOK_FROM_OUTSIDE);
    const way = scheme === "udp" ? "UDP" : "TCP";
    const todo = `open that port for ${way} and forward it to the tracker, or set \
SEEDFLEET_TRACKER_ADVERTISED_HOST and its ports to where clients reach it; ${LOOK_AGAIN}`;
    return problem(about, found, todo);
  }
  const seen = looked.kind === "seen" ? looked.seen : null;
  if (seen?.kind !== "refused") return ok(about, "it answers announces");
  if (!hasTorrent || /passkey/i.test(seen.reason)) {
    return ok(about, `it answers, and refuses whom it should (${seen.reason})`);
  }
  const todo = "see its log: it does not take a torrent that the fleet seeds";
  return warning(about, `it refuses an announce: ${seen.reason}`, todo);
}

/** Whether each console answers at the URL that people are given. */
export function judgeConsoles(
  asked: readonly AskedConsole[],
  { unseen }: Pick<Known, "unseen">,
): readonly Finding[] {
  return asked.map(({ id, url, looked }) => {
    const about: About = { check: "consoles", subject: `console ${id} at ${url}` };
    if (looked.kind === "seen" && looked.seen === 200) return ok(about, "it answers");
    const found =
      looked.kind === "seen" ? `it answers with HTTP status ${looked.seen}` : awayText(looked);
    if (isUnseen(url, unseen)) return warning(about, found, LOOK_FROM_OUTSIDE);
    const todo = `check the proxy and the firewall before it, or set SEEDFLEET_CONSOLE_URL to \
where people reach it; ${LOOK_AGAIN}`;
    return problem(about, found, todo);
  });
}

const LOOK_FROM_OUTSIDE =
  "run this outside its NAT, which does not lead back inside: from here it cannot be seen";

const LOOK_AGAIN = "behind a NAT that does not lead back inside run this outside of it";

function awayText(
  away: Exclude<Looked<unknown>, { kind: "seen" }> | { readonly kind: "away"; reason: string },
): string {
  return away.kind === "late"
    ? `it does not answer within ${away.afterMs / 1_000} s`
    : `it does not answer: ${away.reason}`;
}

function isUnseen(url: string, unseen: ReadonlySet<string>): boolean {
  return unseen.has(URL.parse(url)?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "");
}
