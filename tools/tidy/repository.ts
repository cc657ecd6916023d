import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

export type Manifest = {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string>>;
  readonly nx?: { readonly tags?: readonly string[] };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};

export type Package = {
  readonly folder: string;
  readonly manifest: Manifest;
  /** The one `layer:…` tag, or null if there is none or several. */
  readonly layer: string | null;
};

export type SourceFile = {
  readonly path: string;
  readonly text: string;
  /** Tests, and the `testing.ts` that a package offers to tests. */
  readonly isForTests: boolean;
};

/** What is or may be committed: tracked and new files, without ignored ones. */
export const paths: readonly string[] = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
  { cwd: ROOT, encoding: "utf8" },
)
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)))
  .toSorted();

/** The text of a file, empty if it is absent. */
export function read(path: string): string {
  return existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), "utf8") : "";
}

export const packages: readonly Package[] = paths
  .filter((path) => basename(path) === "package.json" && path !== "package.json")
  .map((path) => {
    const manifest: Manifest = JSON.parse(read(path));
    const layers = (manifest.nx?.tags ?? []).filter((tag) => tag.startsWith("layer:"));
    const layer = layers.length === 1 ? (layers[0]?.slice("layer:".length) ?? null) : null;
    return { folder: dirname(path), manifest, layer };
  });

export const sources: readonly SourceFile[] = paths
  .filter((path) => extname(path) === ".ts" || extname(path) === ".mjs")
  .map((path) => ({ path, text: read(path), isForTests: isForTests(path) }));

/** The package a file belongs to, or null for the tools. */
export function packageOf(path: string): Package | null {
  return packages.find(({ folder }) => path.startsWith(`${folder}/`)) ?? null;
}

function isForTests(path: string): boolean {
  return path.endsWith(".test.ts") || basename(path) === "testing.ts";
}
