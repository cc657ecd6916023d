/** Loads this near are the same: presence is up to 2 s old, and a finer order would herd peers. */
const LOAD_STEP = 0.1;

/** A gateway so full refuses newcomers, and comes last, whether near or not. */
const LOAD_FULL = 1;

/** The golden ratio's part of 2³²: its multiples lie evenly, and so does every nth of them. */
const GOLDEN_STEP = 0x9e37_79b1;
const UINT32_VALUES = 2 ** 32;

/** Who comes before whom: tiers of equals, one behind the other. */
export type GatewayOrder = {
  /** Places in the list that was ordered. */
  readonly places: Uint16Array;
  /** Where each tier ends among the places. */
  readonly tierEnds: Uint16Array;
};

/** Near ones before others and the less loaded before the more; whoever is full comes last. */
export function orderGateways(
  gateways: readonly { readonly load: number }[],
  isNear: (place: number) => boolean,
): GatewayOrder {
  const ranked = gateways
    .map(({ load }, place) => {
      const distance = load >= LOAD_FULL ? 2 : isNear(place) ? 0 : 1;
      return { place, distance, step: Math.floor(load / LOAD_STEP) };
    })
    .toSorted((a, b) => a.distance - b.distance || a.step - b.step || a.place - b.place);
  const tierEnds = ranked.flatMap(({ distance, step }, at) => {
    const next = ranked[at + 1];
    return next?.distance === distance && next.step === step ? [] : [at + 1];
  });
  return {
    places: Uint16Array.from(ranked, ({ place }) => place),
    tierEnds: Uint16Array.from(tierEnds),
  };
}

/**
 * Where a tier of `size` begins in this turn. Consecutive turns are spread evenly over it, and so
 * are every second or tenth: askers of a kind may come in step with the turns.
 */
export function tierStart(turn: number, size: number): number {
  return Math.floor(((Math.imul(turn, GOLDEN_STEP) >>> 0) / UINT32_VALUES) * size);
}
