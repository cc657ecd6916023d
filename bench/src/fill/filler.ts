import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { openCatalog, watchPresence } from "@seedfleet/fleet";
import {
  HASHES_BESIDE,
  openTaking,
  PieceCache,
  PieceFills,
  pieceReader,
  type Taking,
  Torrent,
} from "@seedfleet/gateway/service";
import { parseMetainfo } from "@seedfleet/metainfo";
import { systemClock } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { BenchError } from "../bench-error.ts";

export type FillerPorts = { readonly bus: Bus; readonly telemetry: Telemetry };

export type FillerConfig = { readonly cacheBytes: number; readonly piecesAtOnce: number };

type FillerParts = {
  readonly newTorrent: () => Torrent;
  readonly fills: PieceFills;
  readonly taking: Taking;
};

/** Fills a cache with the pieces of one torrent, by the gateway's own code. */
export class Filler {
  readonly #newTorrent: () => Torrent;
  readonly #fills: PieceFills;
  readonly #taking: Taking;
  readonly #piecesAtOnce: number;

  /** Finds the torrent in the catalog, as a gateway does on its first handshake. */
  static async open(
    { bus, telemetry }: FillerPorts,
    { cacheBytes, piecesAtOnce }: FillerConfig,
    infoHash: InfoHash,
  ): Promise<Filler> {
    const catalog = await openCatalog(bus, telemetry.log);
    const entry = await catalog.find(infoHash);
    const bytes = await catalog.metainfo(infoHash);
    const metainfo = bytes === null ? null : parseMetainfo(bytes);
    if (entry === null || metainfo?.kind !== "metainfo") {
      throw new BenchError(`${infoHash} is not in the catalog`);
    }
    const taking = openTaking(telemetry.log, { cacheBytes });
    const fills = new PieceFills({
      clock: systemClock,
      telemetry,
      cache: new PieceCache({ bytesMax: cacheBytes, shared: HASHES_BESIDE }),
      recycle: (chunk) => bus.recycle(chunk),
      ...taking,
      readPiece: pieceReader(bus, watchPresence({ bus, clock: systemClock }, ["piece-store"])),
    });
    return new Filler(
      { newTorrent: () => new Torrent(metainfo, entry), fills, taking },
      piecesAtOnce,
    );
  }

  private constructor({ newTorrent, fills, taking }: FillerParts, piecesAtOnce: number) {
    this.#newTorrent = newTorrent;
    this.#fills = fills;
    this.#taking = taking;
    this.#piecesAtOnce = piecesAtOnce;
  }

  /**
   * Fills the first `share` of the pieces in order, so many at once, and gives the bytes that are;
   * rejects if one fails. No fill knows the pieces of the one before by their seals.
   */
  async fill(share: number): Promise<number> {
    const torrent = this.#newTorrent();
    const { pieceCount, pieceLengthBytes, sizeBytes } = torrent.metainfo;
    const count = Math.ceil(pieceCount * share);
    await this.#fillFirst(count, torrent);
    return Math.min(count * pieceLengthBytes, sizeBytes);
  }

  #fillFirst(count: number, torrent: Torrent): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let asked = 0;
    let filled = 0;
    const ask = (): void => {
      const piece = asked;
      asked += 1;
      this.#want(torrent, piece, (outcome) => {
        if (outcome !== "filled") reject(new BenchError(`piece ${piece} is not there: ${outcome}`));
        filled += 1;
        if (filled === count) resolve();
        else if (asked < count) ask();
      });
    };
    while (asked < Math.min(this.#piecesAtOnce, count)) ask();
    return promise;
  }

  async stop(): Promise<void> {
    this.#fills.stop();
    await this.#taking.stop();
  }

  #want(torrent: Torrent, piece: number, tell: (outcome: string) => void): void {
    // A trace of its own for each, as the first request of a peer has.
    const traceId = (piece + 1).toString(16).padStart(32, "0");
    this.#fills.want(torrent, piece, { traceId, waiter: { waits: () => true, tell } });
  }
}
