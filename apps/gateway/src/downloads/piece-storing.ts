import { type Clock, delay } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { Torrent } from "../torrents/torrent.ts";
import type { Torrents } from "../torrents/torrents.ts";
import type { NotNow, PieceWrites } from "./piece-writes.ts";
import type { TorrentDownload } from "./torrent-download.ts";

/** A store that is away, or full, is tried again after so long. */
export const STORE_RETRY_MS = 5_000;

export type PieceStoringPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly writes: PieceWrites;
  readonly torrents: Pick<Torrents, "got">;
};

export type StoredDownload = {
  readonly torrent: Torrent;
  /** The piece-store that keeps it. */
  readonly holder: string;
  /** Told when the store takes nothing for now, and when it does again. */
  readonly stalled: (isStalled: boolean) => void;
};

/**
 * Has the store verify and keep one download's pieces. While it cannot (it is away, its disk is
 * full) nothing more is asked of peers, and what is there is offered again until it is taken.
 */
export class PieceStoring {
  readonly #ports: PieceStoringPorts;
  readonly #of: StoredDownload;
  /** Those that the store did not take. */
  readonly #unstored = new Map<number, Uint8Array>();
  /** The code of it; null while the store takes what it is given. */
  #stalledBecause: string | null = null;
  #isWaiting = false;

  constructor(ports: PieceStoringPorts, of: StoredDownload) {
    this.#ports = ports;
    this.#of = of;
  }

  store(piece: number, bytes: Uint8Array): void {
    const { download } = this.#of.torrent;
    if (download !== null) void this.#store(download, piece, bytes);
  }

  async #store(download: TorrentDownload, piece: number, bytes: Uint8Array): Promise<void> {
    const { holder, torrent } = this.#of;
    const { infoHash } = torrent;
    const outcome = await this.#ports.writes.write(holder, { infoHash, piece, bytes });
    if (torrent.download !== download) return;
    if (outcome.kind === "not-now") {
      this.#unstored.set(piece, bytes);
      return this.#stall(download, outcome);
    }
    this.#goOn(download);
    if (outcome.kind === "corrupt") {
      this.#ports.log.warn("downloaded piece corrupt", { infoHash, piece });
      download.failed(piece);
    } else {
      // The store's word of it comes over the bus as well, and may be lost.
      this.#ports.torrents.got(torrent, piece);
      download.recycle(bytes);
    }
  }

  #stall(download: TorrentDownload, { code, reason }: NotNow): void {
    const { stalled, torrent } = this.#of;
    download.pause(reason);
    // It is tried every few seconds, and said once.
    if (code !== this.#stalledBecause) {
      this.#stalledBecause = code;
      stalled(true);
      this.#ports.log.warn("download paused", { infoHash: torrent.infoHash, reason });
    }
    if (!this.#isWaiting) void this.#retry(download);
  }

  async #retry(download: TorrentDownload): Promise<void> {
    this.#isWaiting = true;
    await delay(this.#ports.clock, STORE_RETRY_MS);
    this.#isWaiting = false;
    if (this.#of.torrent.download !== download) return;
    // Another gateway may have brought some of them meanwhile.
    const again = [...this.#unstored].filter(([piece]) => download.isStoring(piece));
    this.#unstored.clear();
    if (again.length === 0) this.#goOn(download);
    for (const [piece, bytes] of again) void this.#store(download, piece, bytes);
  }

  /** The store answers again. */
  #goOn(download: TorrentDownload): void {
    const { stalled, torrent } = this.#of;
    if (this.#stalledBecause === null) return;
    this.#stalledBecause = null;
    stalled(false);
    this.#ports.log.info("download goes on", { infoHash: torrent.infoHash });
    download.resume();
  }
}
