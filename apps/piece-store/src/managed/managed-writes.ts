import type { Bus } from "@seedfleet/bus";
import { type ContentErrorDetail, contentFull } from "@seedfleet/content";
import { type PieceOffer, type PieceWrite, pieceVerifiedEvent } from "@seedfleet/contracts";
import { pieceLengthAt } from "@seedfleet/metainfo";
import { type Clock, errorCode, SeedfleetError } from "@seedfleet/runtime";
import { ByteBudget } from "../byte-budget.ts";
import { managedLocation } from "../content/locations.ts";
import { pieceOutOfRange } from "../errors.ts";
import type { PieceStoreMetrics } from "../metrics.ts";
import type { TorrentConditions } from "../reading/torrent-conditions.ts";
import { Slots } from "../slots.ts";
import { fetchOffered } from "./fetch-offered.ts";
import type { ManagedCompletion } from "./managed-completion.ts";
import { managedSpans } from "./managed-layout.ts";
import type { ManagedTorrent, ManagedTorrents } from "./managed-torrents.ts";
import type { OfferedRepairs } from "./offered-repairs.ts";

/** What is synced together is what is there together: with fewer a disk would sync all the time. */
export const WRITES_AT_ONCE_MAX = 64;

/** Of the pieces that are fetched, checked and synced; one that is longer comes alone. */
export const WRITE_BYTES_MAX: number = 64 * 1024 * 1024;

/** Some sixteen gateways with sixty-four pieces each on their way. */
export const WRITES_WAITING_MAX = 1024;

export type ManagedWritesPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly completion: Pick<ManagedCompletion, "look">;
  readonly conditions: TorrentConditions;
  readonly metrics: PieceStoreMetrics;
  /** Takes what is not managed here. */
  readonly repairs: OfferedRepairs;
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
  readonly #slots = new Slots({ atOnceMax: WRITES_AT_ONCE_MAX, waitingMax: WRITES_WAITING_MAX });
  readonly #memory = new ByteBudget(WRITE_BYTES_MAX);

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
    if (managed === null) return await this.#repair(write);
    const { content, metainfo } = managed;
    if (piece >= metainfo.pieceCount) {
      throw pieceOutOfRange({ infoHash, piece, begin: 0, length: metainfo.pieceLengthBytes });
    }
    const isBad = this.#ports.conditions.isBad(infoHash, managedLocation(infoHash), piece);
    if (content.has(piece) && !isBad) return "verified";
    using _bytes = await this.#memory.take(pieceLengthAt(metainfo, piece));
    return await this.#take(managed, write);
  }

  async #repair(write: PieceWrite): Promise<Outcome> {
    using _alone = await this.#memory.take(WRITE_BYTES_MAX);
    const outcome = await this.#ports.repairs.take(write);
    if (outcome === "verified") this.#tell(write);
    return outcome;
  }

  #tell({ infoHash, piece }: PieceOffer): void {
    this.#ports.bus.publish(pieceVerifiedEvent, { infoHash }, { holder: this.#holder, piece });
  }

  async #take(
    managed: ManagedTorrent,
    { infoHash, piece, offeredBy: process }: PieceWrite,
  ): Promise<Outcome> {
    const { completion, conditions } = this.#ports;
    const { content, layout, metainfo } = managed;
    const begin = piece * metainfo.pieceLengthBytes;
    const offer = { infoHash, piece };
    // Its memory is whoever's it was until it is written, so what was judged is what is written.
    using bytes = await fetchOffered(this.#ports, { offer, process }, metainfo);
    if (bytes === null) return "corrupt";
    const location = managedLocation(infoHash);
    // One that is there is left as it is, but not one whose bytes went bad.
    if (conditions.isBad(infoHash, location, piece)) await content.markAbsent(piece);
    await content.writePiece(piece, managedSpans(layout, begin, bytes.parts)).catch((error) => {
      throw sayingRoom(error, managed);
    });
    conditions.repaired(metainfo, location, piece);
    this.#tell(offer);
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
