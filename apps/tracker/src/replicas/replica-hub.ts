import { randomBytes } from "node:crypto";
import type { Bus, BusError } from "@seedfleet/bus";
import {
  PRESENCE_EXPIRY_MS,
  type Presence,
  type ReplayRequest,
  trackerDeltaEvent,
  trackerReplayCall,
  trackerSnapshotCall,
} from "@seedfleet/contracts";
import type { PresenceWatch } from "@seedfleet/fleet";
import { type Clock, delay, errorMessage, SeedfleetError } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { BatchLog } from "./batch-log.ts";
import { DeltaWriter, ORIGIN_BYTES, readDeltaHeader, stampBatch } from "./delta-batch.ts";
import { Origins } from "./origins.ts";
import { readSnapshotChunk, SnapshotWriter } from "./snapshot-chunk.ts";

/** What a tracker that was cut off has missed is kept for it so long, and in so many bytes. */
const REPLAY_MS_MAX = 300_000;
export const REPLAY_BYTES_MAX: number = 64 * 1024 * 1024;

/** How soon a loss is noticed, and asked for. */
const MEND_INTERVAL_MS = 1_000;

/** A newcomer waits so long for another tracker to say that it is there. */
const SIBLING_WAIT_MS = 500;
const SIBLING_POLL_MS = 50;

/** A newcomer that got no snapshot for so long serves what it has. */
const CATCH_UP_MS_MAX = 30_000;

const EMPTY_BATCH_BYTES = 64;

/** The stores of this process, whether in its main thread or in several others. */
export type LocalStores = {
  /** Announces that another tracker took `ageMs` ago. */
  apply(batch: Uint8Array, ageMs: number): void;
  /** Part of what another tracker has. */
  load(chunk: Uint8Array): void;
  /** Whether announces are to be gathered, from the next one on. */
  journal(on: boolean): void;
  /** Everything that is here, in chunks. */
  snapshot(signal: AbortSignal): AsyncIterable<Uint8Array>;
};

export type HubPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly presence: PresenceWatch;
  readonly stores: LocalStores;
};

/**
 * Keeps the trackers of a fleet alike: tells the others of the announces taken here, applies what
 * they tell, asks for what got lost, and gives newcomers all of it. Nothing is agreed upon: of two
 * announces of a peer the later one counts, and every tracker answers by what it knows.
 */
export class ReplicaHub {
  readonly #ports: HubPorts;
  readonly #id: string;
  /** Of this start of this tracker. */
  readonly #origin = randomBytes(ORIGIN_BYTES).toString("hex");
  readonly #batches = new BatchLog({ bytesMax: REPLAY_BYTES_MAX, ageMsMax: REPLAY_MS_MAX });
  readonly #origins = new Origins();
  /** By origin: the name of the tracker in the fleet, and when it was heard last. */
  readonly #heard = new Map<string, { readonly tracker: string; readonly atMs: number }>();
  readonly #stops: (() => void)[] = [];
  /** So long announces are written down: others are there, or were a while ago. */
  #journalUntilMs = -Infinity;
  #mending = false;
  #caughtUp = false;
  #lostBatches = 0;

  constructor(ports: HubPorts, id: string) {
    this.#ports = ports;
    this.#id = id;
    const { bus, clock } = ports;
    const own = { params: { tracker: id } };
    const subscriptions = [
      bus.subscribe(trackerDeltaEvent, {}, (batch, { tracker }) => this.#hear(batch, tracker)),
      bus.serveStream(trackerReplayCall, own, (asked) => this.#replay(asked)),
      bus.serveStream(trackerSnapshotCall, own, (_, _params, signal) => this.#snapshot(signal)),
    ];
    this.#stops.push(
      () => {
        for (const subscription of subscriptions) subscription.unsubscribe();
      },
      clock.every(MEND_INTERVAL_MS, () => this.#tick()),
    );
  }

  /** Whether what the others have has come, or cannot come. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /** Rows of batches that could not be had and were made good by a snapshot, or by nobody. */
  get lostBatches(): number {
    return this.#lostBatches;
  }

  /** Tells the others of announces taken here. */
  publish(batch: Uint8Array): void {
    const { bus, clock } = this.#ports;
    if (!this.#journaling) return;
    stampBatch(batch, this.#origin, this.#batches.next);
    this.#batches.add(batch, clock.nowMs());
    bus.publish(trackerDeltaEvent, { tracker: this.#id }, batch);
  }

  /** Loads what another tracker has, if there is another. Resolves when it is here. */
  async catchUp(): Promise<void> {
    const { clock, log } = this.#ports;
    const untilMs = clock.nowMs() + CATCH_UP_MS_MAX;
    await this.#awaitSibling();
    let asked = this.#siblings();
    while (asked.length > 0 && clock.nowMs() < untilMs) {
      if (await this.#loadFromAny(asked)) break;
      await delay(clock, MEND_INTERVAL_MS);
      asked = this.#siblings();
    }
    if (clock.nowMs() >= untilMs)
      log.warn("no tracker gave a snapshot; peers come as they announce");
    await this.begin();
  }

  /** Goes on with what is here. */
  async begin(): Promise<void> {
    this.#origins.settle();
    this.#caughtUp = true;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #hear(batch: Uint8Array, tracker: string): void {
    const header = readDeltaHeader(batch);
    if (header === null) return this.#unreadable(tracker);
    const { origin, sequence, ageMs, count } = header;
    if (origin === this.#origin) return;
    this.#heard.set(origin, { tracker, atMs: this.#ports.clock.nowMs() });
    this.#journal();
    if (!this.#origins.heard(origin, sequence, count === 0)) return;
    this.#ports.stores.apply(batch, ageMs);
  }

  #unreadable(tracker: string): void {
    this.#ports.log.error("delta unreadable: is that tracker another version?", { tracker });
  }

  get #journaling(): boolean {
    return this.#ports.clock.nowMs() < this.#journalUntilMs;
  }

  /** Others are there: from now on they are told. */
  #journal(): void {
    const { clock, stores } = this.#ports;
    // Who was told of everything before has missed what came while nobody was told.
    if (!this.#journaling) this.#batches.skip();
    this.#journalUntilMs = clock.nowMs() + REPLAY_MS_MAX;
    stores.journal(true);
  }

  *#replay({ from, to }: ReplayRequest): Generator<Uint8Array> {
    if (!this.#batches.has(from, to)) {
      throw new SeedfleetError(`Cannot send batches ${from} to ${to} again: they are gone`, {
        code: "batches-gone",
      });
    }
    yield* this.#batches.replay(from, to, this.#ports.clock.nowMs());
  }

  async *#snapshot(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    // Before anything is read: what comes meanwhile goes to the newcomer as deltas.
    this.#journal();
    const writer = new SnapshotWriter({ bytesMax: 65_536 });
    for (const [name, upTo] of [...this.#origins.complete(), [this.#origin, this.#batches.last]]) {
      writer.origin(String(name), Number(upTo));
      if (writer.full) yield writer.take();
    }
    const origins = writer.take();
    yield* this.#ports.stores.snapshot(signal);
    // Last, so that a snapshot that broke off counts for nothing.
    yield origins;
  }

  /** The other trackers, the longest there first: they know the most. */
  #siblings(): Presence[] {
    return this.#ports.presence
      .present("tracker")
      .filter(({ id }) => id !== this.#id)
      .toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  }

  async #awaitSibling(): Promise<void> {
    const { clock } = this.#ports;
    const untilMs = clock.nowMs() + SIBLING_WAIT_MS;
    while (this.#siblings().length === 0 && clock.nowMs() < untilMs) {
      await delay(clock, SIBLING_POLL_MS);
    }
  }

  async #loadFromAny(siblings: readonly Presence[]): Promise<boolean> {
    for (const { id } of siblings) if (await this.#load(id)) return true;
    return false;
  }

  /** Loads one tracker's snapshot; false, and said in the log, if it did not come whole. */
  async #load(tracker: string): Promise<boolean> {
    const { bus, log, stores } = this.#ports;
    const origins: (readonly [name: string, upTo: number])[] = [];
    const readOrigins = {
      origin: (name: string, upTo: number) => void origins.push([name, upTo]),
      swarm: () => {},
      peer: () => {},
    };
    try {
      let chunks = 0;
      for await (const chunk of bus.stream(trackerSnapshotCall, { tracker }, {})) {
        if (!readSnapshotChunk(chunk, readOrigins)) throw new Error("a chunk cannot be read");
        stores.load(chunk);
        chunks += 1;
      }
      for (const [name, upTo] of origins) {
        if (name === this.#origin) continue;
        if (this.#heard.get(name)?.tracker === tracker) this.#origins.caughtUp(name, upTo);
        else this.#origins.adopt(name, upTo);
      }
      log.info("snapshot loaded", { tracker, chunks });
      return true;
    } catch (error) {
      log.warn("snapshot not loaded", { tracker, reason: errorMessage(error) });
      return false;
    }
  }

  #tick(): void {
    const { bus, stores } = this.#ports;
    if (this.#siblings().length > 0) this.#journal();
    // It costs nothing where there is one tracker.
    else if (!this.#journaling) stores.journal(false);
    if (bus.status !== "connected") return;
    if (this.#journaling) {
      const batch = new DeltaWriter({ bytesMax: EMPTY_BATCH_BYTES, withAmounts: false }).take();
      stampBatch(batch, this.#origin, this.#batches.last);
      bus.publish(trackerDeltaEvent, { tracker: this.#id }, batch);
    }
    if (this.#mending || !this.#caughtUp) return;
    this.#mending = true;
    void this.#mend().finally(() => {
      this.#mending = false;
    });
  }

  /** Asks each tracker for what is missing of it; of one that is gone, another for all it has. */
  async #mend(): Promise<void> {
    const nowMs = this.#ports.clock.nowMs();
    for (const [origin, { tracker, atMs }] of this.#heard) {
      const missing = this.#origins.missingOf(origin);
      const gone = nowMs - atMs > PRESENCE_EXPIRY_MS;
      if (missing === null) {
        if (nowMs - atMs > REPLAY_MS_MAX) this.#forget(origin);
      } else if (gone) {
        this.#lostBatches += 1;
        await this.#loadFromAny(this.#siblings());
        this.#forget(origin);
      } else if (missing === "snapshot") {
        await this.#load(tracker);
      } else {
        await this.#askAgain(origin, tracker, missing);
      }
    }
  }

  #forget(origin: string): void {
    this.#origins.forget(origin);
    this.#heard.delete(origin);
  }

  async #askAgain(origin: string, tracker: string, missing: ReplayRequest): Promise<void> {
    const { bus, log } = this.#ports;
    try {
      for await (const batch of bus.stream(trackerReplayCall, { tracker }, missing)) {
        this.#hear(batch, tracker);
      }
    } catch (error) {
      log.info("batches not sent again", { tracker, ...missing, reason: errorMessage(error) });
      if (remoteCode(error) === "batches-gone") this.#origins.giveUp(origin);
    }
  }
}

/** The code with which a handler at the other end failed; null of any other failure. */
function remoteCode(error: unknown): string | null {
  if (!(error instanceof SeedfleetError)) return null;
  const { detail } = error as BusError;
  return detail.code === "bus-remote" ? detail.remoteCode : null;
}
