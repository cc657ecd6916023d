import type { Bus } from "@seedfleet/bus";
import type { PieceRead } from "@seedfleet/contracts";
import { fileSpans, pieceLengthAt } from "@seedfleet/metainfo";
import { errorCode, SeedfleetError } from "@seedfleet/runtime";
import type { Tracer } from "@seedfleet/telemetry";
import { pieceOutOfRange } from "./errors.ts";
import type { PieceStoreMetrics } from "./metrics.ts";
import { Slots } from "./slots.ts";
import type { TorrentContext, TorrentContexts } from "./torrent-contexts.ts";

/** Node reads four at a time; the others keep its queue full. Each may hold one chunk's memory. */
export const READS_IN_FLIGHT_MAX = 8;

/** Some thirty pieces for each of sixteen gateways: a few seconds of work for a slow disk. */
export const READS_WAITING_MAX = 512;

/** Over a network: two of them fill NATS's usual limit of 1 MiB with room for the headers. */
export const CHUNK_BYTES: number = 512 * 1024;

/** By reference: the longest piece we make, so that one piece is one chunk and one allocation. */
export const CHUNK_BYTES_MAX: number = 16 * 1024 * 1024;

export type PieceReaderPorts = {
  readonly bus: Pick<Bus, "payloadBytesMax">;
  readonly contexts: TorrentContexts;
  readonly tracer: Tracer;
  readonly metrics: PieceStoreMetrics;
};

/** Reads parts of pieces, so many at once, each chunk into memory of its own that is given away. */
export class PieceReader {
  readonly #ports: PieceReaderPorts;
  readonly #chunkBytes: number;
  readonly #slots = new Slots({ atOnceMax: READS_IN_FLIGHT_MAX, waitingMax: READS_WAITING_MAX });
  #answers = 0;
  #ended: PromiseWithResolvers<void> | null = null;

  constructor(ports: PieceReaderPorts) {
    this.#ports = ports;
    this.#chunkBytes = chunkBytesFor(ports.bus.payloadBytesMax);
  }

  /** How much is being read, of what can be at once; beyond 1 where requests wait. */
  get load(): number {
    return (this.#slots.taken + this.#slots.waiting) / READS_IN_FLIGHT_MAX;
  }

  /** Resolves when nobody is being answered. */
  async idle(): Promise<void> {
    while (this.#answers > 0) {
      this.#ended ??= Promise.withResolvers();
      await this.#ended.promise;
    }
  }

  async *read(request: PieceRead, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    const { metrics } = this.#ports;
    let outcome = "aborted";
    this.#answers += 1;
    try {
      for (let sent = 0; sent < request.length; ) {
        const begin = request.begin + sent;
        const length = Math.min(request.length - sent, this.#chunkBytes);
        const chunk = await this.#readChunk({ ...request, begin, length }, signal);
        metrics.readBytes.add(length);
        sent += length;
        if (sent === request.length) outcome = "ok";
        yield chunk;
      }
    } catch (error) {
      if (!signal.aborted) outcome = error instanceof SeedfleetError ? error.detail.code : "failed";
      throw error;
    } finally {
      metrics.reads.add(1, { outcome });
      this.#answers -= 1;
      this.#ended?.resolve();
      this.#ended = null;
    }
  }

  #readChunk(read: PieceRead, signal: AbortSignal): Promise<Uint8Array> {
    return this.#ports.tracer.span("piece read", { attributes: { ...read } }, async () => {
      // Loading has slots of its own: a torrent of many files must not hold up the others.
      let context = await this.#contextFor(read);
      using _slot = await this.#slots.take(signal);
      while (true) {
        try {
          return await readFrom(context, read);
        } catch (error) {
          const changed = errorCode(error) === "content-changed";
          if (!changed || this.#ports.contexts.changed(context, pathOf(error))) throw error;
          // Published again in the meantime, so there is a newer listing to read by.
          context = await this.#contextFor(read);
        }
      }
    });
  }

  async #contextFor(read: PieceRead): Promise<TorrentContext> {
    const context = await this.#ports.contexts.find(read.infoHash);
    const { piece, begin, length } = read;
    if (piece >= context.pieceCount || begin + length > lengthOf(context, piece)) {
      throw pieceOutOfRange(read);
    }
    return context;
  }
}

/** A bus that takes so much passes payloads by reference; any other copies and splits them. */
function chunkBytesFor(payloadBytesMax: number): number {
  if (payloadBytesMax >= CHUNK_BYTES_MAX) return CHUNK_BYTES_MAX;
  return Math.min(CHUNK_BYTES, payloadBytesMax);
}

async function readFrom(
  { content, layout, pieceLengthBytes }: TorrentContext,
  { piece, begin, length }: PieceRead,
): Promise<Uint8Array> {
  // Not from Node's pool: the memory is another's once it is sent.
  const bytes = Buffer.allocUnsafeSlow(length);
  await content.read(fileSpans(layout, piece * pieceLengthBytes + begin, length), bytes);
  return bytes;
}

function lengthOf(context: TorrentContext, piece: number): number {
  return pieceLengthAt({ ...context, sizeBytes: context.layout.sizeBytes }, piece);
}

function pathOf(error: unknown): string {
  const detail = error instanceof SeedfleetError ? error.detail : null;
  return detail !== null && "path" in detail ? String(detail.path) : "";
}
