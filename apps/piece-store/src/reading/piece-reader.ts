import type { AtOnce, Bus } from "@seedfleet/bus";
import { type InfoHash, placesLength } from "@seedfleet/bytes";
import { contentUnreadable } from "@seedfleet/content";
import type { PieceRead } from "@seedfleet/contracts";
import { delay, SeedfleetError } from "@seedfleet/runtime";
import type { Tracer } from "@seedfleet/telemetry";
import { pieceOutOfRange } from "../errors.ts";
import type { PieceStoreMetrics } from "../metrics.ts";
import type { CheckedPieces } from "./checked-pieces.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { ChunkMemory } from "./chunk-memory.ts";
import { CHUNK_BYTES_MAX, type ChunkRead, chunkBytesFor, keyOf, lengthOf } from "./chunk-read.ts";
import { keepWaiting } from "./keep-waiting.ts";
import type { TorrentContext } from "./load-torrent.ts";
import { READ_AHEAD_PIECES, ReadAhead } from "./read-ahead.ts";
import { type PieceLanding, readsAtOnce } from "./reads-at-once.ts";
import { SourceReads } from "./source-reads.ts";
import type { TorrentConditions } from "./torrent-conditions.ts";
import type { TorrentContexts } from "./torrent-contexts.ts";

/** Less than half of the silence after which an asker gives up. */
export const KEEP_WAITING_MS = 2_000;

/** The sources' own attempts are over by then; a gateway tries again for twice as long. */
export const READ_MS_MAX = 30_000;

/** Where another store has the torrent, who asks is better off there. */
export const READ_ELSEWHERE_MS_MAX = 4_000;

/** A store that stops lets its readers finish for so long. */
export const READS_STOP_MS_MAX = 2_000;

/** One for all: each answer ends so, and a reason of its own would take its stack every time. */
const ANSWERED: DOMException = new DOMException("The answer has ended", "AbortError");

export type PieceReaderPorts = {
  readonly bus: Pick<Bus, "payloadBytesMax">;
  readonly checked: CheckedPieces;
  readonly conditions: TorrentConditions;
  readonly contexts: TorrentContexts;
  readonly tracer: Tracer;
  readonly metrics: PieceStoreMetrics;
};

/** What somebody asks for, and what ends it: the asker's going, ours, or too long a wait. */
type Asked = {
  readonly read: ChunkRead;
  /** Where the asker would have all of it, if it is in this process. */
  readonly landing: PieceLanding | null;
  readonly end: AbortSignal;
  /** Rejects with the reason when it ends. */
  readonly ended: Promise<never>;
};

/**
 * Answers those who ask for parts of pieces. A chunk is given to several askers, and its memory is
 * written to again only when all have said that it was sent. An asker in this process may have a
 * whole piece read into memory of its own instead, which nobody else is given. While a source is
 * slow the asker gets empty chunks.
 */
export class PieceReader {
  readonly #ports: PieceReaderPorts;
  readonly #memory: ChunkMemory;
  readonly #chunkBytes: number;
  readonly #reads: SourceReads;
  readonly #cache: ChunkCache;
  readonly #ahead: ReadAhead;
  readonly #atOnce: AtOnce<PieceRead>;
  /** What ends each answer that is being given. */
  readonly #answers = new Set<AbortController>();
  #ended = Promise.withResolvers<void>();

  constructor(ports: PieceReaderPorts, { cacheBytes }: { readonly cacheBytes: number }) {
    this.#ports = ports;
    const { conditions, metrics } = ports;
    this.#chunkBytes = chunkBytesFor(ports.bus.payloadBytesMax);
    // By reference an asker of this process may have the bytes hashed by a thread beside it.
    this.#memory = new ChunkMemory({ shared: this.#chunkBytes === CHUNK_BYTES_MAX });
    this.#cache = new ChunkCache(this.#memory, cacheBytes);
    this.#reads = new SourceReads({
      ...{ conditions, memory: this.#memory },
      fellBack: () => metrics.fallbackReads.add(1),
    });
    this.#atOnce = readsAtOnce({ ...ports, reads: this.#reads });
    this.#ahead = new ReadAhead({
      // What would push out what it was read for is not worth reading.
      mayRead: (context) =>
        (READ_AHEAD_PIECES + 1) * context.pieceLengthBytes <= cacheBytes &&
        this.#reads.hasRoomFor(context),
      read: (context, piece, signal) => this.#prefetch(context, piece, signal),
    });
    conditions.whenBad((infoHash, piece) => this.#forget(infoHash, piece));
  }

  /** How much is being read, of what can be at once; beyond 1 where requests wait. */
  get load(): number {
    return this.#reads.load;
  }

  /**
   * For a store that stops and takes no new requests: resolves when nobody is being answered. Who
   * is not within a moment is told to ask again, so that no source can hold up the end.
   */
  async idle(): Promise<void> {
    const { conditions } = this.#ports;
    const answered = new AbortController();
    const hurry = delay(conditions.clock, READS_STOP_MS_MAX, answered.signal).then(() => {
      for (const end of this.#answers) end.abort(stopping());
    });
    const stopped = this.#ahead.stop();
    while (this.#answers.size > 0) await this.#ended.promise;
    answered.abort();
    await Promise.all([hurry, stopped, conditions.close()]);
  }

  /** A chunk that was given is not read any more. */
  sent(chunk: Uint8Array): void {
    this.#memory.release(chunk);
  }

  async *read(
    request: PieceRead,
    asker: AbortSignal,
    landing: PieceLanding | null = null,
  ): AsyncGenerator<Uint8Array, void, void> {
    const { metrics } = this.#ports;
    const { verify, ...read } = request;
    const end = new AbortController();
    const ended = Promise.withResolvers<never>();
    ended.promise.catch(() => {});
    end.signal.addEventListener("abort", () => ended.reject(end.signal.reason), { once: true });
    const leave = (): void => end.abort(asker.reason);
    let outcome = "aborted";
    let sentBytes = 0;
    this.#answers.add(end);
    asker.addEventListener("abort", leave, { once: true });
    try {
      asker.throwIfAborted();
      const asked = { read, landing, end: end.signal, ended: ended.promise };
      const chunks = verify ? this.#checkedChunks(asked) : this.#chunks(asked);
      for await (const chunk of chunks) {
        metrics.readBytes.add(chunk.length);
        sentBytes += chunk.length;
        if (sentBytes === read.length) outcome = "ok";
        yield chunk;
      }
      if (sentBytes === 0 && landing?.isFilled) {
        metrics.readBytes.add(read.length);
        outcome = "ok";
      }
    } catch (error) {
      if (!asker.aborted) outcome = error instanceof SeedfleetError ? error.detail.code : "failed";
      throw error;
    } finally {
      asker.removeEventListener("abort", leave);
      end.abort(ANSWERED);
      metrics.reads.add(1, { outcome });
      this.#answers.delete(end);
      this.#ended.resolve();
      this.#ended = Promise.withResolvers();
    }
  }

  async *#chunks(asked: Asked): AsyncGenerator<Uint8Array, void, void> {
    const { read, end, landing } = asked;
    const landedBytes = landing === null ? 0 : yield* this.#land(asked, landing);
    for (let sent = landedBytes; sent < read.length; ) {
      const begin = read.begin + sent;
      const part = { ...read, begin, length: Math.min(read.length - sent, this.#chunkBytes) };
      const context = yield* this.#wait(asked, this.#contextFor(read));
      const chunk = yield* this.#wait(asked, this.#chunk(context, part, end), context);
      sent += chunk.length;
      // A view of its own, since the bus tells askers' chunks apart by them.
      yield chunk.subarray();
    }
  }

  /**
   * Reads all of it to where the asker would have it, unless it must come from a source that cannot
   * do that or lies here already. How many bytes are there then, or were given: all or none.
   */
  async *#land(asked: Asked, landing: PieceLanding): AsyncGenerator<Uint8Array, number, void> {
    const { read, end } = asked;
    if (read.length > this.#chunkBytes || placesLength(landing.parts) !== read.length) return 0;
    const context = yield* this.#wait(asked, this.#contextFor(read));
    if (this.#cache.has(keyOf(read)) || !this.#reads.canLand(context)) return 0;
    const options = { signal: end, landing };
    const landed = this.#span(read, false, () =>
      this.#fresh(read, end, (current) => this.#reads.land(current, read, options)),
    );
    const bytes = yield* this.#wait(asked, landed, context);
    if (bytes !== null) yield bytes;
    else landing.offer(this.#atOnce);
    return read.length;
  }

  #chunk(context: TorrentContext, read: ChunkRead, signal: AbortSignal): Promise<Uint8Array> {
    return this.#span(read, false, async () => {
      const chunk = this.#cached(read, signal);
      // After it, so that what may be wanted later does not stand before what is wanted now.
      if (read.begin === 0) this.#ahead.wanted(context, read.piece);
      return await chunk;
    });
  }

  /** A piece whose bytes were wrong: nothing kept of it may be given again. */
  async *#checkedChunks(asked: Asked): AsyncGenerator<Uint8Array, void, void> {
    const { checked } = this.#ports;
    const { read, end } = asked;
    const context = yield* this.#wait(asked, this.#contextFor(read));
    this.#forget(context.infoHash, read.piece);
    const reading = this.#span(read, true, () => checked.read(context, read.piece, end));
    try {
      const { bytes } = yield* this.#wait(asked, reading, context);
      const until = read.begin + read.length;
      for (let begin = read.begin; begin < until; begin += this.#chunkBytes) {
        yield bytes.subarray(begin, Math.min(begin + this.#chunkBytes, until));
      }
    } finally {
      // It may come only when nobody waits for it any more.
      const giveBack = reading.then((piece) => piece[Symbol.dispose]());
      giveBack.catch(() => {});
    }
  }

  /** Keeps the asker waiting for the result, but not for ever. */
  #wait<Result>(
    { ended }: Asked,
    result: Promise<Result>,
    context?: TorrentContext,
  ): AsyncGenerator<Uint8Array, Result, void> {
    const { clock } = this.#ports.conditions;
    const maxMs = context?.isElsewhere ? READ_ELSEWHERE_MS_MAX : READ_MS_MAX;
    return keepWaiting(Promise.race([result, ended]), {
      ...{ clock, everyMs: KEEP_WAITING_MS, maxMs },
      tooLong: () => tooSlow(maxMs),
    });
  }

  #span<Result>(read: ChunkRead, verify: boolean, work: () => Promise<Result>): Promise<Result> {
    return this.#ports.tracer.span("piece read", { attributes: { ...read, verify } }, work);
  }

  #cached(read: ChunkRead, asker: AbortSignal): Promise<Uint8Array> {
    return this.#cache.get(keyOf(read), asker, (signal) =>
      this.#fresh(read, signal, (context) => this.#reads.read(context, read, signal)),
    );
  }

  #forget(infoHash: InfoHash, piece: number): void {
    const prefix = `${infoHash} ${piece} `;
    this.#cache.forget((key) => key.startsWith(prefix));
  }

  async #fresh<Result>(
    read: ChunkRead,
    signal: AbortSignal,
    readFrom: (context: TorrentContext) => Promise<Result>,
  ): Promise<Result> {
    while (true) {
      const context = await this.#contextFor(read);
      try {
        return await readFrom(context);
      } catch (error) {
        // Published again in the meantime, so there are newer sources to read from.
        if (signal.aborted || this.#ports.contexts.isCurrent(context)) throw error;
      }
    }
  }

  async #contextFor(read: ChunkRead): Promise<TorrentContext> {
    const context = await this.#ports.contexts.find(read.infoHash);
    const { piece, begin, length } = read;
    if (piece >= context.pieceCount || begin + length > lengthOf(context, piece)) {
      throw pieceOutOfRange(read);
    }
    return context;
  }

  async #prefetch(context: TorrentContext, piece: number, signal: AbortSignal): Promise<void> {
    const { infoHash } = context;
    const pieceLength = lengthOf(context, piece);
    for (let begin = 0; begin < pieceLength; begin += this.#chunkBytes) {
      const length = Math.min(pieceLength - begin, this.#chunkBytes);
      const read = { infoHash, piece, begin, length };
      if (this.#cache.has(keyOf(read))) continue;
      this.#memory.release(await this.#cached(read, signal));
    }
  }
}

function tooSlow(maxMs: number): SeedfleetError {
  return contentUnreadable("the torrent", `no source has answered in ${maxMs / 1_000} s`);
}

function stopping(): SeedfleetError {
  return contentUnreadable("the torrent", "this piece-store is stopping");
}
