import { type BusMessage, type BusStatus, type BusTransport, createBus } from "@seedfleet/bus";
import { announcePresence, watchPresence } from "@seedfleet/fleet";
import { type Rng, VERSION } from "@seedfleet/runtime";
import type { SwarmCounts } from "@seedfleet/swarm";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { turn, type VirtualClock } from "@seedfleet/testkit";
import { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import { REPLY_ROWS_MAX } from "../handout/fill-reply.ts";
import { givenSettings } from "../handout/testing.ts";
import { NO_COUNTS } from "./replica-counts.ts";
import { ReplicaHub } from "./replica-hub.ts";
import type { ReplicaLink } from "./replica-link.ts";
import type { FromReplica } from "./replica-messages.ts";
import { Replicas } from "./replicas.ts";
import { TrackerReplica } from "./tracker-replica.ts";

const INTERVAL_MS = 1_800_000;
const LIMIT = 100_000;

/** The connection of one process to a bus that others share, which a test can cut and make lose. */
export class CutTransport {
  /** Which messages get lost; heard by whoever makes the losses. */
  loses: (subject: string) => boolean = () => false;
  readonly transport: BusTransport;
  readonly #listeners: ((status: BusStatus) => void)[] = [];
  #status: "connected" | "disconnected" = "connected";

  constructor(inner: BusTransport, inbox: string) {
    this.transport = new Proxy(inner, {
      get: (target, name) => {
        if (name === "status") return this.#status;
        if (name === "inbox") return `${inner.inbox}.${inbox}`;
        if (name === "onStatus") return (told: (status: BusStatus) => void) => this.#onStatus(told);
        if (name === "publish") return this.#publishBy(inner);
        if (name === "subscribe") return this.#subscribeBy(inner);
        // The bus is the test's to close.
        if (name === "close") return () => Promise.resolve();
        const member = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  }

  get isCut(): boolean {
    return this.#status === "disconnected";
  }

  /** Nothing comes and goes, and the process is told of it. */
  set cut(cut: boolean) {
    this.#status = cut ? "disconnected" : "connected";
    for (const listener of this.#listeners) listener(this.#status);
  }

  #onStatus(told: (status: BusStatus) => void): void {
    this.#listeners.push(told);
  }

  #isLost(subject: string): boolean {
    return this.#status === "disconnected" || this.loses(subject);
  }

  #publishBy(inner: BusTransport): BusTransport["publish"] {
    return (subject, payload, options) => {
      if (!this.#isLost(subject)) inner.publish(subject, payload, options);
    };
  }

  #subscribeBy(inner: BusTransport): BusTransport["subscribe"] {
    return (subject, options, handle) =>
      inner.subscribe(subject, options, (message: BusMessage) => {
        if (!this.#isLost(message.subject)) handle(message);
      });
  }
}

/** An announce of one peer of one swarm, each by a number. */
export type GivenAnnounce = {
  readonly swarm: number;
  readonly peer: number;
  readonly event?: AnnounceRequest["event"];
  readonly leftBytes?: number;
};

/** A tracker without its ports: a replica, and the hub that joins it to others. */
export class GivenTracker {
  readonly hub: ReplicaHub;
  readonly network: CutTransport;
  readonly #replica: TrackerReplica;
  readonly #clock: VirtualClock;
  readonly #stops: (() => void)[];

  constructor(
    ports: { readonly inner: BusTransport; readonly clock: VirtualClock; readonly rng: Rng },
    { id, name }: { readonly id: string; readonly name: string },
  ) {
    const { inner, clock, rng } = ports;
    const telemetry = recordingTelemetry();
    this.network = new CutTransport(inner, name);
    this.#clock = clock;
    const bus = createBus(this.network.transport, { clock, telemetry });
    let told: (message: FromReplica) => void = () => {};
    const swarms = { peersPerSwarmMax: LIMIT, peersMax: LIMIT, swarmsMax: LIMIT, peerIdsMax: 0 };
    this.#replica = new TrackerReplica(
      { clock, rng, handout: givenSettings(), tell: (message) => told(message) },
      {
        mode: "open",
        ...{ share: null, ledgerPeersMax: LIMIT },
        ...{ intervalMs: INTERVAL_MS, minIntervalMs: INTERVAL_MS },
        swarms: { peerTimeoutMs: 1.5 * INTERVAL_MS, ...swarms },
      },
    );
    const replica = this.#replica;
    const link: ReplicaLink = {
      ...{ port: 0, udpPort: null, counts: NO_COUNTS, onTold: () => {} },
      post: (message) => replica.receive(message),
      drain: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    };
    told = (message) => link.onTold(message);
    const replicas = Replicas.of([link]);
    const presence = watchPresence({ bus, clock }, ["tracker"]);
    const startedAtMs = clock.nowMs();
    this.hub = new ReplicaHub(
      { bus, clock, log: telemetry.log, presence, stores: replicas },
      { id, startedAtMs, alone: false },
    );
    replicas.onDeltas = (batch) => this.hub.publish(batch);
    const announcer = announcePresence({ bus, clock }, () => ({
      ...{ role: "tracker", id, version: VERSION, startedAtMs, draining: false, load: 0 },
      ...{ peerAddress: null, urls: [], gateway: null },
    }));
    this.#stops = [
      () => announcer.stop(),
      () => this.hub.stop(),
      () => presence.stop(),
      () => replica.stop(),
    ];
  }

  announce(given: GivenAnnounce): void {
    const { peer, event = null, leftBytes = 1 } = given;
    const request = new AnnounceRequest();
    request.infoHash.set(infoHashOf(given.swarm));
    new DataView(request.endpoint.buffer).setUint32(0, 0x0a000000 + peer);
    request.endpoint[5] = 1;
    new DataView(request.peerId.buffer).setUint32(0, peer);
    request.event = event;
    request.leftBytes = leftBytes;
    const reply = new AnnounceReply(REPLY_ROWS_MAX);
    this.#replica.announces.answer(request, reply, this.#clock.nowMs());
  }

  counts(swarm: number): SwarmCounts {
    const { swarms } = this.#replica;
    return { ...swarms.counts(swarms.find(infoHashOf(swarm))) };
  }

  get peers(): number {
    return this.#replica.swarms.peerCount;
  }

  /** As kill -9: nothing is said to anybody, and what was not told yet is lost. */
  kill(): void {
    this.network.cut = true;
    for (const stop of this.#stops) stop();
  }
}

/** Moves the clock on in steps, and lets what is on its way come. */
export async function pass(clock: VirtualClock, durationMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += STEP_MS) {
    clock.advance(STEP_MS);
    for (let turns = 0; turns < TURNS; turns += 1) await turn();
  }
}

const STEP_MS = 100;
const TURNS = 12;

function infoHashOf(swarm: number): Uint8Array {
  const infoHash = new Uint8Array(20);
  new DataView(infoHash.buffer).setUint32(0, swarm + 1);
  return infoHash;
}
