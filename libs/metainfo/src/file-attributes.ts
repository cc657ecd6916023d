import { type Bencoded, find, isList, itemsOf, textOf } from "@seedfleet/bencode";
import type { MetainfoFile } from "./metainfo.ts";
import { parsePath } from "./parse-path.ts";
import type { MetainfoViolation } from "./violation.ts";

/** What the letters of `attr` say of a file (BEP 47); those that nobody knows say nothing. */
export type FileAttributes = Pick<MetainfoFile, "padding" | "executable" | "hidden"> & {
  /** Whether it claims to be a symbolic link; it is one only if it also says where to. */
  readonly link: boolean;
};

export function parseAttributes(file: Bencoded): FileAttributes {
  const letters = textOf(find(file, "attr")) ?? "";
  return {
    padding: letters.includes("p"),
    hidden: letters.includes("h"),
    executable: letters.includes("x"),
    link: letters.includes("l"),
  };
}

/** The letters, in libtorrent's order, so that it and we make the same info hash; null for none. */
export function attributeLetters(
  file: Pick<MetainfoFile, "padding" | "executable" | "hidden" | "symlink">,
): string | null {
  const letters = [
    file.padding ? "p" : "",
    file.hidden ? "h" : "",
    file.executable ? "x" : "",
    file.symlink === null ? "" : "l",
  ];
  return letters.join("") || null;
}

/** Where a symbolic link points to; null where it does not say. */
export function parseSymlink(
  entry: Bencoded,
  file: number,
): readonly string[] | null | MetainfoViolation {
  const list = find(entry, "symlink path");
  if (!isList(list)) return null;
  const target = parsePath(itemsOf(list), file);
  if ("kind" in target) return target;
  return target.length === 0 ? null : target;
}
