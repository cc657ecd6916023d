import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import type { ScrubState } from "@seedfleet/contracts";
import { type PresenceWatch, watchPresence } from "@seedfleet/fleet";
import { type Clock, delay, errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { PieceStoreMetrics } from "../metrics.ts";
import type { CheckedPieces } from "../reading/checked-pieces.ts";
import { ScrubPace } from "./scrub-pace.ts";
import type { ScrubStates } from "./scrub-states.ts";
import { ScrubTorrents, type ScrubTorrentsPorts } from "./scrub-torrents.ts";
import { type ScrubbedPiece, SourceScrub } from "./source-scrub.ts";

/** A round over everything begins no more often; a large store takes longer for one anyway. */
export const SCRUB_ROUND_INTERVAL_MS: number = 24 * 3_600_000;

/** So much checking is done again after a kill, at most, or the piece that was being checked. */
export const SCRUB_SAVE_INTERVAL_MS = 5_000;

/** A store that has just started has more urgent things to do, and learns who else is there. */
export const SCRUB_START_MS = 10_000;

/** How long the scrub waits where something keeps it from going on, or there is nothing to do. */
export const SCRUB_PAUSE_MS = 30_000;

/** Between two torrents, so that ten thousand small ones are no rush. */
const TORRENT_PAUSE_MS = 10;

/** A repair is let finish, well within the deadline of the process. */
const STOP_MS_MAX = 5_000;

export type ScrubConfig = {
  readonly holder: string;
  /** 0 scrubs nothing. */
  readonly scrubBytesPerSecond: number;
  readonly scrubRemote: boolean;
};

export type ScrubPorts = Omit<ScrubTorrentsPorts, "presence"> & {
  readonly bus: Bus;
  readonly checked: CheckedPieces;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: PieceStoreMetrics;
  /** They go before the scrub. */
  readonly reads: { readonly load: number };
  readonly states: ScrubStates;
};

type Place = NonNullable<ScrubState["at"]>;

/**
 * Reads and checks everything held, piece by piece, no faster than its budget: so a flipped bit is
 * found before a peer asks for it. Where it is stands on the bus, and it goes on there.
 */
export class Scrub {
  readonly #ports: ScrubPorts;
  readonly #config: ScrubConfig;
  readonly #stopping = new AbortController();
  readonly #presence: PresenceWatch | null;
  readonly #torrents: ScrubTorrents;
  readonly #sources: SourceScrub;
  #running: Promise<void> = Promise.resolve();
  #state: ScrubState | null = null;
  #isLoaded = false;
  #isSaved = true;
  #savedAtMs = -Infinity;
  #isInterrupted = false;
  #endedAtMs: number | null = null;
  /** Of the torrent that is being checked, how much is. */
  #torrentShare = 0;

  constructor(ports: ScrubPorts, config: ScrubConfig) {
    const { checked, metrics } = ports;
    const { holder, scrubBytesPerSecond, scrubRemote } = config;
    const watches = scrubRemote && scrubBytesPerSecond > 0;
    const presence = watches ? watchPresence(ports, ["piece-store"]) : null;
    const torrents = new ScrubTorrents({ ...ports, presence }, holder);
    const pace = new ScrubPace(ports, scrubBytesPerSecond);
    const readBytes = (bytes: number): void => metrics.scrubbedBytes.add(bytes);
    this.#ports = ports;
    this.#config = config;
    this.#presence = presence;
    this.#torrents = torrents;
    this.#sources = new SourceScrub({ checked, pace, torrents, readBytes }, this.#signal);
  }

  /** Of the torrents of this round, from 0 to 1; each counts alike. */
  get share(): number {
    const { at = null, endedAtMs = null } = this.#state ?? {};
    if (endedAtMs !== null) return 1;
    if (at === null) return 0;
    const { infoHashes } = this.#torrents;
    const before = infoHashes.filter((infoHash) => infoHash < at.infoHash).length;
    return Math.min(1, (before + this.#torrentShare) / Math.max(1, infoHashes.length));
  }

  /** When the last full round ended; null if none has. */
  get endedAtMs(): number | null {
    return this.#endedAtMs;
  }

  start(): void {
    if (this.#config.scrubBytesPerSecond > 0) this.#running = this.#run();
  }

  /** The catalog says something else of a torrent than before. */
  changed(infoHash: InfoHash): void {
    this.#sources.changed(infoHash);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#presence?.stop();
    const ended = new AbortController();
    const running = this.#running.finally(() => ended.abort());
    await Promise.race([running, delay(this.#ports.clock, STOP_MS_MAX, ended.signal)]);
  }

  get #signal(): AbortSignal {
    return this.#stopping.signal;
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports;
    await delay(clock, SCRUB_START_MS, this.#signal);
    while (!this.#signal.aborted) {
      try {
        await this.#goOn();
      } catch (error) {
        this.#interrupted(error);
      }
      await delay(clock, this.#pauseMs(), this.#signal);
    }
    await this.#save().catch(() => {});
  }

  #interrupted(error: unknown): void {
    if (this.#signal.aborted || this.#isInterrupted) return;
    this.#isInterrupted = true;
    this.#ports.log.warn("scrub interrupted", { reason: errorMessage(error) });
  }

  #goesOn(): void {
    if (this.#isInterrupted) this.#ports.log.info("scrub goes on");
    this.#isInterrupted = false;
  }

  /** Until a round is due, or there may be something to check. */
  #pauseMs(): number {
    return this.#isSaved ? Math.max(SCRUB_PAUSE_MS, this.#untilDueMs()) : SCRUB_PAUSE_MS;
  }

  /** 0 for a round under way. A clock that was set back delays no round for longer than usual. */
  #untilDueMs(): number {
    if (this.#state === null || this.#state.endedAtMs === null) return 0;
    const dueAtMs = this.#state.startedAtMs + SCRUB_ROUND_INTERVAL_MS;
    return Math.min(SCRUB_ROUND_INTERVAL_MS, Math.max(0, dueAtMs - this.#ports.clock.nowMs()));
  }

  /** Does what is left of a round, or a new one if that is due and there is anything to check. */
  async #goOn(): Promise<void> {
    await this.#load();
    await this.#save();
    if (this.#untilDueMs() > 0) return;
    await this.#torrents.refresh();
    if (this.#torrents.infoHashes.length === 0) return;
    if (this.#state === null || this.#state.endedAtMs !== null) {
      this.#state = firstOf((this.#state?.round ?? 0) + 1, this.#ports.clock.nowMs());
    }
    const from = this.#state.at;
    for (const infoHash of this.#torrents.inOrder(from?.infoHash ?? null)) {
      await this.#torrent(infoHash, infoHash === from?.infoHash ? from : null);
      await delay(this.#ports.clock, TORRENT_PAUSE_MS, this.#signal);
      this.#signal.throwIfAborted();
    }
    await this.#end();
  }

  async #torrent(infoHash: InfoHash, from: Place | null): Promise<void> {
    const torrent = await this.#torrents.open(infoHash);
    this.#goesOn();
    if (torrent === null) return;
    const { sources } = torrent;
    const first = sources.findIndex(({ location }) => location === from?.location);
    for (const [index, source] of sources.entries()) {
      if (index < first) continue;
      const { location } = source;
      let piece = index === first ? (from?.piece ?? 0) : 0;
      this.#torrentShare = (index + piece / torrent.context.pieceCount) / sources.length;
      this.#change({ at: { infoHash, location, piece } });
      for await (const scrubbed of this.#sources.pieces(torrent, source, piece)) {
        piece = scrubbed.piece + 1;
        this.#torrentShare = (index + piece / torrent.context.pieceCount) / sources.length;
        this.#count({ infoHash, location, piece }, scrubbed);
        await this.#saveIfDue();
      }
    }
  }

  #count(at: Place, { lengthBytes, found }: ScrubbedPiece): void {
    const { checkedBytes = 0, badPieces = 0, repairedPieces = 0 } = this.#state ?? {};
    this.#change({
      at,
      checkedBytes: checkedBytes + lengthBytes,
      badPieces: badPieces + (found === "right" ? 0 : 1),
      repairedPieces: repairedPieces + (found === "repaired" ? 1 : 0),
    });
  }

  async #end(): Promise<void> {
    this.#endedAtMs = this.#ports.clock.nowMs();
    this.#change({ endedAtMs: this.#endedAtMs, at: null });
    const { round = 0, checkedBytes = 0, badPieces = 0, repairedPieces = 0 } = this.#state ?? {};
    const told = { round, checkedBytes, badPieces, repairedPieces };
    this.#ports.log.info("scrub round ended", told);
    await this.#save();
  }

  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    const { states } = this.#ports;
    this.#endedAtMs = (await states.lastEnded())?.endedAtMs ?? null;
    this.#state = await states.current();
    this.#isLoaded = true;
  }

  #change(change: Partial<ScrubState>): void {
    if (this.#state === null) return;
    this.#state = { ...this.#state, ...change };
    this.#isSaved = false;
  }

  async #saveIfDue(): Promise<void> {
    if (this.#ports.clock.nowMs() - this.#savedAtMs >= SCRUB_SAVE_INTERVAL_MS) await this.#save();
  }

  async #save(): Promise<void> {
    const state = this.#state;
    if (state === null || this.#isSaved) return;
    this.#savedAtMs = this.#ports.clock.nowMs();
    await this.#ports.states.save(state);
    this.#isSaved = this.#state === state;
  }
}

function firstOf(round: number, startedAtMs: number): ScrubState {
  return {
    ...{ round, startedAtMs, endedAtMs: null, at: null },
    ...{ checkedBytes: 0, badPieces: 0, repairedPieces: 0 },
  };
}
