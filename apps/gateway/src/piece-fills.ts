import type { BusErrorDetail } from "@seedfleet/bus";
import { pieceLengthAt, verifyPiece } from "@seedfleet/metainfo";
import { type Clock, delay, errorCode, errorMessage, SeedfleetError } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { PieceCache } from "./piece-cache.ts";
import type { Torrent } from "./torrent.ts";

/** Fills under way at once; with 16 MiB pieces that is 256 MiB on their way at most. */
export const FILLS_IN_FLIGHT_MAX = 16;

/** A store that stays away longer is not just restarting: the peers are better off elsewhere. */
export const FILL_RETRY_MS_MAX = 60_000;

const RETRY_DELAY_MS = 200;
const RETRY_DELAY_MS_MAX = 2_000;

/** How a fill ended. `gone`: these bytes cannot be had until the torrent is published again. */
export type FillOutcome = "filled" | "gone" | "gave-up";

/**
 * Reads one whole piece; rejects with an error whose code says why not. `verify` has the store
 * check its hash, source by source, since what came before was wrong.
 */
export type ReadPiece = (
  torrent: Torrent,
  piece: number,
  options: { readonly verify: boolean },
) => Promise<Uint8Array>;

type FillPorts = {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly cache: PieceCache;
  readonly readPiece: ReadPiece;
};

export type FillWaiter = {
  /** False once it does not want the piece any more. */
  readonly waits: () => boolean;
  readonly tell: (outcome: FillOutcome) => void;
};

/** The store's answers that no second try will change. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  "content-changed",
  "torrent-unknown",
  "piece-out-of-range",
  "piece-corrupt",
  "piece-absent",
]);

/** Whether no second try will change the answer. */
export function isFinal(error: unknown): boolean {
  return FINAL_CODES.has(storeCode(error));
}

/**
 * Brings pieces from the piece-store into the cache: one fill per piece however many peers wait,
 * each verified by its hash on arrival, so that no unverified byte ever leaves the fleet.
 *
 * A bus or store that is away is tried again for a minute. Bytes that fail their hash are read
 * once more, and checked by the store itself, which knows of other sources; then the piece counts
 * as gone.
 */
export class PieceFills {
  readonly #ports: FillPorts;
  readonly #fills = new Map<Torrent, Map<number, FillWaiter[]>>();
  readonly #queue: (() => Promise<void>)[] = [];
  readonly #outcomes;
  #running = 0;
  readonly #stopping = new AbortController();

  constructor(ports: FillPorts) {
    this.#ports = ports;
    this.#outcomes = ports.telemetry.meter.counter(
      "seedfleet_gateway_fills",
      "Pieces asked of a piece-store, by outcome",
    );
  }

  /** Tells `waiter` once the piece is in the cache, or why it never will be. */
  want(torrent: Torrent, piece: number, options: { traceId: string; waiter: FillWaiter }): void {
    let ofTorrent = this.#fills.get(torrent);
    if (ofTorrent === undefined) {
      ofTorrent = new Map();
      this.#fills.set(torrent, ofTorrent);
    }
    const waiters = ofTorrent.get(piece);
    if (waiters !== undefined) {
      waiters.push(options.waiter);
      return;
    }
    ofTorrent.set(piece, [options.waiter]);
    this.#queue.push(() => this.#run(torrent, piece, options.traceId));
    this.#next();
  }

  stop(): void {
    this.#stopping.abort();
    this.#queue.length = 0;
  }

  #next(): void {
    while (this.#running < FILLS_IN_FLIGHT_MAX) {
      const run = this.#queue.shift();
      if (run === undefined) return;
      this.#running += 1;
      void run().finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #run(torrent: Torrent, piece: number, traceId: string): Promise<void> {
    // A peer that asks and cancels must not have the store read for it.
    if (
      !this.#fills
        .get(torrent)
        ?.get(piece)
        ?.some((waiter) => waiter.waits())
    ) {
      this.#takeWaiters(torrent, piece);
      this.#outcomes.add(1, { outcome: "unwanted" });
      return;
    }
    const { tracer } = this.#ports.telemetry;
    const attributes = { infoHash: torrent.infoHash, piece };
    const outcome = await tracer.span("piece fill", { traceId, attributes }, () =>
      this.#fill(torrent, piece),
    );
    this.#outcomes.add(1, { outcome });
    for (const waiter of this.#takeWaiters(torrent, piece)) waiter.tell(outcome);
  }

  #takeWaiters(torrent: Torrent, piece: number): readonly FillWaiter[] {
    const ofTorrent = this.#fills.get(torrent);
    const waiters = ofTorrent?.get(piece) ?? [];
    ofTorrent?.delete(piece);
    if (ofTorrent?.size === 0) this.#fills.delete(torrent);
    return waiters;
  }

  async #fill(torrent: Torrent, piece: number): Promise<FillOutcome> {
    const { clock, cache, readPiece } = this.#ports;
    const untilMs = clock.nowMs() + FILL_RETRY_MS_MAX;
    let corrupt = false;
    let waitMs = RETRY_DELAY_MS;
    while (!this.#stopping.signal.aborted) {
      try {
        const bytes = await readPiece(torrent, piece, { verify: corrupt });
        if (isPiece(torrent, piece, bytes)) {
          cache.put(torrent.shelf, piece, bytes);
          return "filled";
        }
        if (corrupt) return this.#gone(torrent, piece, "piece-corrupt");
        corrupt = true;
        continue;
      } catch (error) {
        const code = storeCode(error);
        if (isFinal(error)) return this.#gone(torrent, piece, code);
        if (clock.nowMs() >= untilMs) return this.#gaveUp(torrent, piece, error);
      }
      await delay(clock, waitMs, this.#stopping.signal);
      waitMs = Math.min(2 * waitMs, RETRY_DELAY_MS_MAX);
    }
    return "gave-up";
  }

  /** Says so once a piece: from then on the torrent's bitfield lacks it. */
  #gone(torrent: Torrent, piece: number, code: string): FillOutcome {
    if (torrent.have.remove(piece)) {
      const { infoHash, metainfo } = torrent;
      const fields = { infoHash, name: metainfo.name, piece, code };
      // A changed file makes every piece of it fail; its store has said so with the file's name.
      const { log } = this.#ports.telemetry;
      if (code === "piece-corrupt") log.error("piece corrupt, not served", fields);
      else log.debug("piece refused by its store", fields);
    }
    return "gone";
  }

  #gaveUp(torrent: Torrent, piece: number, error: unknown): FillOutcome {
    const { log } = this.#ports.telemetry;
    const reason = errorMessage(error);
    log.warn("piece fill given up", { infoHash: torrent.infoHash, piece, reason });
    return "gave-up";
  }
}

function isPiece(torrent: Torrent, piece: number, bytes: Uint8Array): boolean {
  if (bytes.length !== pieceLengthAt(torrent.metainfo, piece)) return false;
  return verifyPiece(torrent.metainfo, piece, bytes);
}

/** The store's own code where it answered, else the bus's. */
function storeCode(error: unknown): string {
  const detail = error instanceof SeedfleetError ? (error.detail as BusErrorDetail) : null;
  if (detail?.code === "bus-remote") return detail.remoteCode;
  return errorCode(error) ?? "unknown";
}
