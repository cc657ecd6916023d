import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as contracts from "../libs/contracts/src/index.ts";

const ROOT = join(import.meta.dirname, "..");
const FOLDER = "libs/contracts/src";
const FILES = [
  "presence",
  "catalog",
  "ingest",
  "pieces",
  "mirrors",
  "scrub",
  "peers",
  "choking",
  "super-seed",
  "egress",
  "gateways",
  "explain",
  "tracker",
];

export const BUS_DOC = "docs/bus.md";

const HEAD = `# The bus

Generated from \`${FOLDER}\` by \`node tools/bus-doc.ts\`; change the contracts, not this page.

An event is told to whoever listens. A call has one answer, within its timeout. A stream has many
chunks; its timeout is the longest silence between two of them. Payloads are JSON that fits a
schema, or bytes. Trace context travels in headers.
`;

/** A doc comment and the constant it belongs to. */
const EXPORT = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport const (\w+)/g;

/** Who sends and who hears: the last line of every definition's doc comment. */
const ROUTE = /^[-\w, ]+ → [-\w, ]+$/;

type Documented = { readonly name: string; readonly paragraphs: readonly string[] };

/** The page of all subjects and buckets, from the contracts and their doc comments. */
export function busDoc(): string {
  const parts = FILES.map((file) => {
    const documented = documentedIn(readFileSync(join(ROOT, FOLDER, `${file}.ts`), "utf8"));
    const texts = documented.flatMap(({ name, paragraphs }) => describe(name, paragraphs) ?? []);
    return [`## ${file}\n`, ...texts].join("\n");
  });
  return [HEAD, ...parts].join("\n");
}

function documentedIn(source: string): readonly Documented[] {
  return [...source.matchAll(EXPORT)].map(([, comment = "", name = ""]) => {
    const lines = comment.split("\n").map((line) => line.replace(/^ *\*? ?/, "").trim());
    const paragraphs = lines
      .join("\n")
      .trim()
      .split(/\n{2,}/);
    return { name, paragraphs };
  });
}

/** Null for what is neither a definition nor a name of a durable store. */
function describe(name: string, paragraphs: readonly string[]): string | null {
  const value: unknown = Object.entries(contracts).find(([key]) => key === name)?.[1];
  if (typeof value === "string") {
    const kind = name.endsWith("_BUCKET") ? "Bucket" : "Queue";
    return `### \`${value}\`\n\n${kind}, durable.\n\n${paragraphs.join("\n\n")}\n`;
  }
  if (!isDefinition(value)) return null;
  const route = paragraphs.at(-1) ?? "";
  assert(ROUTE.test(route), `${name}: end its doc comment with a line "who → whom"`);
  const facts = [KINDS[value.kind], route];
  if (value.timeoutMs !== undefined) facts.push(`timeout ${value.timeoutMs / 1_000} s`);
  const more = paragraphs.slice(0, -1).join("\n\n");
  return `### \`${value.subject}\`\n\n${facts.join(" · ")} · \`${name}\`\n\n${more}\n`;
}

const KINDS = { event: "Event", call: "Call", stream: "Stream" } as const;

type Definition = {
  readonly kind: keyof typeof KINDS;
  readonly subject: string;
  readonly timeoutMs?: number;
};

function isDefinition(value: unknown): value is Definition {
  return typeof value === "object" && value !== null && "kind" in value && "subject" in value;
}

if (import.meta.main) writeFileSync(join(ROOT, BUS_DOC), busDoc());
