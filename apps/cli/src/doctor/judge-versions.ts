import type { CheckedProcess } from "@seedfleet/contracts";
import { type About, type Finding, ok, warning } from "./finding.ts";
import { nameOf } from "./judge-processes.ts";

const ABOUT: About = { check: "versions", subject: null };

/** Whether all processes are of one version, this command among them, and run on one Node. */
export function judgeVersions(
  processes: readonly CheckedProcess[],
  own: { readonly version: string; readonly node: string },
): readonly Finding[] {
  if (processes.length === 0) return [];
  const releases = grouped(processes, ({ presence }) => presence.version);
  const nodes = grouped(processes, ({ checkup }) => majorOf(checkup?.node));
  return [
    judgeReleases(releases, own.version),
    ...(nodes.size > 1 ? [mixedNodes(nodes)] : []),
    ...(nodes.size === 1 ? [judgeNode([...nodes.keys()].join(), majorOf(own.node) ?? "")] : []),
  ];
}

function judgeReleases(releases: Groups, own: string): Finding {
  if (releases.size > 1) {
    const todo = "finish the update, so that all of them are of one version";
    return warning(ABOUT, `several versions run: ${told(releases)}`, todo);
  }
  const [version = ""] = releases.keys();
  if (version === own) return ok(ABOUT, `every process is ${version}, as this command is`);
  const todo = `use the command of ${version}, or update the fleet to ${own}`;
  return warning(ABOUT, `every process is ${version}, and this command ${own}`, todo);
}

function mixedNodes(nodes: Groups): Finding {
  const todo = "have all of them run on the Node that npm ci installs, or on one image";
  return warning(ABOUT, `they run on several versions of Node: ${told(nodes)}`, todo);
}

function judgeNode(node: string, own: string): Finding {
  const also = node === own ? ", as this command does" : `, and this command on ${own}`;
  return ok(ABOUT, `they run on Node ${node}${also}`);
}

type Groups = ReadonlyMap<string, readonly string[]>;

/** The names of processes by what `of` gives; those of which it is not known are left out. */
function grouped(
  processes: readonly CheckedProcess[],
  of: (process: CheckedProcess) => string | null,
): Groups {
  const groups = new Map<string, string[]>();
  for (const process of processes) {
    const key = of(process);
    if (key === null) continue;
    groups.set(key, [...(groups.get(key) ?? []), nameOf(process.presence)]);
  }
  return groups;
}

/** Of the most first, of whom it is enough to be told how many there are. */
function told(groups: Groups): string {
  return [...groups]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([key, names]) => `${key} (${names.length > 3 ? names.length : names.join(", ")})`)
    .join(", ");
}

/** `26` of `v26.10.0`. */
function majorOf(node: string | undefined): string | null {
  return /^v(\d+)\./.exec(node ?? "")?.[1] ?? null;
}
