import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, isScalar, type Pair, parseDocument, stringify } from "yaml";

const ROOT = join(import.meta.dirname, "../..");
const VALUES = "deploy/helm/seedfleet/values.yaml";

export const CHART_README = "deploy/helm/seedfleet/README.md";

const HEAD = `# The chart

Generated from \`${VALUES}\` by
\`node tools/chart/chart-readme.ts\`; change the values' comments, not this page.
[docs/KUBERNETES.md](../../../docs/KUBERNETES.md) says how to size, upgrade and back up a fleet;
\`deploy/helm/examples\` has values for six kinds of cluster.

\`\`\`sh
helm install seedfleet deploy/helm/seedfleet --set tracker.advertisedHost=tracker.example.org
\`\`\`

Names in it are those of the release; a value that is none of these is refused.
`;

/** Defaults longer than this are in the file, and not in the table. */
const DEFAULT_LENGTH_MAX = 40;

/** What several services have, by the end of its name, where the file says nothing else. */
const EVERYWHERE: Readonly<Record<string, string>> = {
  replicas: "How many there are.",
  enabled: "Whether there is one.",
  settings: "More settings, SEEDFLEET_… by name.",
  nodeSelector: "Labels that nodes must have.",
  tolerations: "Taints of nodes that do no harm.",
  podAnnotations: "Annotations of the pods.",
  annotations: "Its annotations.",
  labels: "Its labels, beside the chart's.",
  requests: "What each is sure to have; [KUBERNETES.md](../../../docs/KUBERNETES.md) has figures.",
  limits: "What each has at most.",
  minReplicas: "How many there are at least.",
  maxReplicas: "How many there are at most.",
  cpuPercent: "Share of the requested processor; 0 does not look at it.",
  preStopSeconds: "It goes on answering for so long, so that nobody is sent to it any more.",
  shutdownDeadlineSeconds: "How long a process may take to stop before it is ended.",
  size: "How large a volume is.",
  accessModes: "How volumes are mounted.",
  whenScaled: "The same when there are fewer stores.",
  region: "Where buckets are.",
  className: "Its class.",
  host: "The name people reach it by.",
  interval: "How often.",
};

type Row = { readonly key: string; readonly text: string; readonly value: unknown };

/** The page of all values of the chart, from their file and its comments. */
export function chartReadme(): string {
  const document = parseDocument(readFileSync(join(ROOT, VALUES), "utf8"));
  const rows = isMap(document.contents)
    ? document.contents.items.flatMap((one) => rowsOf(one))
    : [];
  const cells = rows.map(({ key, text, value }) => [`\`${key}\``, shown(value), text]);
  return `${HEAD}\n${table([["value", "default", "what it is"], ...cells])}`;
}

/** A value, or those under it: what has members of its own and no comment is a folder of values. */
function rowsOf(pair: Pair, path: readonly string[] = [], inherited = ""): readonly Row[] {
  const { key, value } = pair;
  const name = isScalar(key) ? String(key.value) : String(key);
  const at = [...path, name];
  const comment = `${inherited} ${commentOf(pair)}`.trim();
  if (isMap(value) && value.items.length > 0 && value.flow !== true) {
    return value.items.flatMap((one, index) =>
      rowsOf(one, at, index === 0 ? `${comment} ${firstComment(value)}`.trim() : ""),
    );
  }
  const plain = isMap(value) || isScalar(value) ? value.toJSON() : value;
  const text = comment || (EVERYWHERE[name] ?? "");
  return [{ key: at.join("."), text, value: isNode(plain) ? plain.toJSON() : plain }];
}

/** The parser gives the comment before the first key of a map to the map. */
function firstComment(map: { readonly commentBefore?: string | null | undefined }): string {
  return unwrapped(map.commentBefore);
}

function commentOf({ key }: Pair): string {
  return isScalar(key) ? unwrapped(key.commentBefore) : "";
}

/** Only the lines right above a key are about it. */
function unwrapped(comment: string | null | undefined): string {
  const text = (comment ?? "").split(/\n\s*\n/).at(-1) ?? "";
  return text.replaceAll(/\s+/g, " ").trim().replaceAll("|", "\\|");
}

/** As the formatter wants it: columns of one width. */
function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)),
  );
  const rule = widths.map((width) => "-".repeat(width));
  const lines = [head, rule, ...rows].map((row) => {
    return `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  });
  return lines.join("");
}

function isNode(value: unknown): value is { toJSON(): unknown } {
  return typeof value === "object" && value !== null && "toJSON" in value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? stringify(value);
  return text.length > DEFAULT_LENGTH_MAX ? "see the file" : `\`${text}\``;
}

if (import.meta.main) writeFileSync(join(ROOT, CHART_README), chartReadme());
