import type { Bus } from "@seedfleet/bus";
import { type Presence, trackerSnapshotCall } from "@seedfleet/contracts";
import { type Clock, delay, errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { Origins } from "./origins.ts";
import { readSnapshotChunk } from "./snapshot-chunk.ts";

/** A newcomer waits so long for another tracker to say that it is there … */
const SIBLING_WAIT_MS = 500;
const SIBLING_POLL_MS = 50;

/** … and so long for a bus that is away, or a tracker that gives no snapshot. */
const CATCH_UP_MS_MAX = 30_000;
const RETRY_MS = 1_000;

export type SnapshotLoaderPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly origins: Origins;
  /** The other trackers, the longest there first: they know the most. */
  readonly siblings: () => readonly Presence[];
  /** Puts a part into the stores here; resolves when there is room for another. */
  readonly load: (chunk: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
};

/** Asks other trackers for all that they have. */
export class SnapshotLoader {
  readonly #ports: SnapshotLoaderPorts;
  #hasLoaded = false;

  constructor(ports: SnapshotLoaderPorts) {
    this.#ports = ports;
  }

  /** Whether a snapshot was loaded since the start. */
  get hasLoaded(): boolean {
    return this.#hasLoaded;
  }

  /** Loads what another tracker has, if there is another. Resolves also if nothing can be had. */
  async catchUp(): Promise<void> {
    const { clock, log, siblings, signal } = this.#ports;
    const untilMs = clock.nowMs() + CATCH_UP_MS_MAX;
    await this.#awaitSibling(untilMs);
    while (siblings().length > 0 && !signal.aborted) {
      if (await this.loadFromAny()) return;
      if (clock.nowMs() >= untilMs) {
        return log.warn("no tracker gave a snapshot; peers come as they announce");
      }
      await delay(clock, RETRY_MS, signal);
    }
  }

  async loadFromAny(): Promise<boolean> {
    for (const { id } of this.#ports.siblings()) if (await this.load(id)) return true;
    return false;
  }

  /** Loads one tracker's snapshot; false, and said in the log, if it did not come whole. */
  async load(tracker: string): Promise<boolean> {
    const { bus, log, load, origins, signal } = this.#ports;
    const upTo = new Map<string, number>();
    const readOrigins = {
      origin: (name: string, sequence: number) => void upTo.set(name, sequence),
      swarm: () => {},
      peer: () => {},
    };
    try {
      let chunks = 0;
      for await (const chunk of bus.stream(trackerSnapshotCall, { tracker }, {}, { signal })) {
        if (!readSnapshotChunk(chunk, readOrigins)) throw new Error("a chunk cannot be read");
        await load(chunk);
        chunks += 1;
      }
      for (const [name, sequence] of upTo) origins.adopt(name, sequence);
      this.#hasLoaded = true;
      log.info("snapshot loaded", { tracker, chunks });
      return true;
    } catch (error) {
      if (!signal.aborted)
        log.warn("snapshot not loaded", { tracker, reason: errorMessage(error) });
      return false;
    }
  }

  async #awaitSibling(giveUpAtMs: number): Promise<void> {
    const { bus, clock, siblings, signal } = this.#ports;
    let untilMs = clock.nowMs() + SIBLING_WAIT_MS;
    while (siblings().length === 0 && clock.nowMs() < untilMs && !signal.aborted) {
      await delay(clock, SIBLING_POLL_MS, signal);
      // Nobody can be heard while the bus is away.
      const away = bus.status !== "connected" && clock.nowMs() < giveUpAtMs;
      if (away) untilMs = clock.nowMs() + SIBLING_WAIT_MS;
    }
  }
}
