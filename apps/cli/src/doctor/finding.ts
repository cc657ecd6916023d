/** How much it matters: a warning may stay, a problem keeps the fleet from what it is for. */
export type Level = "ok" | "warning" | "problem";

/** What is looked at, in the order in which it is told. */
export const CHECKS = [
  "settings",
  "bus",
  "processes",
  "versions",
  "clocks",
  "gateways",
  "trackers",
  "consoles",
  "ports",
  "disks",
  "sources",
] as const;

export type Check = (typeof CHECKS)[number];

/** What a finding is of. */
export type About = {
  readonly check: Check;
  /** A process, an address, a path; null of the fleet as a whole. */
  readonly subject: string | null;
};

/** Something that was looked at, how it is, and what to do about it. */
export type Finding = About & {
  readonly level: Level;
  /** What was found, as one sentence without a full stop. */
  readonly found: string;
  /** What to do, as one sentence without a full stop; null where nothing is to be done. */
  readonly todo: string | null;
};

export function ok(about: About, found: string): Finding {
  return { ...about, level: "ok", found, todo: null };
}

export function warning(about: About, found: string, todo: string): Finding {
  return { ...about, level: "warning", found, todo };
}

export function problem(about: About, found: string, todo: string): Finding {
  return { ...about, level: "problem", found, todo };
}
