import type { CheckedProcess } from "@seedfleet/contracts";
import { formatDuration } from "../format.ts";
import { type About, type Finding, ok, problem, warning } from "./finding.ts";
import { nameOf } from "./judge-processes.ts";

/** More than any answer takes; logs of several machines are hard to read together beyond it. */
export const SKEW_WARNED_MS = 2_000;

/** S3 refuses requests of more, and certificates that were just made are not valid yet. */
export const SKEW_PROBLEM_MS: number = 5 * 60_000;

const SET_THE_CLOCK = "have chrony or systemd-timesyncd set the clock of the machine that is wrong";

/** Whether this machine, NATS and every process have the same time. */
export function judgeClocks(
  processes: readonly CheckedProcess[],
  busAheadMs: number | null,
): readonly Finding[] {
  const skews = processes.flatMap(({ presence, checkup, answeredAtMs }) =>
    checkup === null ? [] : [{ subject: nameOf(presence), aheadMs: checkup.nowMs - answeredAtMs }],
  );
  if (busAheadMs !== null) skews.push({ subject: "NATS", aheadMs: busAheadMs });
  if (skews.length === 0) return [];
  const wrong = skews.flatMap(({ subject, aheadMs }) => judgeSkew(subject, aheadMs));
  if (wrong.length > 0) return wrong;
  const most = Math.max(...skews.map(({ aheadMs }) => Math.abs(aheadMs)));
  const about: About = { check: "clocks", subject: null };
  return [ok(about, `all clocks are within ${Math.ceil(most)} ms of this machine's`)];
}

function judgeSkew(subject: string, aheadMs: number): readonly Finding[] {
  const skewMs = Math.abs(aheadMs);
  if (skewMs < SKEW_WARNED_MS) return [];
  const about: About = { check: "clocks", subject };
  const way = aheadMs > 0 ? "ahead of" : "behind";
  const found = `its clock is ${formatDuration(skewMs)} ${way} this machine's`;
  return [(skewMs < SKEW_PROBLEM_MS ? warning : problem)(about, found, SET_THE_CLOCK)];
}
