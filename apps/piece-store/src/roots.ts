import { isAbsolute, sep } from "node:path";
import type { ContentSource } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { pathOutsideRoots } from "./errors.ts";

/**
 * Where the path leads, if that is one of the roots or under one. Links are followed first, on both
 * sides, so a link out of a root is refused and a root may be a link itself.
 */
export async function resolveUnderRoots(
  source: ContentSource,
  path: string,
  roots: readonly string[],
): Promise<string> {
  if (!isAbsolute(path)) throw pathOutsideRoots(path, roots);
  const resolved = await source.resolve(path);
  for (const root of roots) {
    const resolvedRoot = await resolveIfThere(source, root);
    if (resolvedRoot !== null && isUnder(resolved, resolvedRoot)) return resolved;
  }
  throw pathOutsideRoots(path, roots);
}

/** Null for a path at which there is nothing. */
export async function resolveIfThere(source: ContentSource, path: string): Promise<string | null> {
  try {
    return await source.resolve(path);
  } catch (error) {
    if (errorCode(error) === "content-missing") return null;
    throw error;
  }
}

function isUnder(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
