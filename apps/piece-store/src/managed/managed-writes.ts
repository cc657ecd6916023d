import type { Bus } from "@seedfleet/bus";
import { MemoryPool } from "@seedfleet/bytes";
import { type ContentErrorDetail, contentFull } from "@seedfleet/content";
import { type PieceWrite, pieceVerifiedEvent } from "@seedfleet/contracts";
import { pieceLengthAt } from "@seedfleet/metainfo";
import { type Clock, errorCode, SeedfleetError } from "@seedfleet/runtime";
import { managedLocation } from "../content/locations.ts";
import { pieceOutOfRange, torrentUnknown } from "../errors.ts";
import type { PieceStoreMetrics } from "../metrics.ts";
import type { TorrentConditions } from "../reading/torrent-conditions.ts";
import { Slots } from "../slots.ts";
import { fetchOffered } from "./fetch-offered.ts";
import type { ManagedCompletion } from "./managed-completion.ts";
import { managedSpans } from "./managed-layout.ts";
import type { ManagedTorrent, ManagedTorrents } from "./managed-torrents.ts";

/** Each holds a piece in memory while it is fetched, checked and synced. */
export const WRITES_AT_ONCE_MAX = 4;

/** Some sixteen gateways with sixteen pieces each on their way. */
export const WRITES_WAITING_MAX = 256;

/** Of pieces longer than this, of which the longest has half a gigabyte, one at a time. */
const LARGE_PIECE_BYTES: number = 32 * 1024 * 1024;

/** Memory of written pieces that is kept for the next ones. */
const FREE_BYTES_MAX: number = 16 * 1024 * 1024;

export type ManagedWritesPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly completion: Pick<ManagedCompletion, "look">;
  readonly conditions: TorrentConditions;
  readonly metrics: PieceStoreMetrics;
  readonly torrents: ManagedTorrents;
};

const MIB = 1024 * 1024;

type Outcome = "verified" | "corrupt";

/**
 * Takes pieces of managed content. One that is wrong is never written; one that is told as verified
 * is on disk, synced.
 */
export class ManagedWrites {
  readonly #ports: ManagedWritesPorts;
  readonly #holder: string;
  readonly #memory = new MemoryPool({ freeBytesMax: FREE_BYTES_MAX });
  readonly #slots = new Slots({ atOnceMax: WRITES_AT_ONCE_MAX, waitingMax: WRITES_WAITING_MAX });
  readonly #largeSlots = new Slots({ atOnceMax: 1, waitingMax: WRITES_AT_ONCE_MAX });

  constructor(ports: ManagedWritesPorts, holder: string) {
    this.#ports = ports;
    this.#holder = holder;
  }

  /** Fetches a piece from whoever offers it, checks it, and writes it for good. */
  async write(write: PieceWrite): Promise<{ readonly outcome: Outcome }> {
    let told = "failed";
    try {
      const outcome = await this.#write(write);
      told = outcome;
      return { outcome };
    } catch (error) {
      told = errorCode(error) ?? told;
      throw error;
    } finally {
      this.#ports.metrics.writes.add(1, { outcome: told });
    }
  }

  async #write(write: PieceWrite): Promise<Outcome> {
    using _slot = await this.#slots.take();
    const { infoHash, piece } = write;
    const managed = await this.#ports.torrents.open(infoHash);
    if (managed === null) throw torrentUnknown(infoHash);
    const { content, metainfo } = managed;
    if (piece >= metainfo.pieceCount) {
      throw pieceOutOfRange({ infoHash, piece, begin: 0, length: metainfo.pieceLengthBytes });
    }
    const isBad = this.#ports.conditions.isBad(infoHash, managedLocation(infoHash), piece);
    if (content.has(piece) && !isBad) return "verified";
    if (pieceLengthAt(metainfo, piece) <= LARGE_PIECE_BYTES)
      return await this.#take(managed, write);
    using _large = await this.#largeSlots.take();
    return await this.#take(managed, write);
  }

  async #take(
    managed: ManagedTorrent,
    { infoHash, piece, offeredBy: process }: PieceWrite,
  ): Promise<Outcome> {
    const { bus, completion, conditions } = this.#ports;
    const { content, layout, metainfo } = managed;
    const begin = piece * metainfo.pieceLengthBytes;
    const offer = { infoHash, piece };
    const ports = { ...this.#ports, memory: this.#memory };
    const bytes = await fetchOffered(ports, { offer, process }, metainfo);
    if (bytes === null) return "corrupt";
    const location = managedLocation(infoHash);
    // One that is there is left as it is, but not one whose bytes went bad.
    if (conditions.isBad(infoHash, location, piece)) await content.markAbsent(piece);
    await content.writePiece(piece, managedSpans(layout, begin, bytes)).catch((error) => {
      throw sayingRoom(error, managed);
    });
    // Of a write that failed a part may still be under way.
    this.#memory.give(bytes);
    conditions.repaired(metainfo, location, piece);
    bus.publish(pieceVerifiedEvent, { infoHash }, { holder: this.#holder, piece });
    if (content.havePieces === content.pieceCount) completion.look(infoHash);
    return "verified";
  }
}

/** Of a full disk it is told how much of the torrent has yet to come. */
function sayingRoom(error: unknown, { content, metainfo }: ManagedTorrent): unknown {
  const detail: ContentErrorDetail | null = error instanceof SeedfleetError ? error.detail : null;
  if (detail?.code !== "content-full") return error;
  const { pieceCount, pieceLengthBytes, sizeBytes } = metainfo;
  const absent = pieceCount - content.havePieces;
  const mib = Math.ceil(Math.min(sizeBytes, absent * pieceLengthBytes) / MIB);
  return contentFull(detail.path, `${detail.reason}: the torrent needs ${mib} MiB more`, error);
}
