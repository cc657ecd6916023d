import { DUPLICATE_NAME_TRIES_MAX } from "./limits.ts";
import { numberedElement } from "./path-element.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

type Path = readonly string[];

/** The directories and files met so far, as a tree, so that a deep path costs but its length. */
type Directory = {
  readonly directories: Map<string, Directory>;
  readonly files: Set<string>;
};

/**
 * Gives every file a path of its own: a file whose path is another file's or a directory's gets a
 * number before its extension. Names that differ in case alone are two names, for on the stores we
 * seed from (Linux, S3) they are two files. A null path takes no part and stays null.
 */
export function distinctPaths(
  paths: readonly (Path | null)[],
): readonly (Path | null)[] | MetainfoViolation {
  const root: Directory = { directories: new Map(), files: new Set() };
  const parents = paths.map((path) => (path === null ? null : parentOf(root, path)));
  const distinct: (Path | null)[] = [];
  let tries = 0;
  for (const [index, path] of paths.entries()) {
    const parent = parents[index];
    const name = path?.at(-1);
    if (path === null || name === undefined || !parent) {
      distinct.push(path);
      continue;
    }
    let free = name;
    for (let number = 1; isTaken(parent, free); number += 1) {
      if (tries === DUPLICATE_NAME_TRIES_MAX) {
        return violation({
          code: "too-many-duplicate-filenames",
          max: DUPLICATE_NAME_TRIES_MAX,
        });
      }
      tries += 1;
      free = numberedElement(name, number);
    }
    parent.files.add(free);
    distinct.push(free === name ? path : [...path.slice(0, -1), free]);
  }
  return distinct;
}

/** All directories are known before the first file is placed, so a file never takes their name. */
function parentOf(root: Directory, path: Path): Directory {
  let directory = root;
  for (const element of path.slice(0, -1)) {
    const next = directory.directories.get(element) ?? {
      directories: new Map(),
      files: new Set(),
    };
    directory.directories.set(element, next);
    directory = next;
  }
  return directory;
}

function isTaken(directory: Directory, name: string): boolean {
  return directory.files.has(name) || directory.directories.has(name);
}
