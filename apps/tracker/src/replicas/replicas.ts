import type { InfoHash } from "@seedfleet/bytes";
import { type Clock, type Rng, SeedfleetError } from "@seedfleet/runtime";
import type { TrackerConfig } from "../config.ts";
import { listenHttp } from "../http/http-listener.ts";
import type { Usage } from "../users/usage-ledger.ts";
import { joinCounts, type ReplicaCounts } from "./replica-counts.ts";
import type { LocalStores } from "./replica-hub.ts";
import { LocalLink, type ReplicaLink, ThreadLink } from "./replica-link.ts";
import type { FromReplica, NotedAnnounce, SwarmSizes, ToReplica } from "./replica-messages.ts";
import { replicaStart } from "./replica-start.ts";

type Part = { readonly chunk: Uint8Array; readonly isLast: boolean };

type Loading = { left: number; readonly done: () => void };

export type TrackerStopped = { readonly code: "tracker-stopped" };

/**
 * The replicas of this process: one in this thread, or one in each of several threads that share
 * the ports. What one of them takes the others are told, as other trackers are.
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

  private constructor(links: readonly ReplicaLink[]) {
    const [first] = links;
    this.port = first?.port ?? 0;
    this.udpPort = first?.udpPort ?? null;
    this.#links = links;
    for (const link of links) link.onTold = (message) => this.#hear(link, message);
    // Threads tell each other of announces whether or not there are other trackers.
    if (links.length > 1) this.#post({ kind: "journal", on: true });
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
    const links: ReplicaLink[] = [];
    try {
      for (let worker = 0; worker < config.workers; worker += 1) {
        const [first] = links;
        // The first takes a free port where any will do; the others share it.
        const at = first === undefined ? {} : { port: first.port, udpPort: first.udpPort };
        links.push(await ThreadLink.listen({ ...start, ...at, shared: true }));
      }
    } catch (error) {
      await Promise.all(links.map((link) => link.stop()));
      throw error;
    }
    return new Replicas(links);
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
    if (on === this.#journaling || this.#links.length > 1) return;
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
    // They have the same.
    const [link] = this.#links;
    this.#snapshots += 1;
    const snapshot = this.#snapshots;
    let isLast = link === undefined;
    try {
      while (!isLast && !signal.aborted) {
        const asked = Promise.withResolvers<Part>();
        this.#parts.set(snapshot, asked);
        link?.post({ kind: "snapshot", snapshot });
        const part = await asked.promise;
        isLast = part.isLast;
        yield part.chunk;
      }
    } finally {
      this.#parts.delete(snapshot);
      link?.post({ kind: "snapshot-ended", snapshot });
    }
  }

  /** How many leechers and seeders these swarms have, in their order. */
  sizes(infoHashes: readonly InfoHash[]): Promise<readonly SwarmSizes[]> {
    // They have the same.
    const [link] = this.#links;
    this.#questions += 1;
    const answered = Promise.withResolvers<readonly SwarmSizes[]>();
    this.#asked.set(this.#questions, answered);
    link?.post({ kind: "sizes", asked: this.#questions, infoHashes });
    return answered.promise;
  }

  async drain(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.drain()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map((link) => link.stop()));
    const stopped: TrackerStopped = { code: "tracker-stopped" };
    const error = new SeedfleetError("Cannot answer: the tracker stops", stopped);
    for (const asked of [...this.#parts.values(), ...this.#asked.values()]) asked.reject(error);
  }

  #hear(from: ReplicaLink, message: FromReplica): void {
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
        for (const link of this.#links) {
          if (link !== from) link.post({ kind: "apply", batch: message.batch, ageMs: 0 });
        }
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

  #post(message: ToReplica): void {
    for (const link of this.#links) link.post(message);
  }
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
