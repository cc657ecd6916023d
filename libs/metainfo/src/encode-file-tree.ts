import type { Encoded } from "@seedfleet/bencode";
import { attributeLetters } from "./file-attributes.ts";
import type { MetainfoFile } from "./metainfo.ts";

/**
 * The `file tree` of files that are in its order (`inTreeOrder()`) and of which none is another's
 * directory (BEP 52). A directory is open while the next file is in it too, so no tree is built.
 */
export function encodeFileTree(files: readonly MetainfoFile[]): Encoded {
  const encoded: Uint8Array[] = [];
  let open: readonly string[] = [];
  // Text gathers here until a hash must go between, which is no text.
  let text = "d";
  for (const file of files) {
    const directories = file.path.slice(0, -1);
    const shared = sharedDepth(open, directories);
    text += "e".repeat(open.length - shared);
    for (const directory of directories.slice(shared)) text += `${keyText(directory)}d`;
    open = directories;
    text += `${keyText(file.path.at(-1) ?? "")}d0:d${propertiesText(file)}`;
    if (file.piecesRoot !== null) {
      encoded.push(Buffer.from(`${text}11:pieces root${file.piecesRoot.length}:`), file.piecesRoot);
      text = "";
    }
    text += file.symlink === null ? "ee" : `${symlinkText(file.symlink)}ee`;
  }
  encoded.push(Buffer.from(`${text}${"e".repeat(open.length)}e`));
  return encoded;
}

/** How many directories two paths share. */
export function sharedDepth(a: readonly string[], b: readonly string[]): number {
  let depth = 0;
  while (depth < a.length && depth < b.length && a[depth] === b[depth]) depth += 1;
  return depth;
}

/** The keys that sort before `pieces root`; only `symlink path` comes after. */
function propertiesText(file: MetainfoFile): string {
  const letters = attributeLetters(file);
  return `${letters === null ? "" : `4:attr${keyText(letters)}`}6:lengthi${file.lengthBytes}e`;
}

function symlinkText(target: readonly string[]): string {
  return `12:symlink pathl${target.map(keyText).join("")}e`;
}

function keyText(text: string): string {
  return `${Buffer.byteLength(text)}:${text}`;
}
