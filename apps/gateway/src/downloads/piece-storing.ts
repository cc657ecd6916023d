import { type Clock, delay } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { Torrent } from "../torrents/torrent.ts";
import type { Torrents } from "../torrents/torrents.ts";
import type { PieceWrites } from "./piece-writes.ts";
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
    if (outcome.kind === "corrupt") {
      this.#ports.log.warn("downloaded piece corrupt", { infoHash, piece });
      download.failed(piece);
    } else if (outcome.kind === "verified") {
      // The store's word of it comes over the bus as well, and may be lost.
      this.#ports.torrents.got(torrent, piece);
      download.recycle(bytes);
    } else {
      this.#unstored.set(piece, bytes);
      await this.#stall(download, outcome.reason);
    }
  }

  async #stall(download: TorrentDownload, reason: string): Promise<void> {
    const { stalled, torrent } = this.#of;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    download.pause(reason);
    stalled(true);
    this.#ports.log.warn("download paused", { infoHash: torrent.infoHash, reason });
    await delay(this.#ports.clock, STORE_RETRY_MS);
    this.#isWaiting = false;
    if (torrent.download !== download) return;
    stalled(false);
    download.resume();
    const again = [...this.#unstored];
    this.#unstored.clear();
    for (const [piece, bytes] of again) {
      // Another gateway may have brought it meanwhile.
      if (download.isStoring(piece)) void this.#store(download, piece, bytes);
    }
  }
}
