import type { IngestJob, IngestState } from "@seedfleet/contracts";
import { hasEnded, openIngestJobs } from "@seedfleet/fleet";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { formatDuration } from "./format.ts";
import type { JobsOptions } from "./jobs-options.ts";
import { printable } from "./printable.ts";

/** A job as `--json` tells of it. */
type DescribedJob = {
  readonly id: string;
  readonly kind: IngestJob["request"]["torrent"]["kind"];
  readonly state: IngestState;
  readonly holder: string;
  readonly locations: readonly string[];
  /** Null until it is known what the content is called. */
  readonly name: string | null;
  readonly infoHash: string | null;
  /** Since it was asked for. */
  readonly ageMs: number;
  /** From then to its end; null until it has ended. */
  readonly tookMs: number | null;
  readonly attempts: number;
  readonly failure: IngestJob["failure"];
};

/** `seedfleet jobs`: lists the ingest jobs of a running fleet. */
export async function jobs(options: JobsOptions, print: (text: string) => void): Promise<void> {
  await using fleet = await connectFleet("jobs", options.natsUrl);
  await listJobs(fleet, { json: options.json, print });
}

export async function listJobs(
  { bus, clock }: Pick<Fleet, "bus" | "clock">,
  { json, print }: { readonly json: boolean; readonly print: (text: string) => void },
): Promise<void> {
  const listed = await (await openIngestJobs({ bus, clock })).list();
  const described = listed.map((job) => describe(job, clock.nowMs()));
  if (json) {
    for (const job of described) print(`${JSON.stringify({ event: "job", ...job })}\n`);
  } else print(described.length === 0 ? "There are no jobs\n" : described.map(jobText).join(""));
}

function describe(job: IngestJob, nowMs: number): DescribedJob {
  const { id, state, request, result, attempts, failure, submittedAtMs, updatedAtMs } = job;
  const { holder, locations, torrent } = request;
  return {
    ...{ id, kind: torrent.kind, state, holder, locations },
    name: result?.entry.name ?? null,
    infoHash: result?.entry.infoHash ?? askedInfoHash(torrent),
    // Another machine's clock may be ahead of ours.
    ageMs: Math.max(0, Math.round(nowMs - submittedAtMs)),
    tookMs: hasEnded(job) ? Math.max(0, Math.round(updatedAtMs - submittedAtMs)) : null,
    ...{ attempts, failure },
  };
}

function askedInfoHash(torrent: IngestJob["request"]["torrent"]): string | null {
  if (torrent.kind === "make") return null;
  return torrent.kind === "adopt" ? torrent.adoption.infoHash : torrent.infoHash;
}

/** One line, and one more for each thing there is to say of it. */
function jobText({ id, kind, state, holder, locations, ...job }: DescribedJob): string {
  const [location = ""] = locations;
  const more = locations.length > 1 ? ` and ${locations.length - 1} more` : "";
  const age = `${formatDuration(job.ageMs)} ago`;
  const took = job.tookMs === null ? "" : `, took ${formatDuration(job.tookMs)}`;
  const again = job.attempts > 1 ? `, begun ${job.attempts} times` : "";
  const told = job.name === null ? [] : [`${printable(job.name)}  ${job.infoHash}`];
  if (job.failure !== null) {
    told.push(`${printable(job.failure.message)} (${printable(job.failure.code)})`);
  }
  const lines = [
    `${id}  ${state.padEnd(9)}  ${kind.padEnd(5)}  ${printable(location)}${more}`,
    `on ${holder}, ${age}${took}${again}`,
    ...told,
  ];
  return `${lines.join("\n  ")}\n`;
}
