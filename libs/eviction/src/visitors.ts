const GROUPS = 7;

/** A bit for each group of peers; the eighth says that one of them was here lately. */
const GROUPS_MASK = 0x7f;
const LATELY = 0x80;

/**
 * The bits by which a peer leaves its trace at a piece. `peer` is any whole number from 0 that is
 * the peer's own while it is connected; neighbouring numbers are never in the same group.
 */
export function visitorMark(peer: number): number {
  return LATELY | (1 << (peer % GROUPS));
}

/**
 * Says that the peer of this mark was answered from this slot. All that a hit costs.
 *
 * A peer asks for a piece block by block, so the number of hits says how long a piece is, not how
 * popular: a peer that scans a cold torrent hits each of its pieces 64 times. So a byte is a small
 * set of the peers that were there, which does not grow when the same one asks again. Threads may
 * store at once: what is lost then is one mark, and the peer's next block leaves it again.
 */
export function visit(visited: Uint8Array, slot: number, mark: number): void {
  // Most hits find their mark, and a line of memory that is only read stays in every core's cache.
  const marks = visited[slot] ?? 0;
  if ((marks & mark) !== mark) visited[slot] = marks | mark;
}

/** How many peers left their mark: exact while they are few, never too many. */
export function countVisitors(marks: number): number {
  let count = 0;
  for (let rest = marks & GROUPS_MASK; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** The marks of so many of the visitors. */
export function keepVisitors(marks: number, count: number): number {
  let rest = marks & GROUPS_MASK;
  for (let surplus = countVisitors(marks) - count; surplus > 0; surplus -= 1) rest &= rest - 1;
  return rest;
}

/** Whether anybody was there since `forgetLately`. */
export function wasVisitedLately(marks: number): boolean {
  return (marks & LATELY) !== 0;
}

export function forgetLately(marks: number): number {
  return marks & GROUPS_MASK;
}
