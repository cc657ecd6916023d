import type { Bus } from "@seedfleet/bus";
import type { IngestJob, IngestRequest } from "@seedfleet/contracts";
import { hasEnded } from "@seedfleet/fleet";
import { errorCode, errorMessage, SeedfleetError } from "@seedfleet/runtime";
import type { Fields, Telemetry } from "@seedfleet/telemetry";
import { KeyedTurns } from "../keyed-turns.ts";
import { Slots } from "../slots.ts";
import { adoptTorrent } from "./adopt-torrent.ts";
import { checkTorrent } from "./check-torrent.ts";
import type { Checkpoints, JobCheckpoints } from "./checkpoints.ts";
import type { IngestPorts } from "./ingest-ports.ts";
import { type JobControl, ProgressTeller } from "./job-control.ts";
import { makeAndPublish } from "./make-torrent.ts";

/** They share the hashing threads in turns, so that a small one need not wait for a large one. */
export const INGESTS_AT_ONCE_MAX = 4;

/** What may pass by itself (a bus, a bucket) is tried so often before a job counts as failed. */
export const INGEST_ATTEMPTS_MAX = 8;

/** No more than are at hand can wait. */
const NO_LIMIT: number = Number.MAX_SAFE_INTEGER;

type Result = NonNullable<IngestJob["result"]>;

export type WorkerPorts = {
  readonly bus: Bus;
  readonly ingest: IngestPorts;
  readonly checkpoints: Checkpoints;
  readonly telemetry: Telemetry;
};

export type Run = {
  readonly job: IngestJob;
  readonly checkpoints: JobCheckpoints;
  /** Aborts when the store stops, or the bus keeps the job for it no more. */
  readonly stopped: AbortSignal;
  readonly cancelled: AbortController;
};

/**
 * Does jobs, so many at once, and writes down how each ends. What is done about one location is
 * done one job after the other, so that the last who asked has the last word.
 */
export class IngestRuns {
  readonly #ports: WorkerPorts;
  readonly #turns = new KeyedTurns();
  readonly #slots = new Slots({ atOnceMax: INGESTS_AT_ONCE_MAX, waitingMax: NO_LIMIT });
  /** By job, of those that were put off. */
  readonly #failures = new Map<string, number>();

  constructor(ports: WorkerPorts) {
    this.#ports = ports;
  }

  /** Rejects where the queue shall hand the job out again. */
  async run(run: Run): Promise<void> {
    const { job, checkpoints, stopped, cancelled } = run;
    const { bus, ingest, telemetry } = this.#ports;
    const teller = new ProgressTeller({ bus, clock: ingest.clock }, job.id);
    const control: JobControl = {
      signal: AbortSignal.any([stopped, cancelled.signal]),
      progress: (progress) => teller.tell(progress),
      checkpointOf: checkpoints.of,
    };
    try {
      const result = await this.#inTurn(job, control, () => this.#work(run, control));
      await this.#done(job, result);
    } catch (error) {
      if (stopped.aborted) {
        await this.#giveBack(run);
        throw error;
      }
      if (!cancelled.signal.aborted) return await this.#fail(run, error);
      telemetry.log.info("ingest cancelled", { job: job.id });
      ingest.metrics.ingests.add(1, { outcome: "cancelled" });
    }
  }

  /** A job that is over, however it ended, begins from nothing when it is asked for again. */
  forget(id: string): void {
    this.#failures.delete(id);
  }

  /** Rejects at once when it is cancelled while it waits. */
  async #inTurn(
    { request }: IngestJob,
    { signal, progress }: JobControl,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const [location = ""] = request.locations;
    progress({ phase: "waiting", name: location, doneBytes: 0, totalBytes: 0 });
    const place = await this.#placeOf(location);
    signal.throwIfAborted();
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    const turn = this.#turns.run(place, async () => {
      using _slot = await this.#slots.take(signal);
      // From here on it ends by itself, and whoever waits for its end must wait for that.
      signal.removeEventListener("abort", giveUp);
      return await work();
    });
    return await Promise.race([turn, givenUp]);
  }

  /** Two names of one place are one place. */
  async #placeOf(location: string): Promise<string> {
    const { sources } = this.#ports.ingest;
    const resolved = await sources.resolveIfThere(location).catch(() => null);
    return resolved ?? location;
  }

  async #work({ job, cancelled }: Run, control: JobControl): Promise<Result> {
    const { ingest, telemetry } = this.#ports;
    const begun = await ingest.jobs.change(job.id, (before) =>
      hasEnded(before) ? before : { ...before, state: "running", attempts: before.attempts + 1 },
    );
    if (begun === null || hasEnded(begun)) cancelled.abort();
    control.signal.throwIfAborted();
    const { locations, torrent } = job.request;
    const attributes = { job: job.id, location: locations[0] ?? "", kind: torrent.kind };
    return await telemetry.tracer.span("ingest", { attributes }, async () => {
      if (torrent.kind === "make") {
        return await makeAndPublish(ingest, { locations, options: torrent.options }, control);
      }
      if (torrent.kind === "check") {
        return await checkTorrent(ingest, { locations, infoHash: torrent.infoHash }, control);
      }
      return await adoptTorrent(ingest, { locations, adoption: torrent.adoption }, control);
    });
  }

  async #done(job: IngestJob, result: Result): Promise<void> {
    const { ingest, telemetry } = this.#ports;
    // Who cancelled it when all was published came too late, and should see that it is.
    await ingest.jobs.change(job.id, (now) =>
      hasEnded(now) && now.state !== "cancelled"
        ? now
        : { ...now, state: "done", result, failure: null },
    );
    const { infoHash, name, contentBytes: sizeBytes } = result.entry;
    const { hashed } = result;
    const message = job.request.torrent.kind === "check" ? "content checked" : "content published";
    telemetry.log.info(message, { ...fieldsOf(job), infoHash, name, sizeBytes, hashed });
    ingest.metrics.ingests.add(1, { outcome: outcomeOf(job.request, hashed) });
  }

  async #fail(run: Run, error: unknown): Promise<void> {
    const { ingest, telemetry } = this.#ports;
    const { job } = run;
    const code = errorCode(error) ?? "failed";
    const message = errorMessage(error);
    const fields = { ...fieldsOf(job), code, reason: message };
    const failures = (this.#failures.get(job.id) ?? 0) + 1;
    if (mayPass(error) && failures < INGEST_ATTEMPTS_MAX) {
      this.#failures.set(job.id, failures);
      telemetry.log.warn("ingest put off", fields);
      await this.#giveBack(run);
      throw error;
    }
    await ingest.jobs.change(job.id, (now) =>
      hasEnded(now) ? now : { ...now, state: "failed", failure: { code, message } },
    );
    telemetry.log.warn("ingest failed", fields);
    ingest.metrics.ingests.add(1, { outcome: code });
  }

  /** Keeps what is done for whoever begins it again. Never rejects. */
  async #giveBack({ job, checkpoints }: Run): Promise<void> {
    await checkpoints.settled();
    await this.#ports.ingest.jobs
      .change(job.id, (now) => (now.state === "running" ? { ...now, state: "queued" } : now))
      .catch(() => null);
  }
}

/** The bus and what lies beyond a network come back; a file that cannot be read stays so. */
function mayPass(error: unknown): boolean {
  const code = errorCode(error) ?? "";
  if (code === "bus-payload-too-large" || code === "bus-invalid-payload") return false;
  if (code.startsWith("bus-") || code === "store-busy") return true;
  return code === "content-unreadable" && pathOf(error).includes("://");
}

function pathOf(error: unknown): string {
  const detail = error instanceof SeedfleetError ? error.detail : null;
  return detail !== null && "path" in detail ? String(detail.path) : "";
}

function fieldsOf({ id, request }: IngestJob): Fields {
  return { job: id, location: request.locations[0] ?? "" };
}

function outcomeOf({ torrent }: IngestRequest, hashed: boolean): string {
  if (torrent.kind === "make") return hashed ? "hashed" : "unchanged";
  return torrent.kind === "adopt" ? "adopted" : "checked";
}
