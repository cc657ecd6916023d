/** More edits than a third of the name are another name, not a typing error. */
const EDITS_SHARE_MAX = 1 / 3;

/** The known name a mistyped one most likely stands for, or null if none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  const [nearest] = known
    .map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }))
    .toSorted((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1));
  if (nearest === undefined || nearest.edits > name.length * EDITS_SHARE_MAX) return null;
  return nearest.candidate;
}

/** Levenshtein distance: insertions, deletions and replacements from `a` to `b`. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, charOfA] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, charOfB] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (charOfA === charOfB ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
