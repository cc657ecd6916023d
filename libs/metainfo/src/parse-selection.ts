const RANGE = /^(\d{1,9})(?:-(\d{1,9}))?$/;

/**
 * Reads which files a magnet link wants (BEP 53, `so`): places and ranges of them, as in `0,2,4-6`,
 * counted from 0 over all files of the torrent. The first and the last of each row; null where it
 * is no such list.
 */
export function parseSelection(
  text: string,
): readonly (readonly [first: number, last: number])[] | null {
  const ranges: [number, number][] = [];
  for (const part of text.split(",")) {
    const [, first, last = first] = RANGE.exec(part.trim()) ?? [];
    if (first === undefined || last === undefined) return null;
    if (Number(last) < Number(first)) return null;
    ranges.push([Number(first), Number(last)]);
  }
  return ranges;
}
