import { BEP3_UNCHOKE_SLOTS } from "./choker-model.ts";

/** How much of its uplink a gateway used since the last round. */
export type UplinkUse = {
  readonly usedBytesPerSecond: number;
  readonly limitBytesPerSecond: number;
};

export type OpenSlots = {
  readonly slots: number;
  /** With so many the uplink was not full; they are not tried again until the round below. */
  readonly tooFew: number;
  readonly forgetAtRound: number;
  readonly round: number;
};

/** From here an uplink is full, and from the second there may be more slots than it needs. */
const FULL_SHARE = 0.95;
const CROWDED_SHARE = 0.99;

/** Five minutes: who is served changes, so fewer slots may do by then. */
const FORGET_ROUNDS = 30;

export function initialOpenSlots(): OpenSlots {
  return { slots: BEP3_UNCHOKE_SLOTS, tooFew: 0, forgetAtRound: 0, round: 0 };
}

/**
 * How many slots a gateway opens, once a round: more by a quarter while its uplink is not full and
 * somebody waits, one fewer while it is, down to what was once too few.
 */
export function openSlots(last: OpenSlots, use: UplinkUse, waiting: number): OpenSlots {
  const round = last.round + 1;
  const known = round < last.forgetAtRound ? last : { ...last, tooFew: 0 };
  const share = use.usedBytesPerSecond / use.limitBytesPerSecond;
  if (share < FULL_SHARE) {
    if (waiting === 0) return { ...known, round };
    const more = Math.min(waiting, Math.ceil(last.slots / 4));
    const forgetAtRound = round + FORGET_ROUNDS;
    return { slots: last.slots + more, tooFew: last.slots, forgetAtRound, round };
  }
  const least = Math.max(BEP3_UNCHOKE_SLOTS, known.tooFew + 1);
  const closes = share >= CROWDED_SHARE && last.slots > least;
  return { ...known, round, slots: closes ? last.slots - 1 : last.slots };
}
