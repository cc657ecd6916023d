import { type ContentError, contentUnreadable } from "@seedfleet/content";
import { isPath } from "./location.ts";
import type { S3Object } from "./s3-answers.ts";

/** An object and its path below the prefix. */
export type Placed = { readonly object: S3Object; readonly path: readonly string[] };

export type Tree = {
  readonly files: readonly Placed[];
  /** Keys below the prefix that can be no path. */
  readonly skipped: readonly string[];
};

/**
 * Makes a directory of the objects under a prefix, which is none to S3: their keys are only texts.
 *
 * A key that ends in a slash marks a directory and is left out; it is named if there are bytes in
 * it. A key that can be no path ("a//b", "..") is left out and named. Where a key is both an object
 * and the beginning of another ("a" and "a/b") either would be a guess, so both are refused.
 */
export function treeOf(root: string, prefix: string, objects: readonly S3Object[]): Tree {
  const placed: Placed[] = [];
  const skipped: string[] = [];
  for (const object of objects) {
    const below = object.key.slice(prefix.length);
    const path = below.split("/");
    if (isPath(path)) placed.push({ object, path });
    else if (!isMarker(object, path)) skipped.push(below === "" ? "/" : below);
  }
  const files = inByteOrder(placed);
  refuseConflicts(
    root,
    files.map(({ path }) => path),
  );
  return { files, skipped: skipped.toSorted() };
}

/** What the consoles of several stores make for a directory; the prefix itself may have one. */
function isMarker({ sizeBytes }: S3Object, path: readonly string[]): boolean {
  const directory = path.slice(0, -1);
  return sizeBytes === 0 && path.at(-1) === "" && isPath(directory);
}

/** The order of the paths' UTF-8 bytes, whatever order the store lists in. */
function inByteOrder(placed: readonly Placed[]): readonly Placed[] {
  const keyed = placed.map((one): [Placed, string] => [one, byteOrder(one.path)]);
  return keyed.toSorted(([, a], [, b]) => (a < b ? -1 : 1)).map(([one]) => one);
}

/** A text whose order by UTF-16 units is the order of the path's UTF-8 bytes. */
function byteOrder(path: readonly string[]): string {
  const text = path.join("/");
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");
}

/** Throws where a path is also the beginning of another, or is there twice. */
export function refuseConflicts(root: string, paths: readonly (readonly string[])[]): void {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let depth = path.length - 1; depth > 0; depth -= 1) {
      const directory = path.slice(0, depth).join("/");
      if (directories.has(directory)) break;
      directories.add(directory);
    }
  }
  const seen = new Set<string>();
  for (const path of paths) {
    const text = path.join("/");
    if (directories.has(text)) throw bothObjectAndPrefix(root, text);
    if (seen.has(text)) throw listedTwice(root, text);
    seen.add(text);
  }
}

function bothObjectAndPrefix(root: string, text: string): ContentError {
  return contentUnreadable(
    root,
    `"${text}" in it is an object, and there are others under "${text}/", which no directory ` +
      "can hold; rename one, or publish the parts one by one",
  );
}

function listedTwice(root: string, text: string): ContentError {
  return contentUnreadable(root, `"${text}" in it is listed twice; try again`);
}
