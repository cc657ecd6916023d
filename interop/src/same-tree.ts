import { deepEqual } from "node:assert/strict";
import { hash } from "node:crypto";
import { glob, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** What clients that know no BEP 47 write of a hybrid beside its files. */
const PADDING = /^\.pad\//;

/** Fails unless both directories hold the same files with the same bytes. */
export async function sameTree(actual: string, expected: string): Promise<void> {
  deepEqual(await contents(actual), await contents(expected));
}

/** The same, but files of no bytes may be missing: Transmission before 4.0 makes none. */
export async function sameTreeButEmpty(actual: string, expected: string): Promise<void> {
  const withBytes = ([, { size }]: readonly [string, Content]): boolean => size > 0;
  deepEqual(
    (await contents(actual)).filter(withBytes),
    (await contents(expected)).filter(withBytes),
  );
}

type Content = { readonly size: number; readonly sha256: string };

async function contents(directory: string): Promise<(readonly [string, Content])[]> {
  const found: (readonly [string, Content])[] = [];
  for await (const path of glob("**/*", { cwd: directory })) {
    const file = join(directory, path);
    if (PADDING.test(path) || !(await stat(file)).isFile()) continue;
    const bytes = await readFile(file);
    found.push([path, { size: bytes.length, sha256: hash("sha256", bytes) }]);
  }
  return found.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
