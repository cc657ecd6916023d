import assert from "node:assert/strict";

/** Each address has a cell in each of two rows; a power of two. */
const CELLS_PER_ROW = 65_536;

export const ADDRESS_WINDOW_MS = 10_000;

/**
 * In each window, of one address: 500 a second. At half an hour's interval a seedbox with 100,000
 * torrents asks 56 times a second, a NAT with 10,000 clients of 20 torrents each 111 times.
 */
export const REQUESTS_PER_ADDRESS_MAX = 5_000;

export type AddressRatesConfig = {
  /** Null counts nothing and lets everything through. */
  readonly requestsPerWindowMax: number | null;
  readonly windowMs: number;
  /** Any number, best unknown to others: who knows it can find addresses that share cells. */
  readonly seed: number;
};

/**
 * How often each address asked in the current window, in half a megabyte however many addresses
 * there are: a count-min sketch. An address is counted in two cells and judged by the smaller, so
 * it may be taken for busier than it is only where others share both, never for quieter. An IPv6
 * address counts as its /64, which is what one customer gets. In the worst case, across the edge of
 * a window, twice the limit gets through.
 */
export class AddressRates {
  readonly #config: AddressRatesConfig;
  readonly #counts: Uint32Array;
  #windowEndsAtMs = 0;

  constructor(config: AddressRatesConfig) {
    const { requestsPerWindowMax: max, windowMs } = config;
    assert((max === null || max > 0) && windowMs > 0);
    this.#config = config;
    this.#counts = new Uint32Array(max === null ? 0 : 2 * CELLS_PER_ROW);
  }

  /** Memory of its counts. */
  get bytes(): number {
    return this.#counts.byteLength;
  }

  /** Counts one request of the address in the first 4 or 16 bytes; false if it is one too many. */
  take(address: Uint8Array, addressBytes: 4 | 16, nowMs: number): boolean {
    const { requestsPerWindowMax: max, windowMs, seed } = this.#config;
    if (max === null || isLoopback(address, addressBytes)) return true;
    if (nowMs >= this.#windowEndsAtMs) {
      this.#counts.fill(0);
      this.#windowEndsAtMs = nowMs + windowMs;
    }
    let hash = mixed(seed ^ wordAt(address, 0));
    if (addressBytes === 16) hash = mixed(hash ^ wordAt(address, 4) ^ addressBytes);
    // The second row needs bits of its own, or who shares one cell would share both.
    const first = hash & (CELLS_PER_ROW - 1);
    const second = CELLS_PER_ROW + (mixed(hash ^ 0x9e3779b9) >>> 16);
    const counts = this.#counts;
    const count = Math.min(counts[first] as number, counts[second] as number);
    if (count >= max) return false;
    counts[first] = (counts[first] as number) + 1;
    counts[second] = (counts[second] as number) + 1;
    return true;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  const [a, b] = [bytes[at] as number, bytes[at + 1] as number];
  return (a << 24) | (b << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}

/** Every bit of the input changes each of the output half of the time (MurmurHash3's last step). */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** This machine itself: it has other ways to do harm, and whoever measures a tracker is there. */
function isLoopback(address: Uint8Array, addressBytes: 4 | 16): boolean {
  if (addressBytes === 4) return address[0] === 127;
  if (address[15] !== 1) return false;
  for (let byte = 0; byte < 15; byte += 1) if (address[byte] !== 0) return false;
  return true;
}
