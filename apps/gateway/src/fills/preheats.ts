import type { InfoHash } from "@seedfleet/bytes";
import type { PreheatProgress, PreheatRequest } from "@seedfleet/contracts";
import { visitorMark } from "@seedfleet/eviction";
import { pieceLengthAt } from "@seedfleet/metainfo";
import { type Clock, delay, forEachBounded, SeedfleetError } from "@seedfleet/runtime";
import type { CachedPieces } from "../blocks/cached-piece.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { FoundTorrent } from "../torrents/torrents.ts";
import type { PieceFills } from "./piece-fills.ts";
import type { FillOutcome } from "./piece-source.ts";
import { type PreheatPlan, planPreheat } from "./plan-preheat.ts";

/** Asked for at once: no more are read at once for whom no peer waits. */
export const PREHEAT_PIECES_AT_ONCE_MAX = 8;

/** Well within the silence that the call allows. */
const PROGRESS_INTERVAL_MS = 1_000;

/** As if two peers had asked for it: the cache forgets first what nobody came back for. */
const WANTED_MARK: number = visitorMark(0) | visitorMark(1);

type PreheatPorts = {
  readonly clock: Clock;
  readonly cache: CachedPieces;
  readonly fills: Pick<PieceFills, "wantLater">;
  readonly torrents: {
    find(infoHash: InfoHash): Promise<FoundTorrent>;
    current(infoHash: InfoHash): Torrent | null;
  };
};

type Run = { readonly torrent: Torrent; readonly signal: AbortSignal; progress: PreheatProgress };

/**
 * Brings pieces into the cache before a peer asks for them: for an operator who knows what will be
 * wanted. One torrent at a time, since two that share the cache would push each other out.
 */
export class Preheats {
  readonly #ports: PreheatPorts;
  readonly #cacheBytesMax: number;
  readonly #stopping = new AbortController();
  #isBusy = false;
  #infoHash: InfoHash | null = null;

  constructor(ports: PreheatPorts, { cacheBytes }: { readonly cacheBytes: number }) {
    this.#ports = ports;
    this.#cacheBytesMax = cacheBytes;
  }

  /** Whether it is at this torrent, which is in use then. */
  isAt(infoHash: InfoHash): boolean {
    return this.#infoHash === infoHash;
  }

  /** Tells how far it is, each second and at the end. Rejects with the codes of `preheatCall`. */
  async *run(request: PreheatRequest, asker: AbortSignal): AsyncGenerator<PreheatProgress> {
    if (this.#stopping.signal.aborted) throw draining();
    if (this.#isBusy) throw busy();
    this.#isBusy = true;
    const ended = new AbortController();
    try {
      const torrent = await this.#find(request.infoHash);
      const plan = planPreheat(torrent.metainfo, request.pieces, this.#cacheBytesMax);
      if (plan === null) throw outOfRange(torrent);
      this.#infoHash = torrent.infoHash;
      const signal = AbortSignal.any([asker, this.#stopping.signal, ended.signal]);
      yield* this.#follow({ torrent, signal, progress: beginning(plan) }, plan);
    } finally {
      ended.abort();
      this.#isBusy = false;
      this.#infoHash = null;
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #find(infoHash: InfoHash): Promise<Torrent> {
    const found = await this.#ports.torrents.find(infoHash);
    if (found.kind === "torrent") return found.torrent;
    throw new SeedfleetError(`Cannot preheat ${infoHash}: ${found.reason}`, { code: found.reason });
  }

  async *#follow(run: Run, { first, pieceCount }: PreheatPlan): AsyncGenerator<PreheatProgress> {
    const pieces = Array.from({ length: pieceCount }, (_, index) => first + index);
    const done = forEachBounded(pieces, PREHEAT_PIECES_AT_ONCE_MAX, (piece) =>
      this.#bring(run, piece),
    );
    const told = new AbortController();
    let isDone = false;
    const end = (): void => {
      isDone = true;
      told.abort();
    };
    // A failure is thrown below, when the last progress has been told.
    done.then(end, end);
    const signal = AbortSignal.any([told.signal, run.signal]);
    while (!isDone && !run.signal.aborted) {
      yield run.progress;
      await delay(this.#ports.clock, PROGRESS_INTERVAL_MS, signal);
    }
    if (this.#stopping.signal.aborted) throw draining();
    if (run.signal.aborted) return;
    yield run.progress;
    await done;
  }

  async #bring(run: Run, piece: number): Promise<void> {
    if (run.signal.aborted) return;
    const { torrent } = run;
    const { cache, torrents } = this.#ports;
    // Its pieces would lie where nobody looks for them.
    if (torrents.current(torrent.infoHash) !== torrent) throw removed(torrent);
    const wasCached = cache.get(torrent.shelf, piece) !== null;
    const outcome = wasCached ? "filled" : await this.#fill(run, piece);
    const cached = cache.get(torrent.shelf, piece);
    if (cached !== null) cache.touch(cached, WANTED_MARK);
    const bytes = pieceLengthAt(torrent.metainfo, piece);
    run.progress = advanced(run.progress, wasCached ? "cached" : outcome, bytes);
  }

  #fill({ torrent, signal }: Run, piece: number): Promise<FillOutcome> {
    if (!torrent.have.has(piece)) return Promise.resolve("gone");
    return new Promise((tell) => {
      this.#ports.fills.wantLater(torrent, piece, { waits: () => !signal.aborted, tell });
    });
  }
}

function beginning({ pieceCount, bytes, leftOutPieces }: PreheatPlan): PreheatProgress {
  return {
    ...{ wantedPieces: pieceCount, wantedBytes: bytes, leftOutPieces },
    ...{ broughtPieces: 0, broughtBytes: 0, cachedPieces: 0, missingPieces: 0 },
  };
}

function advanced(
  before: PreheatProgress,
  outcome: "cached" | FillOutcome,
  bytes: number,
): PreheatProgress {
  if (outcome === "cached") return { ...before, cachedPieces: before.cachedPieces + 1 };
  if (outcome !== "filled") return { ...before, missingPieces: before.missingPieces + 1 };
  const { broughtPieces, broughtBytes } = before;
  return { ...before, broughtPieces: broughtPieces + 1, broughtBytes: broughtBytes + bytes };
}

function busy(): SeedfleetError {
  const message = "Cannot preheat: the gateway is at another torrent; try again when it is done";
  return new SeedfleetError(message, { code: "gateway-busy" });
}

function draining(): SeedfleetError {
  return new SeedfleetError("Cannot preheat: the gateway is on its way out", {
    code: "gateway-draining",
  });
}

function outOfRange({ infoHash, metainfo }: Torrent): SeedfleetError {
  const last = metainfo.pieceCount - 1;
  return new SeedfleetError(`Cannot preheat ${infoHash}: its pieces are 0 to ${last}`, {
    code: "piece-out-of-range",
  });
}

function removed({ infoHash }: Torrent): SeedfleetError {
  return new SeedfleetError(`Cannot preheat ${infoHash}: it was taken out of the catalog`, {
    code: "torrent-unknown",
  });
}
