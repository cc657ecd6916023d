/** Memory for bytes in parts, which are filled one after the other. */
export type Places = readonly Uint8Array[];

/** How many bytes have their place there. */
export function placesLength(places: Places): number {
  return places.reduce((sum, { length }) => sum + length, 0);
}

/** The places of the bytes from `begin` to `end`, as views. */
export function placesBetween(places: Places, begin: number, end: number): Uint8Array[] {
  const between: Uint8Array[] = [];
  let at = 0;
  for (const place of places) {
    if (at >= end) break;
    const from = Math.max(begin - at, 0);
    const to = Math.min(end - at, place.length);
    if (from < to) between.push(to - from === place.length ? place : place.subarray(from, to));
    at += place.length;
  }
  return between;
}
