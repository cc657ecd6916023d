import type { CheckedProcess, FleetCheckup, Role } from "@seedfleet/contracts";
import { formatCount } from "../format.ts";
import { type About, type Finding, ok, problem, warning } from "./finding.ts";
import type { Looked } from "./observed.ts";

const FLEET: About = { check: "processes", subject: null };

/** What is missing without a role, and how bad that is. */
const ROLES: readonly {
  readonly role: Role;
  readonly level: "problem" | "warning";
  readonly lacks: string;
}[] = [
  { role: "gateway", level: "problem", lacks: "nobody can download" },
  { role: "tracker", level: "problem", lacks: "peers do not find the fleet" },
  { role: "piece-store", level: "problem", lacks: "only what gateways have cached can be had" },
  { role: "choking-scheduler", level: "warning", lacks: "each gateway decides for itself alone" },
  { role: "console", level: "warning", lacks: "no .torrent file can be fetched" },
];

/** Whether every role is there once at least, under names of their own, and answers. */
export function judgeProcesses(fleet: Looked<FleetCheckup> | null): readonly Finding[] {
  if (fleet === null) return [];
  if (fleet.kind !== "seen") {
    const why = fleet.kind === "late" ? `no answer in ${fleet.afterMs / 1_000} s` : fleet.reason;
    const todo = "see what is said of the bus, and the services' logs";
    return [problem(FLEET, `the fleet could not be asked: ${why}`, todo)];
  }
  const { processes } = fleet.seen;
  if (processes.length === 0) {
    const todo = "start the five services on this bus, or name the bus that they are on with --bus";
    return [problem(FLEET, "no service is on the bus", todo)];
  }
  return [
    ...ROLES.map((each) => judgeRole(each, processes)),
    ...judgeNames(processes),
    ...processes.flatMap(judgeAnswer),
  ];
}

function judgeRole(
  { role, level, lacks }: (typeof ROLES)[number],
  processes: readonly CheckedProcess[],
): Finding {
  const there = processes.filter(({ presence }) => presence.role === role);
  const leaving = there.filter(({ presence }) => presence.draining);
  if (there.length > leaving.length) {
    const ids = there.map(({ presence }) => presence.id).join(", ");
    return ok(FLEET, `${formatCount(there.length, role)}: ${ids}`);
  }
  const found =
    leaving.length > 0 ? `every ${role} is on its way out: ${lacks}` : `no ${role} runs: ${lacks}`;
  const todo = `start a ${role} on this bus, or see its log for why it ended`;
  return (level === "problem" ? problem : warning)(FLEET, found, todo);
}

/** Two that share a name take each other's place wherever they are known by it. */
function judgeNames(processes: readonly CheckedProcess[]): readonly Finding[] {
  const counts = new Map<string, number>();
  for (const { presence } of processes) {
    const name = nameOf(presence);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].flatMap(([name, count]) => {
    if (count === 1) return [];
    const about: About = { check: "processes", subject: name };
    const todo = "give each a SEEDFLEET_ID of its own; if one was just started again, look again";
    return [problem(about, `${count} processes go by this name`, todo)];
  });
}

function judgeAnswer({ presence, checkup, failure }: CheckedProcess): readonly Finding[] {
  if (checkup !== null || presence.draining) return [];
  const about: About = { check: "processes", subject: nameOf(presence) };
  if (failure === "bus-timeout") {
    const todo = "see its log, and whether a disk that it reads hangs or its processor is full";
    return [problem(about, "it is there but does not say how it is", todo)];
  }
  const todo = `update it if it is of another version (${presence.version}), or let its user of \
NATS serve seedfleet.v1.checkup, as deploy/nats/users.conf does`;
  return [warning(about, `it does not say how it is (${failure})`, todo)];
}

/** How findings call a process. */
export function nameOf({ role, id }: { readonly role: string; readonly id: string }): string {
  return `${role} ${id}`;
}
