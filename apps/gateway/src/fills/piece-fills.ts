import { type Clock, delay, errorMessage } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { Torrent } from "../torrents/torrent.ts";
import { PieceIntake, type PieceIntakePorts } from "./piece-intake.ts";
import type { FillOutcome, FillWaiter, PieceSource } from "./piece-source.ts";
import { storeCode } from "./store-code.ts";

/** Fills under way at once; with 16 MiB pieces that is 256 MiB on their way at most. */
export const FILLS_IN_FLIGHT_MAX = 16;

/** A store that stays away longer is not just restarting: the peers are better off elsewhere. */
export const FILL_RETRY_MS_MAX = 60_000;

/** Pieces are brought ahead of their peers only while so many places for others are free. */
const FILLS_LEFT_TO_PEERS = FILLS_IN_FLIGHT_MAX / 2;

/** Nobody waits for a piece that is brought ahead, but it is wanted; it is no download's own. */
const AHEAD_TRACE = `${"0".repeat(31)}1`;
const AHEAD: FillWaiter = { waits: () => true, tell() {} };

const RETRY_DELAY_MS = 200;
const RETRY_DELAY_MS_MAX = 2_000;

/** A piece that is on its way into the cache, or waits for its turn. */
type Fill = {
  readonly torrent: Torrent;
  readonly piece: number;
  readonly waiters: FillWaiter[];
  /** Of whoever cannot do without it. */
  traceId: string;
};

type FillPorts = PieceIntakePorts & { readonly clock: Clock; readonly telemetry: Telemetry };

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
export class PieceFills implements PieceSource {
  readonly #ports: FillPorts;
  readonly #intake: PieceIntake;
  readonly #fills = new Map<Torrent, Map<number, Fill>>();
  readonly #queue: Fill[] = [];
  /** Those no peer waits for, in the order they were asked for. */
  readonly #later = new Set<Fill>();
  readonly #outcomes;
  #running = 0;
  readonly #stopping = new AbortController();

  constructor(ports: FillPorts) {
    this.#ports = ports;
    this.#intake = new PieceIntake(ports);
    this.#outcomes = ports.telemetry.meter.counter(
      "seedfleet_gateway_fills",
      "Pieces asked of a piece-store, by outcome",
    );
  }

  /** Tells `waiter` once the piece is in the cache, or why it never will be. */
  want(torrent: Torrent, piece: number, options: { traceId: string; waiter: FillWaiter }): void {
    const { traceId, waiter } = options;
    const underWay = this.#fills.get(torrent)?.get(piece);
    underWay?.waiters.push(waiter);
    // A peer that wants what was to come later is not kept waiting for that.
    if (underWay !== undefined && !this.#later.delete(underWay)) return;
    const fill = underWay ?? this.#add(torrent, piece, waiter);
    fill.traceId = traceId;
    this.#queue.push(fill);
    this.#next();
  }

  /** The same, whenever no peer waits for its turn and places for peers' pieces stay free. */
  wantLater(torrent: Torrent, piece: number, waiter: FillWaiter): void {
    const underWay = this.#fills.get(torrent)?.get(piece);
    if (underWay !== undefined) return void underWay.waiters.push(waiter);
    this.#later.add(this.#add(torrent, piece, waiter));
    this.#next();
  }

  /** Said again when the peer gets there, so what finds no place now is not remembered. */
  prefetch(torrent: Torrent, piece: number): void {
    if (this.#running > FILLS_LEFT_TO_PEERS || !torrent.have.has(piece)) return;
    this.want(torrent, piece, { traceId: AHEAD_TRACE, waiter: AHEAD });
  }

  stop(): void {
    this.#stopping.abort();
    this.#queue.length = 0;
    this.#later.clear();
  }

  #add(torrent: Torrent, piece: number, waiter: FillWaiter): Fill {
    const fill: Fill = { torrent, piece, waiters: [waiter], traceId: AHEAD_TRACE };
    const ofTorrent = this.#fills.get(torrent);
    if (ofTorrent === undefined) this.#fills.set(torrent, new Map([[piece, fill]]));
    else ofTorrent.set(piece, fill);
    return fill;
  }

  #next(): void {
    while (this.#running < FILLS_IN_FLIGHT_MAX) {
      const fill = this.#queue.shift() ?? this.#takeLater();
      if (fill === null) return;
      this.#running += 1;
      void this.#run(fill).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  #takeLater(): Fill | null {
    if (this.#running >= FILLS_LEFT_TO_PEERS) return null;
    const first = this.#later.values().next().value;
    if (first !== undefined) this.#later.delete(first);
    return first ?? null;
  }

  async #run(fill: Fill): Promise<void> {
    const { torrent, piece, traceId } = fill;
    // A peer that asks and cancels must not have the store read for it.
    if (!fill.waiters.some((waiter) => waiter.waits())) {
      this.#remove(fill);
      this.#outcomes.add(1, { outcome: "unwanted" });
      return;
    }
    const { tracer } = this.#ports.telemetry;
    const attributes = { infoHash: torrent.infoHash, piece };
    const outcome = await tracer.span("piece fill", { traceId, attributes }, () =>
      this.#fill(torrent, piece),
    );
    this.#outcomes.add(1, { outcome });
    this.#remove(fill);
    for (const waiter of fill.waiters) waiter.tell(outcome);
  }

  #remove({ torrent, piece }: Fill): void {
    const ofTorrent = this.#fills.get(torrent);
    ofTorrent?.delete(piece);
    if (ofTorrent?.size === 0) this.#fills.delete(torrent);
  }

  async #fill(torrent: Torrent, piece: number): Promise<FillOutcome> {
    const { clock } = this.#ports;
    const untilMs = clock.nowMs() + FILL_RETRY_MS_MAX;
    let corrupt = false;
    let waitMs = RETRY_DELAY_MS;
    while (!this.#stopping.signal.aborted) {
      try {
        if (await this.#intake.read(torrent, piece, { verify: corrupt })) return "filled";
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
