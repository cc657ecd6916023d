/**
 * Which of these processes a key belongs to (highest random weight, Thaler and Ravishankar 1996):
 * everyone who knows the same ids agrees without a word, and when one leaves only its keys move.
 * Null when there is none.
 */
export function rendezvous(key: string, ids: readonly string[]): string | null {
  let best: string | null = null;
  let bestWeight = -1;
  for (const id of ids) {
    const weight = weigh(`${id}\n${key}`);
    if (weight > bestWeight || (weight === bestWeight && best !== null && id < best)) {
      best = id;
      bestWeight = weight;
    }
  }
  return best;
}

/** All of them, first the one that the key belongs to, then whoever it would if that left, … */
export function rendezvousOrder(key: string, ids: readonly string[]): readonly string[] {
  const weighed = ids.map((id) => ({ id, weight: weigh(`${id}\n${key}`) }));
  const sorted = weighed.toSorted((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1));
  return sorted.map(({ id }) => id);
}

/** FNV-1a, then MurmurHash3's finaliser, since FNV alone mixes its last bytes little. */
function weigh(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
