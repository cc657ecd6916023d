import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { type SwarmSize, TRACKER_SIZES_MAX, trackerSizesCall } from "@seedfleet/contracts";

/**
 * How many leechers and seeders trackers know of the swarms here. Seeds have nothing for each other
 * and are not connected to us, so only a tracker knows how well a torrent is seeded.
 */
export class TrackedSizes {
  readonly #bus: Bus;
  #sizes: ReadonlyMap<InfoHash, SwarmSize> = new Map();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Null where no tracker of the fleet told. */
  sizeOf(infoHash: InfoHash): SwarmSize | null {
    return this.#sizes.get(infoHash) ?? null;
  }

  /** Asks anew; the busiest torrents come first. What is not answered is not known. */
  async ask(swarms: readonly { readonly infoHash: InfoHash }[]): Promise<void> {
    const infoHashes = swarms.slice(0, TRACKER_SIZES_MAX).map(({ infoHash }) => infoHash);
    try {
      const { sizes } = await this.#bus.call(trackerSizesCall, {}, { infoHashes });
      const known = infoHashes.map((infoHash, index): [InfoHash, SwarmSize] => {
        const [leechers, seeders] = sizes[index] ?? [0, 0];
        return [infoHash, { infoHash, leechers, seeders }];
      });
      this.#sizes = new Map(known);
    } catch {
      // A fleet need not have a tracker of its own.
      this.#sizes = new Map();
    }
  }
}
