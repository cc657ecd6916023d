import { test } from "node:test";
import { broken, codeOf, type Rule } from "./code-of.ts";
import { expectNone } from "./expect-none.ts";
import { packageOf, type SourceFile, sources } from "./repository.ts";

/** A port is what an outside thing looks like from inside, so it touches none. */
const OUTSIDE = ["net", "dgram", "tls", "http", "https", "http2", "fs", "fs/promises"];

type Allowed = { readonly only: readonly string[] } | { readonly allBut: readonly string[] };

/** What of Node a layer's source may import; a layer that is not here may import anything. */
const MAY_IMPORT: Readonly<Record<string, Allowed>> = {
  core: { only: ["assert/strict", "crypto"] },
  port: { allBut: OUTSIDE },
  contract: { only: [] },
  fleet: { allBut: OUTSIDE },
};

/** A core is a function of its inputs: nothing it does depends on when, where or how it runs. */
const CORE_RULES: readonly Rule[] = [
  { pattern: /\b(?:async|await)\b/g, instead: "a core is synchronous; its shell waits" },
  { pattern: /\bDate\b|\bperformance\b/g, instead: "take nowMs as an argument" },
  { pattern: /\bMath\.random\b/g, instead: "take a random source as an argument" },
  {
    pattern: /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/g,
    instead: "return when to be woken",
  },
  { pattern: /\bprocess\b/g, instead: "take what it needs as an argument" },
];

const shipped = sources.filter(({ path, isForTests }) => packageOf(path) && !isForTests);

test("every layer imports of Node only what it may", () => {
  const wrong = shipped.flatMap((file) => {
    const layer = packageOf(file.path)?.layer ?? "";
    return builtinsOf(file)
      .filter((name) => !mayImport(layer, name))
      .map((name) => `${file.path} (${layer}) imports node:${name}: leave that to an adapter`);
  });
  expectNone(wrong);
});

test("core code does not wait, tell the time, throw dice or know its process", () => {
  const cores = shipped.filter(({ path }) => packageOf(path)?.layer === "core");
  expectNone(cores.flatMap(({ path, text }) => broken(path, codeOf(text), CORE_RULES)));
});

function builtinsOf({ text }: SourceFile): readonly string[] {
  const imports = text.matchAll(/(?:from|import)\s*\(?\s*"node:([^"]+)"/g);
  return [...imports].map(([, name = ""]) => name);
}

function mayImport(layer: string, name: string): boolean {
  const allowed = MAY_IMPORT[layer];
  if (allowed === undefined) return true;
  return "only" in allowed ? allowed.only.includes(name) : !allowed.allBut.includes(name);
}
