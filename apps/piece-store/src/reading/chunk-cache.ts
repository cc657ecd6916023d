import type { ChunkMemory } from "./chunk-memory.ts";

/** Reads the bytes, held once; the signal aborts when nobody waits for them any more. */
type ReadChunk = (signal: AbortSignal) => Promise<Uint8Array>;

type Flight = {
  readonly chunk: Promise<Uint8Array>;
  /** Once it is there. The flight holds it until the last asker has it. */
  landed: Uint8Array | null;
  readonly giveUp: AbortController;
  askers: number;
  /** What comes of it is given to those who wait, and not kept. */
  isForgotten: boolean;
};

/**
 * What was just read, the least recently used forgotten first, and what is being read: however
 * many ask for one chunk, it is read once. Chunks are never written to.
 */
export class ChunkCache {
  readonly #memory: ChunkMemory;
  readonly #bytesMax: number;
  readonly #chunks = new Map<string, Uint8Array>();
  readonly #flights = new Map<string, Flight>();
  #bytes = 0;

  constructor(memory: ChunkMemory, bytesMax: number) {
    this.#memory = memory;
    this.#bytesMax = bytesMax;
  }

  /** Of the chunks that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#chunks.has(key) || this.#flights.has(key);
  }

  /**
   * A chunk that is held for the asker. Rejects with the asker's reason when it aborts; the others
   * go on waiting.
   */
  async get(key: string, asker: AbortSignal, read: ReadChunk): Promise<Uint8Array> {
    while (true) {
      asker.throwIfAborted();
      const cached = this.#chunks.get(key);
      if (cached !== undefined) {
        this.#chunks.delete(key);
        this.#chunks.set(key, cached);
        this.#memory.hold(cached);
        return cached;
      }
      const flight = this.#flights.get(key) ?? this.#start(key, read);
      // A source may not be able to stop: then its bytes come though they had been given up.
      const wasGivenUp = flight.giveUp.signal.aborted;
      try {
        return await this.#join(flight, asker);
      } catch (error) {
        if (!wasGivenUp || asker.aborted) throw error;
      }
    }
  }

  /** Forgets chunks whose bytes turned out to be wrong, also those that are on their way. */
  forget(isOne: (key: string) => boolean): void {
    for (const [key, chunk] of this.#chunks) {
      if (!isOne(key)) continue;
      this.#drop(key, chunk);
    }
    for (const [key, flight] of this.#flights) {
      if (!isOne(key)) continue;
      this.#flights.delete(key);
      flight.isForgotten = true;
    }
  }

  #start(key: string, read: ReadChunk): Flight {
    const giveUp = new AbortController();
    const chunk = read(giveUp.signal);
    const flight: Flight = { chunk, giveUp, landed: null, askers: 0, isForgotten: false };
    this.#flights.set(key, flight);
    const landed = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    chunk.then((bytes) => {
      landed();
      if (!flight.isForgotten) this.#keep(key, bytes);
      flight.landed = bytes;
      if (flight.askers === 0) this.#memory.release(bytes);
    }, landed);
    return flight;
  }

  #keep(key: string, chunk: Uint8Array): void {
    if (chunk.length > this.#bytesMax || this.#chunks.has(key)) return;
    this.#chunks.set(key, chunk);
    this.#bytes += chunk.length;
    this.#memory.hold(chunk);
    for (const [oldest, least] of this.#chunks) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest, least);
    }
  }

  #drop(key: string, chunk: Uint8Array): void {
    this.#chunks.delete(key);
    this.#bytes -= chunk.length;
    this.#memory.release(chunk);
  }

  /** The last of the askers to leave before the chunk is there gives it up. */
  async #join(flight: Flight, asker: AbortSignal): Promise<Uint8Array> {
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(asker.reason);
    flight.askers += 1;
    asker.addEventListener("abort", leave, { once: true });
    try {
      const chunk = await Promise.race([flight.chunk, left.promise]);
      this.#memory.hold(chunk);
      return chunk;
    } finally {
      asker.removeEventListener("abort", leave);
      flight.askers -= 1;
      if (flight.askers === 0) this.#endFlight(flight, asker.reason);
    }
  }

  #endFlight({ landed, giveUp }: Flight, reason: unknown): void {
    if (landed === null) giveUp.abort(reason);
    else this.#memory.release(landed);
  }
}
