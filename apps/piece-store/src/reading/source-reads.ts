import assert from "node:assert/strict";
import type { LandingMemory } from "@seedfleet/bus";
import { locationKind, placeOf } from "../content/locations.ts";
import { pieceAbsent, pieceCorrupt } from "../errors.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import { FairSlots } from "./fair-slots.ts";
import { firstAnswer } from "./first-answer.ts";
import type { TorrentContext } from "./load-torrent.ts";
import { HEDGE_MS, inTurn, mostHopeful, noteFailure } from "./source-failures.ts";
import type { TorrentConditions } from "./torrent-conditions.ts";
import type { SourceBytes, TorrentSource } from "./torrent-source.ts";

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

type Answer = {
  /** Null where they are in the asker's memory. */
  readonly bytes: Uint8Array | null;
  readonly source: TorrentSource;
};

type AttemptedRange = TorrentRange & {
  readonly signal: AbortSignal;
  readonly landing: LandingMemory | null;
};

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
    const source = firstOf(sources, nowMs);
    if (source === undefined) return false;
    const { taken, waiting } = this.#slotsFor(source);
    return waiting === 0 && taken < READS_EACH_MAX;
  }

  /** Whether the source that is asked first can read into the memory of whoever asks. */
  canLand({ sources }: TorrentContext): boolean {
    const source = firstOf(sources, this.#ports.conditions.clock.nowMs());
    return source !== undefined && locationKind(source.location) === "file";
  }

  /** Of several failures that is told which another try may mend. The caller holds the bytes. */
  async read(
    context: TorrentContext,
    range: TorrentRange,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const bytes = await this.#read(context, range, { signal, landing: null });
    assert(bytes !== null);
    return bytes;
  }

  /**
   * The same into the asker's memory: null once the bytes are there. Where they come from a source
   * that cannot, or the memory is still taken by one that was too slow, the caller holds them.
   */
  land(
    context: TorrentContext,
    range: TorrentRange,
    options: { readonly signal: AbortSignal; readonly landing: LandingMemory },
  ): Promise<Uint8Array | null> {
    return this.#read(context, range, options);
  }

  /** Into the asker's memory without waiting, from the source that is asked first; or not. */
  readAtOnce(
    context: TorrentContext,
    { piece, begin }: TorrentRange,
    parts: readonly Uint8Array[],
  ): boolean {
    const { conditions } = this.#ports;
    const { infoHash, sources, pieceLengthBytes } = context;
    const source = firstOf(sources, conditions.clock.nowMs());
    const content = source?.loaded ?? null;
    if (source === undefined || content?.readAtOnce === undefined || !content.has(piece)) {
      return false;
    }
    if (conditions.isBad(infoHash, source.location, piece)) return false;
    return content.readAtOnce(piece * pieceLengthBytes + begin, parts);
  }

  async #read(
    context: TorrentContext,
    range: TorrentRange,
    { signal, landing }: { readonly signal: AbortSignal; readonly landing: LandingMemory | null },
  ): Promise<Uint8Array | null> {
    const { clock } = this.#ports.conditions;
    const sources = inTurn(context, clock.nowMs());
    const attempts = sources.map((source) => ({
      run: (stop: AbortSignal) =>
        this.#readFrom(context, source, { ...range, landing, signal: stop }),
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
    { piece, begin, length, signal, landing }: AttemptedRange,
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
      const at = piece * pieceLengthBytes + begin;
      let bytes: Uint8Array | null = null;
      if (landing === null || !(await landed(content, at, landing))) {
        // Not released where it fails: who knows whether nobody writes to it any more.
        bytes = memory.take(length);
        await content.read(at, bytes);
      }
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

/** False where the source cannot, or another attempt has the memory. */
async function landed(
  { readPlaces }: SourceBytes,
  begin: number,
  landing: LandingMemory,
): Promise<boolean> {
  if (readPlaces === undefined || !landing.take()) return false;
  try {
    await readPlaces(begin, landing.parts);
  } catch (error) {
    // Once it has rejected, nothing is written any more.
    landing.giveBack();
    throw error;
  }
  landing.fill();
  return true;
}

/** The source that is asked first. */
function firstOf(sources: readonly TorrentSource[], nowMs: number): TorrentSource | undefined {
  return sources.find((each) => !each.isStale && !each.isResting(nowMs));
}

const SLOTS = {
  atOnceMax: READS_IN_FLIGHT_MAX,
  eachMax: READS_EACH_MAX,
  waitingMax: READS_WAITING_MAX,
};
