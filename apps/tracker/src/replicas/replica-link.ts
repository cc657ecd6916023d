import { Worker } from "node:worker_threads";
import { type Clock, type Rng, SeedfleetError } from "@seedfleet/runtime";
import { NO_COUNTS, type ReplicaCounts } from "./replica-counts.ts";
import { ReplicaHost } from "./replica-host.ts";
import type { FromReplica, ToReplica } from "./replica-messages.ts";
import { hostConfig, type ReplicaStart, type WorkerStart } from "./replica-start.ts";

/** A replica as the rest of the tracker sees it, wherever it is. */
export interface ReplicaLink {
  readonly port: number;
  readonly udpPort: number | null;
  /** Of a replica in a thread as they were a second ago at most. */
  readonly counts: ReplicaCounts;
  onTold: (message: FromReplica) => void;
  post(message: ToReplica): void;
  /** Resolves when no connection is at work any more. */
  drain(): Promise<void>;
  /** Resolves when its ports are closed, and what it had to tell is told. */
  stop(): Promise<void>;
}

/** Waits for what a replica says once. */
class Farewell {
  readonly drained: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  readonly stopped: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  hear({ kind }: FromReplica): void {
    if (kind === "drained") this.drained.resolve();
    else if (kind === "stopped") this.stopped.resolve();
  }
}

/** A replica in this thread. */
export class LocalLink implements ReplicaLink {
  readonly #host: ReplicaHost;
  readonly #farewell: Farewell;
  readonly #told: { to: (message: FromReplica) => void };

  private constructor(
    host: ReplicaHost,
    farewell: Farewell,
    told: { to: (message: FromReplica) => void },
  ) {
    this.#host = host;
    this.#farewell = farewell;
    this.#told = told;
  }

  static async listen(
    ports: { readonly clock: Clock; readonly rng: Rng },
    start: ReplicaStart,
  ): Promise<LocalLink> {
    const farewell = new Farewell();
    const told = { to: (_message: FromReplica): void => {} };
    const tell = (message: FromReplica): void => {
      farewell.hear(message);
      told.to(message);
    };
    const { handout, ...config } = await hostConfig(start);
    const host = await ReplicaHost.listen({ ...ports, handout, tell, siblings: null }, config);
    return new LocalLink(host, farewell, told);
  }

  get port(): number {
    return this.#host.doors.port;
  }

  get udpPort(): number | null {
    return this.#host.doors.udpPort;
  }

  get counts(): ReplicaCounts {
    return this.#host.counts;
  }

  set onTold(to: (message: FromReplica) => void) {
    this.#told.to = to;
  }

  post(message: ToReplica): void {
    this.#host.receive(message);
  }

  drain(): Promise<void> {
    this.post({ kind: "drain" });
    return this.#farewell.drained.promise;
  }

  stop(): Promise<void> {
    this.post({ kind: "stop" });
    return this.#farewell.stopped.promise;
  }
}

/** A replica in a thread of its own. Messages of one turn of the event loop go in one. */
export class ThreadLink implements ReplicaLink {
  port = 0;
  udpPort: number | null = null;
  counts: ReplicaCounts = NO_COUNTS;
  onTold: (message: FromReplica) => void = () => {};
  readonly #worker: Worker;
  readonly #farewell = new Farewell();
  readonly #listening = Promise.withResolvers<void>();
  #waiting: ToReplica[] = [];

  private constructor(workerData: WorkerStart) {
    const main = new URL("replica-worker.ts", import.meta.url);
    const transferList = workerData.siblings.flatMap((way) => (way === null ? [] : [way.port]));
    // Without this process's own flags: what is for a `node -e` would not do for a file.
    this.#worker = new Worker(main, { workerData, transferList, execArgv: [] });
    this.#worker.on("message", (messages: readonly FromReplica[]) => {
      for (const message of messages) this.#hear(message);
    });
    // An error of ours, as in this thread: the process ends and is started again.
    this.#worker.on("error", (error) => {
      setImmediate(() => {
        throw error;
      });
    });
  }

  static async listen(start: WorkerStart): Promise<ThreadLink> {
    const link = new ThreadLink(start);
    await link.#listening.promise;
    return link;
  }

  post(message: ToReplica): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push(message);
  }

  drain(): Promise<void> {
    this.post({ kind: "drain" });
    return this.#farewell.drained.promise;
  }

  async stop(): Promise<void> {
    this.post({ kind: "stop" });
    await this.#farewell.stopped.promise;
    await this.#worker.terminate();
  }

  #flush(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    this.#worker.postMessage(messages);
  }

  #hear(message: FromReplica): void {
    if (message.kind === "listening") {
      this.port = message.port;
      this.udpPort = message.udpPort;
      this.#listening.resolve();
    } else if (message.kind === "not-listening") {
      this.#listening.reject(new SeedfleetError(message.message, message.detail));
    } else if (message.kind === "counts") {
      this.counts = message.counts;
    } else {
      this.#farewell.hear(message);
      this.onTold(message);
    }
  }
}
