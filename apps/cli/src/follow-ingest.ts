import type { IngestJob, IngestProgress } from "@seedfleet/contracts";
import type { IngestJobs } from "@seedfleet/fleet";
import { type Clock, SeedfleetError } from "@seedfleet/runtime";
import { printable } from "./printable.ts";
import type { Reporter } from "./reporter.ts";

type FollowPorts = {
  readonly jobs: Pick<IngestJobs, "follow">;
  readonly clock: Clock;
  readonly reporter: Pick<Reporter, "hashing">;
};

/**
 * Tells how a job goes on and gives what came of it. Throws the store's own reason where it
 * failed, `ingest-cancelled` where somebody cancelled it, `ingest-forgotten` where its record went
 * away, and `ingest-unfollowed` once `signal` aborts: the job itself goes on then.
 */
export async function followIngest(
  { jobs, clock, reporter }: FollowPorts,
  job: IngestJob,
  signal?: AbortSignal,
): Promise<NonNullable<IngestJob["result"]>> {
  const startedAtMs = clock.nowMs();
  for await (const update of jobs.follow(job.id, signal)) {
    if (update.kind === "ended") return resultOf(update.job);
    const { name, doneBytes, totalBytes } = update.progress;
    const elapsedMs = elapsedOf(update.progress) ?? clock.nowMs() - startedAtMs;
    reporter.hashing({ name, hashedBytes: doneBytes, totalBytes }, elapsedMs);
  }
  throw signal?.aborted ? unfollowed(job) : forgotten(job);
}

/**
 * The time in which a job at its pace would be where it is. Ours would be too short for one that
 * had begun before we came, or that goes on from where it was stopped.
 */
function elapsedOf({ doneBytes, bytesPerSecond }: IngestProgress): number | null {
  return bytesPerSecond > 0 ? (doneBytes * 1_000) / bytesPerSecond : null;
}

function resultOf(job: IngestJob): NonNullable<IngestJob["result"]> {
  const { state, result, failure } = job;
  if (state === "done" && result !== null) return result;
  if (state === "cancelled") {
    throw new SeedfleetError(`Stopped ${subjectOf(job)}: the job was cancelled`, {
      code: "ingest-cancelled",
    });
  }
  const { code, message } = failure ?? {
    code: "ingest-failed",
    message: `Cannot go on with ${subjectOf(job)}: the piece-store does not say why`,
  };
  // It may name a file of a stranger's torrent.
  throw new SeedfleetError(printable(message), { code });
}

function forgotten(job: IngestJob): SeedfleetError {
  const message = `Cannot follow ${subjectOf(job)}: its job is gone; ask for it again`;
  return new SeedfleetError(message, { code: "ingest-forgotten" });
}

function unfollowed(job: IngestJob): SeedfleetError {
  const message = `Stopped following ${subjectOf(job)}: job ${job.id} goes on`;
  return new SeedfleetError(message, { code: "ingest-unfollowed" });
}

function subjectOf({ id, request }: IngestJob): string {
  return request.locations[0] ?? id;
}
