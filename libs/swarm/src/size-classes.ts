/** Up to here a pool is searched from end to end: as fast as an index, and takes no room. */
const SCANNED_ENTRIES_MAX = 64;

/**
 * Small steps for small pools, which together are most of the memory. One with an index has it made
 * anew at each step, so those are fewer.
 */
const SMALL_STEP = 1.25;
const INDEXED_STEP = 1.5;

/** The most peers of one family and kind in one swarm. */
const ENTRIES_MAX = 2 ** 24;

/** Slots of the index for each entry of a full pool. */
const SLOTS_PER_ENTRY = 1.5;

/** 64 KiB: small enough that a class hardly used costs little, large enough to be few. */
export const SLAB_WORDS = 16_384;

/** In front of the entries is the owner. */
export const ENTRIES_AT = 1;

/** The sizes that blocks of peers come in, by class: an owner, the entries, and maybe an index. */
export type SizeClasses = {
  readonly count: number;
  readonly capacities: Int32Array;
  /** Where in the block the index begins. */
  readonly indexAts: Int32Array;
  /** 0 for a pool that is searched from end to end. */
  readonly indexSlots: Int32Array;
  readonly blockWords: Int32Array;
};

export function sizeClasses(entryWords: number): SizeClasses {
  const capacities: number[] = [];
  for (let least = 1; least < ENTRIES_MAX; ) {
    const capacity = fillingSlab(least, entryWords);
    capacities.push(capacity);
    least = nextCapacity(capacity);
  }
  capacities.push(ENTRIES_MAX);
  const slots = capacities.map(slotsFor);
  const indexAts = capacities.map((capacity) => ENTRIES_AT + capacity * entryWords);
  return {
    count: capacities.length,
    capacities: Int32Array.from(capacities),
    indexAts: Int32Array.from(indexAts),
    indexSlots: Int32Array.from(slots),
    blockWords: Int32Array.from(indexAts, (at, each) => at + (slots[each] ?? 0)),
  };
}

function slotsFor(capacity: number): number {
  return capacity <= SCANNED_ENTRIES_MAX ? 0 : Math.ceil(capacity * SLOTS_PER_ENTRY);
}

/** As many entries or more as fit a slab with as many blocks: nothing of it is left over. */
function fillingSlab(capacity: number, entryWords: number): number {
  const words = (entries: number): number => ENTRIES_AT + entries * entryWords + slotsFor(entries);
  const blocks = Math.floor(SLAB_WORDS / words(capacity));
  let filling = capacity;
  while (blocks > 0 && words(filling + 1) * blocks <= SLAB_WORDS) filling += 1;
  return filling;
}

function nextCapacity(capacity: number): number {
  const step = capacity < SCANNED_ENTRIES_MAX ? SMALL_STEP : INDEXED_STEP;
  return Math.max(capacity + 1, Math.floor(capacity * step));
}
