import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BusContract, busContracts, CONTRACTS_FOLDER } from "./bus-contracts.ts";

const ROOT = join(import.meta.dirname, "..");

export const BUS_DOC = "docs/bus.md";

const HEAD = `# The bus

Generated from \`${CONTRACTS_FOLDER}\` by \`node tools/bus-doc.ts\`; change the contracts,
not this page.

An event is told to whoever listens. A call has one answer, within its timeout. A stream has many
chunks; its timeout is the longest silence between two of them. Payloads are JSON that fits a
schema, or bytes. Trace context travels in headers. A bucket or a queue is durable, and its arrow
goes from who writes to who else reads; the operator's commands may do both with all of them.
`;

const KINDS = {
  event: "Event",
  call: "Call",
  stream: "Stream",
  "key-value": "Bucket",
  objects: "Bucket",
  queue: "Queue",
} as const;

/** The page of all subjects and buckets, from the contracts and their doc comments. */
export function busDoc(): string {
  const byFile = Map.groupBy(busContracts(), ({ file }) => file);
  const parts = [...byFile].map(([file, found]) => {
    return [`## ${file}\n`, ...found.map(describe)].join("\n");
  });
  return [HEAD, ...parts].join("\n");
}

function describe({ name, kind, subject, timeoutMs, from, to, paragraphs }: BusContract): string {
  const facts: string[] = [KINDS[kind], `${from.join(", ")} → ${to.join(", ")}`];
  if (timeoutMs !== null) facts.push(`timeout ${timeoutMs / 1_000} s`);
  const isSubject = kind === "event" || kind === "call" || kind === "stream";
  facts.push(isSubject ? `\`${name}\`` : "durable");
  return `### \`${subject}\`\n\n${facts.join(" · ")}\n\n${paragraphs.join("\n\n")}\n`;
}

if (import.meta.main) writeFileSync(join(ROOT, BUS_DOC), busDoc());
