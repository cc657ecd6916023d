import { placeOf } from "../content/locations.ts";
import { pieceAbsent, pieceCorrupt } from "../errors.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import { FairSlots } from "./fair-slots.ts";
import { firstAnswer } from "./first-answer.ts";
import type { TorrentContext } from "./load-torrent.ts";
import { HEDGE_MS, inTurn, mostHopeful, noteFailure } from "./source-failures.ts";
import type { TorrentConditions } from "./torrent-conditions.ts";
import type { TorrentSource } from "./torrent-source.ts";

/**
 * Of one place: this machine's disks, the object store, an origin. Node reads four files at a time;
 * the others keep its queue full. Each may hold one chunk's memory.
 */
export const READS_IN_FLIGHT_MAX = 8;

/** Of these for one location, so that one that stalls leaves room for the others. */
export const READS_EACH_MAX = 6;

/** Some thirty pieces for each of sixteen gateways: a few seconds of work for a slow disk. */
export const READS_WAITING_MAX = 512;

export type TorrentRange = {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
};

type Answer = { readonly bytes: Uint8Array; readonly source: TorrentSource };

type SourceReadPorts = {
  readonly conditions: TorrentConditions;
  readonly memory: ChunkMemory;
  /** Another source than the first gave the bytes. */
  readonly fellBack: () => void;
};

/**
 * Reads torrents from their sources: from the first that is well, and from the next beside it when
 * it fails or is slow. What failed or was slow is tried last for a while, so an outage costs some
 * reads a moment and most of them nothing.
 */
export class SourceReads {
  readonly #ports: SourceReadPorts;
  readonly #slots = new Map<string, FairSlots>();

  constructor(ports: SourceReadPorts) {
    this.#ports = ports;
  }

  /** How much is being read, of what can be at once, where it is most. */
  get load(): number {
    let load = 0;
    for (const { taken, waiting } of this.#slots.values()) {
      load = Math.max(load, (taken + waiting) / READS_IN_FLIGHT_MAX);
    }
    return load;
  }

  /** Whether a read that nobody waits for would be in nobody's way. */
  hasRoomFor({ sources }: TorrentContext): boolean {
    const nowMs = this.#ports.conditions.clock.nowMs();
    const source = sources.find((each) => !each.isStale && !each.isResting(nowMs));
    if (source === undefined) return false;
    const { taken, waiting } = this.#slotsFor(source);
    return waiting === 0 && taken < READS_EACH_MAX;
  }

  /** Of several failures that is told which another try may mend. The caller holds the bytes. */
  async read(
    context: TorrentContext,
    range: TorrentRange,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { clock } = this.#ports.conditions;
    const sources = inTurn(context, clock.nowMs());
    const attempts = sources.map((source) => ({
      run: (stop: AbortSignal) => this.#readFrom(context, source, { ...range, signal: stop }),
      slow: () => source.rest(clock.nowMs()),
    }));
    try {
      const options = { clock, hedgeMs: HEDGE_MS, signal };
      const { bytes, source } = await firstAnswer(attempts, options);
      if (source !== context.sources[0]) this.#ports.fellBack();
      return bytes;
    } catch (error) {
      throw mostHopeful(error);
    }
  }

  async #readFrom(
    context: TorrentContext,
    source: TorrentSource,
    { piece, begin, length, signal }: TorrentRange & { readonly signal: AbortSignal },
  ): Promise<Answer> {
    const { conditions, memory } = this.#ports;
    const { infoHash, pieceLengthBytes } = context;
    const { location } = source;
    try {
      if (conditions.isBad(infoHash, location, piece)) throw pieceCorrupt(infoHash, piece);
      // Loading has slots of its own: a torrent of many files must not hold up the others.
      const content = await source.bytes();
      if (!content.has(piece)) throw pieceAbsent(infoHash, piece);
      using _slot = await this.#slotsFor(source).take(location, signal);
      // Not released where it fails: who knows whether nobody writes to it any more.
      const bytes = memory.take(length);
      await content.read(piece * pieceLengthBytes + begin, bytes);
      // Somebody may have found out meanwhile, by checking the whole piece.
      if (conditions.isBad(infoHash, location, piece)) throw pieceCorrupt(infoHash, piece);
      // Whoever has been told to stop was too slow.
      if (!signal.aborted) source.wake();
      conditions.isFresh(context, location);
      return { bytes, source };
    } catch (error) {
      if (error === signal.reason) throw error;
      throw noteFailure(conditions, { context, source, error });
    }
  }

  #slotsFor({ location }: TorrentSource): FairSlots {
    const place = placeOf(location);
    const slots = this.#slots.get(place) ?? new FairSlots(SLOTS);
    this.#slots.set(place, slots);
    return slots;
  }
}

const SLOTS = {
  atOnceMax: READS_IN_FLIGHT_MAX,
  eachMax: READS_EACH_MAX,
  waitingMax: READS_WAITING_MAX,
};
