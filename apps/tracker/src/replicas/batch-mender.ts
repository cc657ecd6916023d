import type { Bus, BusError } from "@seedfleet/bus";
import { PRESENCE_EXPIRY_MS, trackerReplayCall } from "@seedfleet/contracts";
import { type Clock, errorMessage, SeedfleetError } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { Missing, Origins } from "./origins.ts";
import type { SnapshotLoader } from "./snapshot-loader.ts";

export type BatchMenderPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly origins: Origins;
  readonly loader: SnapshotLoader;
  /** Takes a batch that was sent once more. */
  readonly take: (batch: Uint8Array, tracker: string) => void;
};

export type BatchMenderConfig = {
  /** A tracker that is silent longer is not waited for any more. */
  readonly forgottenAfterMs: number;
};

type Heard = {
  /** The name of the tracker in the fleet. */
  readonly tracker: string;
  readonly atMs: number;
  /** Another tracker was asked for what it had of this one. */
  askedOthers: boolean;
};

/**
 * Makes good what got lost on the way: asks each tracker for the batches that are missing of it, or
 * for a snapshot; when it is gone, another for all that it has.
 */
export class BatchMender {
  readonly #ports: BatchMenderPorts;
  readonly #config: BatchMenderConfig;
  /** By origin. */
  readonly #heard = new Map<string, Heard>();
  #connectedAtMs = -Infinity;
  #cutAtMs = -Infinity;
  #lostBatches = 0;

  constructor(ports: BatchMenderPorts, config: BatchMenderConfig) {
    this.#ports = ports;
    this.#config = config;
    const { bus, clock } = ports;
    bus.onStatus((status) => {
      if (status === "connected") this.#connectedAtMs = clock.nowMs();
      else this.#cutAtMs = clock.nowMs();
    });
  }

  /** Times that a tracker was gone and nobody had all that it said. */
  get lostBatches(): number {
    return this.#lostBatches;
  }

  /** A tracker has said something. */
  heard(origin: string, tracker: string): void {
    const atMs = this.#ports.clock.nowMs();
    this.#heard.set(origin, { tracker, atMs, askedOthers: false });
  }

  /** Resolves when all was asked for once that is missing now. */
  async mend(): Promise<void> {
    for (const [origin, heard] of this.#heard) await this.#mendOne(origin, heard);
  }

  async #mendOne(origin: string, heard: Heard): Promise<void> {
    const { bus, clock, loader, origins } = this.#ports;
    if (bus.status !== "connected") return;
    const missing = origins.missingOf(origin);
    // While the bus was away from here, nobody could be heard.
    const silentMs = clock.nowMs() - Math.max(heard.atMs, this.#connectedAtMs);
    if (silentMs > this.#config.forgottenAfterMs) {
      if (missing !== null && !heard.askedOthers) this.#lostBatches += 1;
      origins.forget(origin);
      this.#heard.delete(origin);
    } else if (silentMs > PRESENCE_EXPIRY_MS) {
      // It may have said more while this tracker was cut off.
      const isUnsure = missing !== null || heard.atMs <= this.#cutAtMs;
      if (isUnsure && !heard.askedOthers) heard.askedOthers = await loader.loadFromAny();
    } else if (missing === "snapshot") {
      await loader.load(heard.tracker);
    } else if (missing !== null) {
      await this.#askAgain(origin, heard.tracker, missing);
    }
  }

  /** Asks for one row of missing batches after the other. */
  async #askAgain(origin: string, tracker: string, first: Missing): Promise<void> {
    const { bus, log, origins, take } = this.#ports;
    let missing: ReturnType<Origins["missingOf"]> = first;
    while (missing !== null && missing !== "snapshot") {
      const { from, to } = missing;
      const asked = { origin, from, to };
      try {
        for await (const batch of bus.stream(trackerReplayCall, { tracker }, asked)) {
          take(batch, tracker);
        }
      } catch (error) {
        log.info("batches not sent again", { tracker, ...asked, reason: errorMessage(error) });
        if (remoteCode(error) === "batches-gone") origins.giveUp(origin);
        if (remoteCode(error) === "origin-gone") this.#gone(origin, tracker);
        return;
      }
      missing = origins.missingOf(origin);
      // It ended early: the next time it says that they are gone.
      if (missing !== null && missing !== "snapshot" && missing.from === from) return;
    }
  }

  /** A tracker of that name has been started again: nobody waits for the one before. */
  #gone(origin: string, tracker: string): void {
    const atMs = this.#ports.clock.nowMs() - PRESENCE_EXPIRY_MS - 1;
    this.#heard.set(origin, { tracker, atMs, askedOthers: false });
  }
}

/** The code with which a handler at the other end failed; null of any other failure. */
function remoteCode(error: unknown): string | null {
  if (!(error instanceof SeedfleetError)) return null;
  const { detail } = error as BusError;
  return detail.code === "bus-remote" ? detail.remoteCode : null;
}
