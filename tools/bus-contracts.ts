import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as contracts from "../libs/contracts/src/index.ts";

const ROOT = join(import.meta.dirname, "..");

export const CONTRACTS_FOLDER = "libs/contracts/src";

const FILES = [
  "presence",
  "checkup",
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
] as const;

/** A doc comment and the constant it belongs to. */
const EXPORT = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport const (\w+)/g;

/** Who sends or writes, and who hears or reads: the last line of every definition's doc comment. */
const ROUTE = /^([-\w, ]+) → ([-\w, ]+)$/;

export type ContractKind = "event" | "call" | "stream" | "key-value" | "objects" | "queue";

/** One subject, bucket or queue of the bus, and who uses it, as its doc comment says. */
export type BusContract = {
  readonly name: string;
  readonly file: string;
  readonly kind: ContractKind;
  /** A subject, or the name of what is durable. */
  readonly subject: string;
  /** Of calls and streams. */
  readonly timeoutMs: number | null;
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Of the doc comment, without its last, which is the route. */
  readonly paragraphs: readonly string[];
};

/** All that the contracts define on the bus, in the order of their files. */
export function busContracts(): readonly BusContract[] {
  return FILES.flatMap((file) => {
    const source = readFileSync(join(ROOT, CONTRACTS_FOLDER, `${file}.ts`), "utf8");
    return [...source.matchAll(EXPORT)].flatMap(([, comment = "", name = ""]) => {
      const value: unknown = Object.entries(contracts).find(([key]) => key === name)?.[1];
      const paragraphs = paragraphsOf(comment);
      const definition = definitionOf(value, paragraphs[0] ?? "");
      if (definition === null) return [];
      const [, from, to] = ROUTE.exec(paragraphs.at(-1) ?? "") ?? [];
      assert(from && to, `${name}: end its doc comment with a line "who → whom"`);
      const route = { from: from.split(", "), to: to.split(", ") };
      return [{ name, file, ...definition, ...route, paragraphs: paragraphs.slice(0, -1) }];
    });
  });
}

function paragraphsOf(comment: string): readonly string[] {
  const lines = comment.split("\n").map((line) => line.replace(/^ *\*? ?/, "").trim());
  return lines
    .join("\n")
    .trim()
    .split(/\n{2,}/);
}

type Definition = Pick<BusContract, "kind" | "subject" | "timeoutMs">;

/** Null for what is neither a definition nor a name of a durable store. */
function definitionOf(value: unknown, text: string): Definition | null {
  if (typeof value === "string") {
    return { kind: storeKindOf(text), subject: value, timeoutMs: null };
  }
  if (!isDefinition(value)) return null;
  const { kind, subject, timeoutMs = null } = value;
  return { kind, subject, timeoutMs };
}

function storeKindOf(text: string): ContractKind {
  if (text.startsWith("Key-value:")) return "key-value";
  return text.startsWith("Objects:") ? "objects" : "queue";
}

function isDefinition(value: unknown): value is Omit<Definition, "timeoutMs"> & {
  readonly timeoutMs?: number;
} {
  return typeof value === "object" && value !== null && "kind" in value && "subject" in value;
}
