/**
 * The bytes that each child of one level has had so far, seen from the one served last: start-time
 * fair queueing. A child that waited long begins its turn there, not where it stood, so waiting
 * earns no credit; one that sent a long block begins as much later as the block was long.
 */
export interface VirtualTime {
  virtualTime: number;
  /** What must be added to this level's times to have those of the level above. */
  offset: number;
}

/** How far a class may be ahead of the others by its promise; more is forgiven, not paid back. */
const LEAD_BYTES = 1024 * 1024;

/** Carries the start of a turn into the level above, and gives its time there. */
export function carryUp(
  from: VirtualTime,
  to: Pick<VirtualTime, "virtualTime">,
  start: number,
): number {
  const lag = to.virtualTime - (start + from.offset);
  if (lag > 0) from.offset += lag;
  else to.virtualTime -= lag;
  return to.virtualTime;
}

/** The same for a turn that was owed: the others have had nothing, so their time stands still. */
export function carryUpOwed(
  from: VirtualTime,
  to: Pick<VirtualTime, "virtualTime">,
  start: number,
): void {
  const lead = start + from.offset - to.virtualTime;
  from.offset -= Math.max(0, lead - LEAD_BYTES);
}
