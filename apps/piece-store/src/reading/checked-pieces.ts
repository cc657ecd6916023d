import { type Metainfo, pieceLengthAt, verifyPiece } from "@seedfleet/metainfo";
import { SeedfleetError } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { pieceAbsent, pieceCorrupt } from "../errors.ts";
import type { PieceStoreMetrics } from "../metrics.ts";
import { FairSlots } from "./fair-slots.ts";
import { firstAnswer } from "./first-answer.ts";
import type { KnownMetainfo } from "./known-metainfo.ts";
import type { TorrentContext } from "./load-torrent.ts";
import { HEDGE_MS, inTurn, mostHopeful, noteFailure } from "./source-failures.ts";
import type { TorrentConditions } from "./torrent-conditions.ts";
import type { SourceBytes, TorrentSource } from "./torrent-source.ts";

/** Each holds a whole piece, which may be half a gigabyte; it is asked for only when one failed. */
export const CHECKED_READS_AT_ONCE_MAX = 2;

/** Of one torrent, so that one that stalls leaves room for another. */
export const CHECKED_READS_EACH_MAX = 1;

export const CHECKED_READS_WAITING_MAX = 64;

export type CheckedPiecePorts = {
  readonly conditions: TorrentConditions;
  readonly known: KnownMetainfo;
  readonly log: Log;
  readonly metrics: PieceStoreMetrics;
  readonly repairFiles: boolean;
  /** Asks the rest of the fleet for a piece that no source of ours has right; null if nobody. */
  readonly elsewhere: (metainfo: Metainfo, piece: number) => Promise<Uint8Array | null>;
};

/** What a look at one piece at one source found. */
export type PieceFinding = "right" | "bad" | "absent" | "unreadable";

/** Holds its slot, and so its memory, until it is disposed. */
export type CheckedPiece = Disposable & { readonly bytes: Uint8Array };

type WantedPiece = { readonly metainfo: Metainfo; readonly piece: number };
type Look =
  | { readonly finding: "right"; readonly bytes: Uint8Array }
  | { readonly finding: Exclude<PieceFinding, "right">; readonly error: unknown };

/**
 * Whole pieces whose hash is checked here, source by source: what is bad is noted, never given, and
 * written anew where another source has it right.
 */
export class CheckedPieces {
  readonly #ports: CheckedPiecePorts;
  readonly #slots = new FairSlots({
    atOnceMax: CHECKED_READS_AT_ONCE_MAX,
    eachMax: CHECKED_READS_EACH_MAX,
    waitingMax: CHECKED_READS_WAITING_MAX,
  });

  constructor(ports: CheckedPiecePorts) {
    this.#ports = ports;
  }

  /**
   * From the first source that has it right. Rejects with `piece-corrupt` if all have it wrong, or
   * as one did that another try may find readable.
   */
  async read(context: TorrentContext, piece: number, signal: AbortSignal): Promise<CheckedPiece> {
    const { conditions, known } = this.#ports;
    const { infoHash } = context;
    const slot = await this.#slots.take(infoHash, signal);
    try {
      const wanted = { metainfo: await known.of(infoHash), piece };
      // What is known to be bad may have been put right by hand, but any other is a better guess.
      const sources = inTurn(context, conditions.clock.nowMs()).toSorted(
        (a, b) => Number(this.isBad(context, a, piece)) - Number(this.isBad(context, b, piece)),
      );
      const bytes = await this.#findRight(context, sources, wanted);
      await this.#repair(context, wanted, bytes);
      return { bytes, [Symbol.dispose]: () => slot[Symbol.dispose]() };
    } catch (error) {
      slot[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Checks one piece at one source and notes what it finds. A bad one is repaired if any source,
   * here or in the fleet, has it right.
   */
  async check(
    context: TorrentContext,
    source: TorrentSource,
    piece: number,
  ): Promise<PieceFinding> {
    const { elsewhere, known, log } = this.#ports;
    const wanted = { metainfo: await known.of(context.infoHash), piece };
    const { finding } = await this.#look(context, source, wanted);
    if (finding !== "bad") return finding;
    const others = context.sources.filter((other) => other !== source && !other.isStale);
    const ours = others.length === 0 ? null : this.#findRight(context, others, wanted);
    const bytes = (await ours?.catch(() => null)) ?? (await elsewhere(wanted.metainfo, piece));
    if (bytes !== null) await this.#repair(context, wanted, bytes);
    else log.debug("nobody has a bad piece right", { infoHash: context.infoHash, piece });
    return finding;
  }

  /** Writes bytes that are right over every copy of the piece that is bad and may be written. */
  async mend(context: TorrentContext, piece: number, bytes: Uint8Array): Promise<void> {
    const metainfo = await this.#ports.known.of(context.infoHash);
    await this.#repair(context, { metainfo, piece }, bytes);
  }

  /** Whether a piece at a source is known to be bad. */
  isBad({ infoHash }: TorrentContext, { location }: TorrentSource, piece: number): boolean {
    return this.#ports.conditions.isBad(infoHash, location, piece);
  }

  /** Rejects as the failure does that another try may mend, if there is one. */
  async #findRight(
    context: TorrentContext,
    sources: readonly TorrentSource[],
    wanted: WantedPiece,
  ): Promise<Uint8Array> {
    const { clock } = this.#ports.conditions;
    const attempts = sources.map((source) => ({
      run: async (): Promise<Uint8Array> => {
        const look = await this.#look(context, source, wanted);
        if (look.finding === "right") return look.bytes;
        throw look.error;
      },
      slow: () => source.rest(clock.nowMs()),
    }));
    // A look is worth its end, whoever asked for it: so it is not stopped.
    const options = { clock, hedgeMs: HEDGE_MS, signal: new AbortController().signal };
    return await firstAnswer(attempts, options).catch((error: unknown) => {
      throw mostHopeful(error);
    });
  }

  async #look(
    context: TorrentContext,
    source: TorrentSource,
    { metainfo, piece }: WantedPiece,
  ): Promise<Look> {
    const { conditions } = this.#ports;
    const { infoHash } = context;
    const { location } = source;
    // Not from Node's pool: the memory is another's once it is sent.
    const bytes = Buffer.allocUnsafeSlow(pieceLengthAt(metainfo, piece));
    try {
      const content = await source.bytes();
      if (!content.has(piece)) return { finding: "absent", error: pieceAbsent(infoHash, piece) };
      await content.read(piece * metainfo.pieceLengthBytes, bytes);
    } catch (error) {
      // A mistake of ours says nothing of the source.
      if (!(error instanceof SeedfleetError)) throw error;
      const told = noteFailure(conditions, { context, source, error });
      return { finding: "unreadable", error: told };
    }
    conditions.isFresh(context, location);
    if (!verifyPiece(metainfo, piece, bytes)) {
      conditions.wentBad(context, location, piece);
      return { finding: "bad", error: pieceCorrupt(infoHash, piece) };
    }
    // Somebody may have put it right by hand.
    conditions.repaired(context, location, piece);
    return { finding: "right", bytes };
  }

  /** Writes the piece anew wherever it is known to be bad and may be written. */
  async #repair(context: TorrentContext, wanted: WantedPiece, bytes: Uint8Array): Promise<void> {
    const { conditions, metrics, repairFiles } = this.#ports;
    const { metainfo, piece } = wanted;
    for (const source of context.sources) {
      if (source.isStale || !this.isBad(context, source, piece)) continue;
      const content: SourceBytes | null = await source.bytes().catch(() => null);
      if (content === null || content.repair === null) continue;
      if (!content.isManaged && !repairFiles) continue;
      try {
        await content.repair(piece * metainfo.pieceLengthBytes, bytes);
        const { finding } = await this.#look(context, source, wanted);
        if (finding === "right") metrics.repairedPieces.add(1);
      } catch (error) {
        conditions.notRepaired(context, { location: source.location, piece }, error);
      }
    }
  }
}
