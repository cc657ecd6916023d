import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { InfoHash } from "@seedfleet/bytes";
import { type Clock, type Rng, SeedfleetError } from "@seedfleet/runtime";
import type { TrackerConfig } from "../config.ts";
import { listenHttp } from "../http/http-listener.ts";
import { peerRooms } from "../threads/peer-room.ts";
import type { ThreadWay } from "../threads/sibling.ts";
import { ringMemory } from "../threads/thread-ring.ts";
import type { Usage } from "../users/usage-ledger.ts";
import { joinCounts, type ReplicaCounts } from "./replica-counts.ts";
import type { LocalStores } from "./replica-hub.ts";
import { LocalLink, type ReplicaLink, ThreadLink } from "./replica-link.ts";
import type { FromReplica, NotedAnnounce, SwarmSizes, ToReplica } from "./replica-messages.ts";
import { replicaStart } from "./replica-start.ts";

type Part = { readonly chunk: Uint8Array; readonly isLast: boolean };

type Loading = { left: number; readonly done: () => void };

const NOBODY: SwarmSizes = [0, 0];

export type TrackerStopped = { readonly code: "tracker-stopped" };

/** How often threads are told how much room for peers is left. */
const ROOM_INTERVAL_MS = 1_000;

/**
 * The replica of this process: one in this thread, or a part of it in each of several threads that
 * share the ports, each with swarms of its own.
 */
export class Replicas implements LocalStores, AsyncDisposable {
  readonly port: number;
  readonly udpPort: number | null;
  /** Announces that were taken here, for other trackers. */
  onDeltas: (batch: Uint8Array) => void = () => {};
  onNoted: (announces: readonly NotedAnnounce[]) => void = () => {};
  onUsage: (usage: readonly Usage[]) => void = () => {};
  onUnreadable: (what: "delta" | "snapshot") => void = () => {};
  readonly #links: readonly ReplicaLink[];
  #journaling = false;
  #snapshots = 0;
  readonly #parts = new Map<number, PromiseWithResolvers<Part>>();
  readonly #asked = new Map<number, PromiseWithResolvers<readonly SwarmSizes[]>>();
  #questions = 0;
  #loading: Loading | null = null;
  readonly #stops: (() => void)[] = [];

  private constructor(links: readonly ReplicaLink[]) {
    const [first] = links;
    this.port = first?.port ?? 0;
    this.udpPort = first?.udpPort ?? null;
    this.#links = links;
    for (const link of links) link.onTold = (message) => this.#hear(message);
  }

  /** Joins replicas that are there already. */
  static of(links: readonly ReplicaLink[]): Replicas {
    return new Replicas(links);
  }

  /** Takes the ports. Throws what `cannotListen` makes, and what the settings may be wrong in. */
  static async listen(
    ports: { readonly clock: Clock; readonly rng: Rng },
    config: TrackerConfig,
  ): Promise<Replicas> {
    const start = replicaStart(config);
    if (config.workers === 1) return new Replicas([await LocalLink.listen(ports, start)]);
    await takeOnce(ports.clock, config);
    const shares = { threads: config.workers, key: ports.rng.below(2 ** 32) | 1 };
    const ways = waysBetween(config.workers);
    const links: ReplicaLink[] = [];
    try {
      for (const [thread, siblings] of ways.entries()) {
        const [first] = links;
        // The first takes a free port where any will do; the others share it, in their order.
        const at = first === undefined ? {} : { port: first.port, udpPort: first.udpPort };
        const share = { thread, shares };
        links.push(await ThreadLink.listen({ start: { ...start, ...at, share }, siblings }));
      }
    } catch (error) {
      await Promise.all(links.map((link) => link.stop()));
      throw error;
    }
    const replicas = new Replicas(links);
    replicas.#stops.push(
      ports.clock.every(ROOM_INTERVAL_MS, () => replicas.#tellRoom(config.peersMax)),
    );
    return replicas;
  }

  get counts(): ReplicaCounts {
    return joinCounts(this.#links.map(({ counts }) => counts));
  }

  /** Tells all of them. */
  tell(
    message: Exclude<ToReplica, { readonly kind: "snapshot" | "sizes" | "journal" | "stop" }>,
  ): void {
    this.#post(message);
  }

  /** Whether announces are to be gathered for other trackers. */
  journal(on: boolean): void {
    if (on === this.#journaling) return;
    this.#journaling = on;
    this.#post({ kind: "journal", on });
  }

  apply(batch: Uint8Array, ageMs: number): void {
    this.#post({ kind: "apply", batch, ageMs });
  }

  /** One part after the other, so that no more than one waits for a thread that is slow. */
  load(chunk: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#loading = { left: this.#links.length, done: resolve };
    this.#post({ kind: "load", chunk });
    return promise;
  }

  async *snapshot(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for (const link of this.#links) yield* this.#snapshotOf(link, signal);
  }

  async *#snapshotOf(link: ReplicaLink, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#snapshots += 1;
    const snapshot = this.#snapshots;
    let isLast = false;
    try {
      while (!isLast && !signal.aborted) {
        const asked = Promise.withResolvers<Part>();
        this.#parts.set(snapshot, asked);
        link.post({ kind: "snapshot", snapshot });
        const part = await asked.promise;
        isLast = part.isLast;
        yield part.chunk;
      }
    } finally {
      this.#parts.delete(snapshot);
      link.post({ kind: "snapshot-ended", snapshot });
    }
  }

  /** How many leechers and seeders these swarms have, in their order. */
  async sizes(infoHashes: readonly InfoHash[]): Promise<readonly SwarmSizes[]> {
    const all = await Promise.all(this.#links.map((link) => this.#sizesOf(link, infoHashes)));
    // Whoever does not have a swarm says that nobody is in it.
    return infoHashes.map((_, at) => {
      const sizes = all.map((each) => each[at] ?? NOBODY);
      const sum = (of: (size: SwarmSizes) => number): number =>
        sizes.reduce((total, size) => total + of(size), 0);
      return [sum(([leechers]) => leechers), sum(([, seeders]) => seeders)];
    });
  }

  #sizesOf(link: ReplicaLink, infoHashes: readonly InfoHash[]): Promise<readonly SwarmSizes[]> {
    this.#questions += 1;
    const answered = Promise.withResolvers<readonly SwarmSizes[]>();
    this.#asked.set(this.#questions, answered);
    link.post({ kind: "sizes", asked: this.#questions, infoHashes });
    return answered.promise;
  }

  async drain(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.drain()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) stop();
    await Promise.all(this.#links.map((link) => link.stop()));
    const stopped: TrackerStopped = { code: "tracker-stopped" };
    const error = new SeedfleetError("Cannot answer: the tracker stops", stopped);
    for (const asked of [...this.#parts.values(), ...this.#asked.values()]) asked.reject(error);
  }

  #hear(message: FromReplica): void {
    switch (message.kind) {
      case "snapshot-part":
        this.#parts.get(message.snapshot)?.resolve(message);
        return;
      case "sizes":
        this.#asked.get(message.asked)?.resolve(message.sizes);
        this.#asked.delete(message.asked);
        return;
      case "loaded":
        return this.#loaded();
      case "deltas":
        return this.onDeltas(message.batch);
      case "noted":
        return this.onNoted(message.announces);
      case "usage":
        return this.onUsage(message.usage);
      case "unreadable":
        return this.onUnreadable(message.what);
      default:
    }
  }

  #loaded(): void {
    if (this.#loading === null) return;
    this.#loading.left -= 1;
    if (this.#loading.left === 0) this.#loading.done();
  }

  #tellRoom(peersMax: number): void {
    const rooms = peerRooms(
      this.#links.map(({ counts }) => counts.peers),
      peersMax,
    );
    for (const [at, link] of this.#links.entries()) {
      link.post({ kind: "room", peersMax: rooms[at] ?? 0 });
    }
  }

  #post(message: ToReplica): void {
    for (const link of this.#links) link.post(message);
  }
}

/** For each of so many threads, the way to each other one. */
function waysBetween(threads: number): readonly (readonly (ThreadWay<MessagePort> | null)[])[] {
  const ways = Array.from({ length: threads }, () =>
    Array.from({ length: threads }, (): ThreadWay<MessagePort> | null => null),
  );
  for (const [one, row] of ways.entries()) {
    for (const [other, column] of ways.slice(0, one).entries()) {
      const { port1, port2 } = new MessageChannel();
      const [out, back] = [ringMemory(), ringMemory()];
      row[other] = { port: port1, out, back };
      column[one] = { port: port2, out: back, back: out };
    }
  }
  return ways;
}

/**
 * Takes a port for itself and gives it back: who only ever shares it would not notice another
 * tracker that does, and either had half of the clients. Throws what `cannotListen` makes.
 */
async function takeOnce(
  clock: Clock,
  { host, port }: Pick<TrackerConfig, "host" | "port">,
): Promise<void> {
  const listener = await listenHttp({ clock }, { host, port }, { connectionsMax: 1 });
  await listener[Symbol.asyncDispose]();
}
