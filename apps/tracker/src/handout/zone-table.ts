import assert from "node:assert/strict";

/** The zone of who is in no row: nobody is preferred for it. */
export const ZONE_UNKNOWN = 0;

/** A compact peer: 4 address bytes and 2 of the port (BEP 23), or 16 and 2 (BEP 7). */
const IPV4_ENDPOINT_BYTES = 6;

const WORD_BITS = 32n;
const WORD_MASK = 0xffff_ffffn;

/** IPv4 ranges are found by their first two bytes, which leaves few of them to search. */
const IPV4_INDEX_SHIFT = 16;
const IPV4_INDEX_SLOTS = 2 ** IPV4_INDEX_SHIFT;

const IPV6_WORDS = 4;

/** The addresses from `start` to `end` are in a zone; one prefix of the table. */
export type ZonePrefix = {
  readonly start: bigint;
  /** The last address. */
  readonly end: bigint;
  /** From 1 on. */
  readonly zone: number;
};

export type ZonePrefixes = {
  /** Names of the zones; the zone 1 is the first. */
  readonly names: readonly string[];
  readonly ipv4: readonly ZonePrefix[];
  readonly ipv6: readonly ZonePrefix[];
};

/**
 * Which zone an address is in, by the longest prefix that it has. Prefixes lie within each other or
 * apart, so they are laid out once as ranges that follow each other, and a look-up is one binary
 * search: about 12 bytes a prefix of IPv4, 36 of IPv6.
 */
export class ZoneTable {
  /** A table that knows no zone. */
  static readonly empty: ZoneTable = new ZoneTable({ names: [], ipv4: [], ipv6: [] });

  readonly #zones: ReadonlyMap<string, number>;
  readonly #ipv4: Ranges;
  readonly #ipv6: Ranges;
  /** For each first two bytes, the last range that starts at or before them. */
  readonly #ipv4Index: Uint32Array | null;

  constructor({ names, ipv4, ipv6 }: ZonePrefixes) {
    this.#zones = new Map(names.map((name, place) => [name, place + 1]));
    this.#ipv4 = layOut(ipv4, 1);
    this.#ipv6 = layOut(ipv6, IPV6_WORDS);
    this.#ipv4Index = ipv4.length === 0 ? null : indexOf(this.#ipv4.starts);
  }

  /** The number of a zone; `ZONE_UNKNOWN` for one that is in no row. */
  zoneNamed(name: string | null): number {
    return name === null ? ZONE_UNKNOWN : (this.#zones.get(name) ?? ZONE_UNKNOWN);
  }

  /** The zone of the compact endpoint of `endpointBytes` that begins at `at`. */
  zoneOf(endpoints: Uint8Array, at: number, endpointBytes: 6 | 18): number {
    return endpointBytes === IPV4_ENDPOINT_BYTES
      ? this.#zoneOfIpv4(uint32At(endpoints, at))
      : this.#zoneOfIpv6(endpoints, at);
  }

  #zoneOfIpv4(address: number): number {
    if (this.#ipv4Index === null) return ZONE_UNKNOWN;
    const { starts, zones } = this.#ipv4;
    const slot = address >>> IPV4_INDEX_SHIFT;
    let low = this.#ipv4Index[slot] ?? 0;
    let high = this.#ipv4Index[slot + 1] ?? 0;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] ?? 0) <= address) low = middle;
      else high = middle - 1;
    }
    return zones[low] ?? ZONE_UNKNOWN;
  }

  #zoneOfIpv6(endpoints: Uint8Array, at: number): number {
    const { starts, zones } = this.#ipv6;
    const first = uint32At(endpoints, at);
    let low = 0;
    let high = zones.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      let word = 0;
      let start = starts[middle * IPV6_WORDS] ?? 0;
      let asked = first;
      while (start === asked && word < IPV6_WORDS - 1) {
        word += 1;
        start = starts[middle * IPV6_WORDS + word] ?? 0;
        asked = uint32At(endpoints, at + word * 4);
      }
      if (start <= asked) low = middle;
      else high = middle - 1;
    }
    return zones[low] ?? ZONE_UNKNOWN;
  }
}

/** Ranges by their first addresses, in words of 32 bits; each goes on to the next. */
type Ranges = { readonly starts: Uint32Array; readonly zones: Uint16Array };

/** The first range starts at the first address of all, so that every address is in one. */
function layOut(prefixes: readonly ZonePrefix[], words: number): Ranges {
  // Behind the last address of all there is nothing to bound.
  const beyond = 1n << (WORD_BITS * BigInt(words));
  const bounds = boundsOf(prefixes).filter(({ start }) => start < beyond);
  const starts = new Uint32Array(bounds.length * words);
  for (const [place, { start }] of bounds.entries()) {
    for (let word = 0; word < words; word += 1) {
      const shift = WORD_BITS * BigInt(words - 1 - word);
      starts[place * words + word] = Number((start >> shift) & WORD_MASK);
    }
  }
  return { starts, zones: Uint16Array.from(bounds, ({ zone }) => zone) };
}

type Bound = { start: bigint; zone: number };

/** Where the zone changes, walking over all addresses from the first. */
function boundsOf(prefixes: readonly ZonePrefix[]): Bound[] {
  const bounds: Bound[] = [{ start: 0n, zone: ZONE_UNKNOWN }];
  const change = (start: bigint, zone: number): void => {
    const last = bounds.at(-1);
    assert(last !== undefined);
    // A longer prefix that starts where the one around it does, or right behind another's end.
    if (last.start === start) last.zone = zone;
    else if (last.zone !== zone) bounds.push({ start, zone });
  };
  /** The prefixes that the walk is in, the shortest first. */
  const around: ZonePrefix[] = [];
  const leaveBefore = (start: bigint | null): void => {
    for (let inner = around.at(-1); inner !== undefined; inner = around.at(-1)) {
      if (start !== null && inner.end >= start) return;
      around.pop();
      change(inner.end + 1n, around.at(-1)?.zone ?? ZONE_UNKNOWN);
    }
  };
  for (const prefix of prefixes.toSorted(outerFirst)) {
    leaveBefore(prefix.start);
    change(prefix.start, prefix.zone);
    around.push(prefix);
  }
  leaveBefore(null);
  return bounds;
}

function outerFirst(a: ZonePrefix, b: ZonePrefix): number {
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  return a.end === b.end ? 0 : a.end > b.end ? -1 : 1;
}

function indexOf(starts: Uint32Array): Uint32Array {
  const index = new Uint32Array(IPV4_INDEX_SLOTS + 1);
  let range = 0;
  for (let slot = 0; slot < IPV4_INDEX_SLOTS; slot += 1) {
    const address = slot * 2 ** IPV4_INDEX_SHIFT;
    while (range + 1 < starts.length && (starts[range + 1] ?? 0) <= address) range += 1;
    index[slot] = range;
  }
  index[IPV4_INDEX_SLOTS] = starts.length - 1;
  return index;
}

function uint32At(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}
