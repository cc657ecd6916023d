import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "./manifest.ts";

const ROOT = join(import.meta.dirname, "../..");
const TSC = join(ROOT, "node_modules/.bin/tsc");

/** In node_modules, where the compiler finds the types and nothing else looks. */
const WORK = join(ROOT, "node_modules/.cache/chart");

/** Kinds of others, which Kubernetes' schemas say nothing of. */
const FOREIGN = ["monitoring.coreos.com/v1/ServiceMonitor"];

type Model = new (manifest: object) => { validate(): void };
type SchemaErrors = {
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[];
};

/**
 * What is wrong with manifests by Kubernetes' own schemas, a line each: values and missing keys by
 * the schemas, and keys that there are not, which Kubernetes would ignore, by their types.
 */
export async function checkManifests(manifests: readonly Manifest[]): Promise<readonly string[]> {
  const known = distinct(manifests).filter(
    (one) => !FOREIGN.includes(`${one.apiVersion}/${one.kind}`),
  );
  const values = await Promise.all(known.map(wrongValues));
  return [...values.flat(), ...unknownKeys(known)];
}

function distinct(manifests: readonly Manifest[]): readonly Manifest[] {
  const byText = new Map(manifests.map((manifest) => [JSON.stringify(manifest), manifest]));
  return [...byText.values()];
}

async function wrongValues(manifest: Manifest): Promise<readonly string[]> {
  const model = await modelOf(manifest);
  if (model === null) return [`${nameOf(manifest)}: Kubernetes has no such kind`];
  try {
    new model(structuredClone(manifest)).validate();
    return [];
  } catch (error) {
    const { errors } = error as SchemaErrors;
    const found = errors?.map(({ instancePath, message }) => `${instancePath} ${message}`);
    return (found ?? [String(error)]).map((text) => `${nameOf(manifest)}: ${text}`);
  }
}

async function modelOf({ apiVersion, kind }: Manifest): Promise<Model | null> {
  try {
    const models: Readonly<Record<string, Model>> = await import(moduleOf(apiVersion, kind));
    return models[kind] ?? null;
  } catch {
    return null;
  }
}

/** The compiler refuses a literal with a key that its type has not. */
function unknownKeys(manifests: readonly Manifest[]): readonly string[] {
  const imports = new Set<string>();
  const lines: string[] = [];
  const owners: string[] = [];
  for (const [index, manifest] of manifests.entries()) {
    const { apiVersion, kind } = manifest;
    const type = `${kind}_${apiVersion.replaceAll(/\W/g, "_")}`;
    imports.add(`import type { I${kind} as ${type} } from "${moduleOf(apiVersion, kind)}";`);
    const text = `export const manifest${index}: ${type} = ${JSON.stringify(manifest, null, 1)};`;
    for (const line of text.split("\n")) {
      lines.push(line);
      owners.push(nameOf(manifest));
    }
  }
  const output = compile([...imports, ...lines].join("\n"));
  const errors = [...output.matchAll(/^manifests\.ts\((\d+),\d+\): error TS\d+: (.*)/gm)];
  if (errors.length === 0 && output !== "") return [output];
  return errors.map(([, line, message]) => {
    const at = Number(line) - imports.size - 1;
    return `${owners[at]}: ${lines[at]?.trim()} ${message}`;
  });
}

/** What the compiler says of a module; empty if nothing. */
function compile(text: string): string {
  mkdirSync(WORK, { recursive: true });
  const folder = mkdtempSync(join(WORK, "check-"));
  const compilerOptions = {
    ...{ noEmit: true, strict: true, skipLibCheck: true, types: [] },
    ...{ module: "nodenext", target: "es2024" },
  };
  try {
    writeFileSync(join(folder, "manifests.ts"), text);
    const project = { compilerOptions, files: ["manifests.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
    const options = { cwd: folder, encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync(TSC, ["-p", ".", "--pretty", "false"], options);
    return status === 0 ? "" : stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function moduleOf(apiVersion: string, kind: string): string {
  return `kubernetes-models/${apiVersion}/${kind}`;
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata?.name ?? "?"}`;
}
