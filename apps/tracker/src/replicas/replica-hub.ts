import { randomBytes } from "node:crypto";
import type { Bus } from "@seedfleet/bus";
import {
  type Presence,
  type ReplayRequest,
  trackerDeltaEvent,
  trackerReplayCall,
  trackerSnapshotCall,
} from "@seedfleet/contracts";
import type { PresenceWatch } from "@seedfleet/fleet";
import { type Clock, SeedfleetError } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { BatchLog } from "./batch-log.ts";
import { BatchMender } from "./batch-mender.ts";
import { DeltaWriter, ORIGIN_BYTES, readDeltaHeader, stampBatch } from "./delta-batch.ts";
import { Origins } from "./origins.ts";
import { SnapshotWriter } from "./snapshot-chunk.ts";
import { SnapshotLoader } from "./snapshot-loader.ts";

/** What a tracker that was cut off has missed is kept for it so long, and in so many bytes. */
export const REPLAY_MS_MAX = 300_000;
export const REPLAY_BYTES_MAX: number = 64 * 1024 * 1024;

/** How soon a loss is noticed, and asked for. */
export const MEND_INTERVAL_MS = 500;

/** Every origin there may be fits into one chunk. */
const ORIGINS_CHUNK_BYTES = 65_536;
const EMPTY_BATCH_BYTES = 64;

/** The stores of this process, whether in its main thread or in several others. */
export type LocalStores = {
  /** Announces that another tracker took `ageMs` ago. */
  apply(batch: Uint8Array, ageMs: number): void;
  /** Part of what another tracker has; resolves when there is room for more. */
  load(chunk: Uint8Array): Promise<void>;
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

export type HubConfig = {
  /** The name of this tracker in the fleet. */
  readonly id: string;
  readonly startedAtMs: number;
  /** Nobody else can be on this bus. */
  readonly alone: boolean;
};

/**
 * Keeps the trackers of a fleet alike: tells the others of the announces taken here, applies what
 * they tell, asks for what got lost, and gives newcomers all of it. Nothing is agreed upon: of two
 * announces of a peer the later one counts, and every tracker answers by what it knows.
 */
export class ReplicaHub {
  readonly #ports: HubPorts;
  readonly #config: HubConfig;
  /** Of this start of this tracker. */
  readonly #origin = randomBytes(ORIGIN_BYTES).toString("hex");
  readonly #batches = new BatchLog({ bytesMax: REPLAY_BYTES_MAX, ageMsMax: REPLAY_MS_MAX });
  readonly #origins = new Origins();
  readonly #loader: SnapshotLoader;
  readonly #mender: BatchMender;
  readonly #stopped = new AbortController();
  readonly #stops: (() => void)[] = [];
  /** Trackers whose batches cannot be read, each said once. */
  readonly #unreadable = new Set<string>();
  /** So long announces are written down: others are there, or were a while ago. */
  #journalUntilMs = -Infinity;
  #caughtUp = false;
  #mending = false;

  constructor(ports: HubPorts, config: HubConfig) {
    this.#ports = ports;
    this.#config = config;
    const { bus, clock, stores } = ports;
    const [origins, { signal }] = [this.#origins, this.#stopped];
    const siblings = (): Presence[] => this.#siblings();
    const load = (chunk: Uint8Array): Promise<void> => stores.load(chunk);
    this.#loader = new SnapshotLoader({ ...ports, origins, siblings, load, signal });
    this.#mender = new BatchMender(
      { ...ports, origins, loader: this.#loader, take: (batch, from) => this.#hear(batch, from) },
      { forgottenAfterMs: REPLAY_MS_MAX },
    );
    if (!config.alone) this.#journalOn();
    const own = { params: { tracker: config.id } };
    const subscriptions = [
      bus.subscribe(trackerDeltaEvent, {}, (batch, { tracker }) => this.#hear(batch, tracker)),
      bus.serveStream(trackerReplayCall, own, (asked) => this.#replay(asked)),
      bus.serveStream(trackerSnapshotCall, own, (_, _params, gone) => this.#snapshot(gone)),
    ];
    this.#stops.push(
      () => {
        for (const subscription of subscriptions) subscription.unsubscribe();
      },
      clock.every(MEND_INTERVAL_MS, () => this.#tick()),
      () => this.#stopped.abort(),
    );
  }

  /** Whether what the others have has come, or cannot come. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  get lostBatches(): number {
    return this.#mender.lostBatches;
  }

  /** Tells the others of announces taken here. */
  publish(batch: Uint8Array): void {
    if (!this.#isJournaling) return;
    stampBatch(batch, this.#origin, this.#batches.next);
    this.#batches.add(batch, this.#ports.clock.nowMs());
    this.#send(batch);
  }

  /** Loads what another tracker has, if there is another. Resolves when it is here. */
  async catchUp(): Promise<void> {
    if (!this.#config.alone) await this.#loader.catchUp();
    this.#origins.settle();
    // What was announced to others while the snapshot came.
    await this.#mender.mend();
    this.#caughtUp = true;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #hear(batch: Uint8Array, tracker: string): void {
    const header = readDeltaHeader(batch);
    if (header === null) return this.#cannotRead(tracker);
    const { origin, sequence, ageMs, count } = header;
    if (origin === this.#origin) return;
    this.#mender.heard(origin, tracker);
    this.#journal();
    if (!this.#origins.heard(origin, sequence, count === 0)) return;
    this.#ports.stores.apply(batch, ageMs);
  }

  #cannotRead(tracker: string): void {
    if (this.#unreadable.has(tracker)) return;
    this.#unreadable.add(tracker);
    this.#ports.log.error("delta unreadable: is that tracker another version?", { tracker });
  }

  get #isJournaling(): boolean {
    return this.#ports.clock.nowMs() < this.#journalUntilMs;
  }

  /** Others are there: from now on they are told. */
  #journal(): void {
    // Who was told of everything before has missed what came while nobody was told.
    if (!this.#isJournaling) this.#batches.skip();
    this.#journalOn();
  }

  #journalOn(): void {
    const { clock, stores } = this.#ports;
    this.#journalUntilMs = clock.nowMs() + REPLAY_MS_MAX;
    stores.journal(true);
  }

  /** What cannot be sent while the bus is away is asked for afterwards. */
  #send(batch: Uint8Array): void {
    const { bus } = this.#ports;
    if (bus.status !== "connected") return;
    bus.publish(trackerDeltaEvent, { tracker: this.#config.id }, batch);
  }

  *#replay({ origin, from, to }: ReplayRequest): Generator<Uint8Array> {
    if (origin !== this.#origin) {
      throw new SeedfleetError(`Cannot send batches of ${origin} again: it is gone`, {
        code: "origin-gone",
      });
    }
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
    const writer = new SnapshotWriter({ bytesMax: ORIGINS_CHUNK_BYTES });
    for (const [name, upTo] of this.#origins.complete()) writer.origin(name, upTo);
    writer.origin(this.#origin, this.#batches.last);
    yield* this.#ports.stores.snapshot(signal);
    // Last, so that a snapshot that broke off counts for nothing.
    yield writer.take();
  }

  /** The other trackers, the longest there first. */
  #siblings(): Presence[] {
    return this.#ports.presence
      .present("tracker")
      .filter(({ id }) => id !== this.#config.id)
      .toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  }

  #tick(): void {
    const { stores } = this.#ports;
    if (this.#siblings().length > 0) this.#journal();
    // It costs nothing where there is one tracker.
    else if (!this.#isJournaling) stores.journal(false);
    if (this.#isJournaling) this.#tellLast();
    if (!this.#caughtUp || this.#mending) return;
    this.#mending = true;
    void this.#mend().finally(() => {
      this.#mending = false;
    });
  }

  /** Tells the number of the last batch, so that a loss at the end is noticed too. */
  #tellLast(): void {
    const batch = new DeltaWriter({ bytesMax: EMPTY_BATCH_BYTES, withAmounts: false }).take();
    stampBatch(batch, this.#origin, this.#batches.last);
    this.#send(batch);
  }

  async #mend(): Promise<void> {
    const [oldest] = this.#siblings();
    // It was not to be seen when this tracker looked for one that knows more.
    const isLate = oldest !== undefined && oldest.startedAtMs < this.#config.startedAtMs;
    if (isLate && !this.#loader.hasLoaded) await this.#loader.loadFromAny();
    await this.#mender.mend();
  }
}
