import type { MetainfoFile } from "./metainfo.ts";
import { sizeOf } from "./place-files.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/**
 * The files of a hybrid torrent (BEP 52), which are told twice: the list of v1, its padding
 * included, with the pieces roots and attributes of v2's tree. Both must be the same files in the
 * same order and at the same places; else its v1 and v2 peers would hold different bytes.
 *
 * As with libtorrent, files without bytes may differ in name, and zeros after the last file may be
 * there or not: versions 2.0.0 to 2.0.7 of it wrote none.
 */
export function hybridFiles(
  v1: readonly MetainfoFile[],
  v2: readonly MetainfoFile[],
): readonly MetainfoFile[] | MetainfoViolation {
  const twins = v2.filter(({ padding }) => !padding);
  const files: MetainfoFile[] = [];
  let next = 0;
  for (const file of v1) {
    if (file.padding) {
      files.push(file);
      continue;
    }
    const twin = twins[next];
    if (twin === undefined || !describeOne(file, twin)) return inconsistent();
    const { executable, hidden, piecesRoot } = twin;
    files.push({ ...file, executable, hidden, piecesRoot });
    next += 1;
  }
  const ends = [sizeOf(v2), sizeOf(twins.filter(({ lengthBytes }) => lengthBytes > 0))];
  return next === twins.length && ends.includes(sizeOf(v1)) ? files : inconsistent();
}

function describeOne(a: MetainfoFile, b: MetainfoFile): boolean {
  if (a.lengthBytes !== b.lengthBytes) return false;
  if (a.lengthBytes === 0 && a.symlink === null && b.symlink === null) return true;
  const samePlace = a.lengthBytes === 0 || a.offsetBytes === b.offsetBytes;
  return samePlace && samePath(a.path, b.path) && samePath(a.symlink, b.symlink);
}

function samePath(a: readonly string[] | null, b: readonly string[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((element, index) => element === b[index]);
}

function inconsistent(): MetainfoViolation {
  return violation({ code: "torrent-inconsistent-files" });
}
