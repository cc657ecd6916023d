import type { Bus } from "@seedfleet/bus";
import { contentChanged, contentUnwritable } from "@seedfleet/content";
import type { PieceWrite } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import { pieceOutOfRange } from "../errors.ts";
import type { CheckedPieces } from "../reading/checked-pieces.ts";
import type { KnownMetainfo } from "../reading/known-metainfo.ts";
import type { TorrentContext } from "../reading/load-torrent.ts";
import type { TorrentConditions } from "../reading/torrent-conditions.ts";
import type { TorrentContexts } from "../reading/torrent-contexts.ts";
import type { TorrentSource } from "../reading/torrent-source.ts";
import { fetchOffered } from "./fetch-offered.ts";

export type OfferedRepairsPorts = {
  readonly bus: Bus;
  readonly checked: CheckedPieces;
  readonly clock: Clock;
  readonly conditions: TorrentConditions;
  readonly contexts: TorrentContexts;
  readonly known: KnownMetainfo;
  /** Whether the store may write to files that are not its own. */
  readonly repairFiles: boolean;
};

/**
 * Takes pieces of content that is not managed but published: only those that are known to be bad,
 * and as a repair from another source takes them, in place. What is not bad is not asked for.
 */
export class OfferedRepairs {
  readonly #ports: OfferedRepairsPorts;

  constructor(ports: OfferedRepairsPorts) {
    this.#ports = ports;
  }

  /** Rejects with `torrent-unknown`, `content-changed`, `content-unwritable`. */
  async take({ infoHash, piece, offeredBy }: PieceWrite): Promise<"verified" | "corrupt"> {
    const { checked, conditions, contexts, known, repairFiles } = this.#ports;
    const context = await contexts.find(infoHash);
    const { pieceCount, pieceLengthBytes, sources } = context;
    if (piece >= pieceCount) {
      throw pieceOutOfRange({ infoHash, piece, begin: 0, length: pieceLengthBytes });
    }
    const bad = this.#badAt(context, piece);
    if (bad === null) {
      const [first] = sources;
      if (first !== undefined && sources.every(({ isStale }) => isStale)) {
        throw contentChanged(first.stalePath ?? first.location);
      }
      return "verified";
    }
    if (!repairFiles) {
      const setting = "SEEDFLEET_PIECE_STORE_REPAIR_FILES";
      throw contentUnwritable(bad.location, `${setting} keeps published files as they are`);
    }
    const metainfo = await known.of(infoHash);
    const asked = { offer: { infoHash, piece }, process: offeredBy };
    using bytes = await fetchOffered(this.#ports, asked, metainfo);
    if (bytes === null) return "corrupt";
    await checked.mend(context, piece, bytes.joined());
    // Whoever is told looks at what is bad yet.
    await conditions.settled();
    const left = this.#badAt(context, piece);
    if (left === null) return "verified";
    throw contentUnwritable(left.location, "a bad piece could not be written over; see the log");
  }

  #badAt(context: TorrentContext, piece: number): TorrentSource | null {
    return context.sources.find((each) => this.#ports.checked.isBad(context, each, piece)) ?? null;
  }
}
