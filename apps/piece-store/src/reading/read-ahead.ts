import type { InfoHash } from "@seedfleet/bytes";
import type { TorrentContext } from "./load-torrent.ts";

/** Far enough to hide the latency of a bucket behind the piece before. */
export const READ_AHEAD_PIECES = 2;

/** Each may hold a piece that nobody has asked for yet. */
export const READ_AHEADS_AT_ONCE_MAX = 4;

/** Torrents of which it is remembered where they were read last. */
export const READ_AHEAD_TORRENTS_MAX = 1_024;

/** Places where a torrent was read last: so many can read it in order at a time. */
const LAST_PIECES_KEPT = 8;

type ReadAheadPorts = {
  readonly mayRead: (context: TorrentContext) => boolean;
  /** Reads a piece into the cache. */
  readonly read: (context: TorrentContext, piece: number, signal: AbortSignal) => Promise<void>;
};

/** Reads the next pieces of a torrent that is read in order, before anybody asks for them. */
export class ReadAhead {
  readonly #ports: ReadAheadPorts;
  readonly #lastPieces = new Map<InfoHash, readonly number[]>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(ports: ReadAheadPorts) {
    this.#ports = ports;
  }

  /** A piece was asked for. */
  wanted(context: TorrentContext, piece: number): void {
    const { infoHash, pieceCount } = context;
    const last = this.#lastPieces.get(infoHash) ?? [];
    this.#lastPieces.delete(infoHash);
    this.#lastPieces.set(
      infoHash,
      [piece, ...last.filter((each) => each !== piece)].slice(0, LAST_PIECES_KEPT),
    );
    const [oldest] = this.#lastPieces.keys();
    if (this.#lastPieces.size > READ_AHEAD_TORRENTS_MAX && oldest !== undefined) {
      this.#lastPieces.delete(oldest);
    }
    if (!last.includes(piece - 1)) return;
    const end = Math.min(piece + 1 + READ_AHEAD_PIECES, pieceCount);
    for (let next = piece + 1; next < end; next += 1) this.#start(context, next);
  }

  /** Gives up what is being read ahead, and resolves when none of it is waited for any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  /** What fails here fails again, and is told, when somebody asks for it. */
  #start(context: TorrentContext, piece: number): void {
    const { signal } = this.#stopping;
    if (this.#running.size >= READ_AHEADS_AT_ONCE_MAX || signal.aborted) return;
    if (!this.#ports.mayRead(context)) return;
    const running = this.#ports
      .read(context, piece, signal)
      .catch(() => {})
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
