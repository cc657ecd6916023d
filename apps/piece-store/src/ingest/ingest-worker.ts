import type { QueuedJob, QueueWorker, Subscription } from "@seedfleet/bus";
import { INGEST_QUEUE, type IngestJob, ingestChangedEvent } from "@seedfleet/contracts";
import { hasEnded } from "@seedfleet/fleet";
import type { CancelTimer } from "@seedfleet/runtime";
import { EndedJobs } from "./ended-jobs.ts";
import { IngestRuns, type WorkerPorts } from "./ingest-runs.ts";

/** What waits for another job of its location keeps no third from running. */
export const INGESTS_AT_HAND_MAX = 64;

/** A lost event is made good by so late a look at the record. */
export const RECORD_CHECK_INTERVAL_MS = 5_000;

const PRUNE_INTERVAL_MS = 3_600_000;

/** A job that this process has from the queue. */
type AtHand = {
  cancelled: AbortController;
  /** What is done about it now. */
  doing: Promise<void>;
  isAskedAgain: boolean;
};

/**
 * Takes the jobs of one store from its queue. One that is killed with its store is begun again by
 * the next, from its last checkpoint. The queue may hand a job out again and again: its record
 * decides whether there is anything to do.
 */
export class IngestWorker {
  readonly #ports: WorkerPorts;
  readonly #runs: IngestRuns;
  readonly #ended: EndedJobs;
  readonly #atHand = new Map<string, AtHand>();
  readonly #cancels: Subscription;
  #worker: QueueWorker | null = null;
  #stopPruning: CancelTimer = () => {};

  constructor(ports: WorkerPorts) {
    const { bus, ingest, telemetry } = ports;
    this.#ports = ports;
    this.#runs = new IngestRuns(ports);
    this.#ended = new EndedJobs({ ...ingest, log: telemetry.log });
    this.#cancels = bus.subscribe(ingestChangedEvent, {}, ({ state }, { job }) => {
      if (state === "cancelled") this.#look(job);
    });
  }

  async start(): Promise<void> {
    const { bus, ingest } = this.#ports;
    // Nobody waits for it: the fleet may have the records of many stores.
    void this.#ended.load(ingest.holder);
    this.#stopPruning = ingest.clock.every(PRUNE_INTERVAL_MS, () => void this.#ended.prune());
    const queue = await bus.workQueue(INGEST_QUEUE);
    const options = { atOnceMax: INGESTS_AT_HAND_MAX };
    this.#worker = await queue.work(ingest.holder, options, (queued) => this.#take(queued));
  }

  /** Gives back what is under way, for the next who starts. */
  async stop(): Promise<void> {
    this.#cancels.unsubscribe();
    this.#stopPruning();
    await this.#worker?.stop();
  }

  /** Cancels what would publish from elsewhere than these locations, and waits for its end. */
  async retain(locations: ReadonlySet<string>): Promise<void> {
    const { holder, jobs } = this.#ports.ingest;
    const ending: Promise<void>[] = [];
    for (const job of await jobs.list()) {
      if (job.request.holder !== holder || hasEnded(job)) continue;
      if (await this.#isRetained(job, locations)) continue;
      await jobs.cancel(job.id);
      const atHand = this.#atHand.get(job.id);
      if (atHand === undefined) continue;
      atHand.cancelled.abort();
      ending.push(atHand.doing);
    }
    // One that was about to publish has done so by then, and can be taken out again.
    await Promise.all(ending);
  }

  async #isRetained({ request }: IngestJob, locations: ReadonlySet<string>): Promise<boolean> {
    const { sources } = this.#ports.ingest;
    for (const location of request.locations) {
      if (locations.has(location)) continue;
      const resolved = await sources.resolveIfThere(location).catch(() => null);
      if (resolved === null || !locations.has(resolved)) return false;
    }
    return true;
  }

  /** Rejects where the queue shall hand the job out again. */
  async #take({ payload, signal }: QueuedJob): Promise<void> {
    const id = Buffer.from(payload).toString();
    const known = this.#atHand.get(id);
    if (known !== undefined) {
      // It may have been cancelled and asked for anew: once it is over, it is looked at again.
      known.isAskedAgain = true;
      return;
    }
    const atHand: AtHand = {
      ...{ cancelled: new AbortController(), doing: Promise.resolve(), isAskedAgain: false },
    };
    this.#atHand.set(id, atHand);
    try {
      do {
        atHand.isAskedAgain = false;
        atHand.cancelled = new AbortController();
        const doing = this.#do(id, atHand.cancelled, signal);
        atHand.doing = doing.catch(() => {});
        await doing;
      } while (atHand.isAskedAgain);
    } finally {
      this.#atHand.delete(id);
    }
  }

  async #do(id: string, cancelled: AbortController, stopped: AbortSignal): Promise<void> {
    const { checkpoints: all, ingest } = this.#ports;
    const job = await ingest.jobs.find(id);
    const checkpoints = all.of(id, job?.request.locations.length ?? 1);
    if (job !== null && !hasEnded(job)) {
      this.#ended.begun(id);
      const stopLooking = ingest.clock.every(RECORD_CHECK_INTERVAL_MS, () => this.#look(id));
      try {
        await this.#runs.run({ job, checkpoints, stopped, cancelled });
      } finally {
        stopLooking();
      }
    }
    this.#runs.forget(id);
    await checkpoints.remove();
    if (job === null) return;
    this.#ended.ended(id);
    await this.#ended.prune();
  }

  /** Ends what is at hand of a job if its record says that it is over. */
  #look(id: string): void {
    const cancelled = this.#atHand.get(id)?.cancelled;
    if (cancelled === undefined) return;
    this.#ports.ingest.jobs.find(id).then(
      (job) => {
        if (job === null || hasEnded(job)) cancelled.abort();
      },
      // The bus is away; the next look will tell.
      () => {},
    );
  }
}
