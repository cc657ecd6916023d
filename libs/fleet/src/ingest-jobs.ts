import { createHash } from "node:crypto";
import {
  type Bus,
  invalidPayload,
  type KeyValue,
  type KeyValueEntry,
  type WorkQueue,
} from "@seedfleet/bus";
import {
  INGEST_BUCKET,
  INGEST_QUEUE,
  type IngestJob,
  type IngestProgress,
  type IngestRequest,
  type IngestState,
  ingestChangedEvent,
  ingestJob,
  ingestProgressEvent,
} from "@seedfleet/contracts";
import { type Clock, delay, errorCode } from "@seedfleet/runtime";

/** Enough that no two requests share an id, short enough for a subject. */
const ID_HEX = 32;

/** An event may be lost, a record is not: it is read again after so long a silence. */
const RECORD_CHECK_MS = 2_000;

export type IngestUpdate =
  | { readonly kind: "progress"; readonly progress: IngestProgress }
  /** Done, failed or cancelled: the last one. */
  | { readonly kind: "ended"; readonly job: IngestJob };

export type DecideJob = (before: IngestJob) => IngestJob;

/** Ingest jobs: records that say how each is, and the queue that brings it to its store. */
export type IngestJobs = {
  /**
   * Has a store do this. Who asks for the same while it is queued or running shares the job; what
   * has ended is done anew. Rejects with `bus-invalid-payload` what no store would take.
   */
  submit(request: IngestRequest): Promise<IngestJob>;
  find(id: string): Promise<IngestJob | null>;
  /** In the order in which they were submitted. */
  list(): Promise<IngestJob[]>;
  /** Null when there is no such job; one that has ended stays as it is. */
  cancel(id: string): Promise<IngestJob | null>;
  /** How a job goes on, until it has ended. */
  follow(id: string, signal?: AbortSignal): AsyncGenerator<IngestUpdate, void, void>;
  /** For the store: writes the record anew, unless the job has been forgotten. */
  change(id: string, decide: DecideJob): Promise<IngestJob | null>;
  forget(id: string): Promise<void>;
};

export function hasEnded({ state }: { readonly state: IngestState }): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

type JobPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly records: KeyValue;
  readonly queue: WorkQueue;
};

/** Opens the jobs over the bus's durable stores. */
export async function openIngestJobs({
  bus,
  clock,
}: {
  readonly bus: Bus;
  readonly clock: Clock;
}): Promise<IngestJobs> {
  const records = await bus.keyValue(INGEST_BUCKET);
  const queue = await bus.workQueue(INGEST_QUEUE);
  const ports = { bus, clock, records, queue };
  return {
    submit: (request) => submit(ports, request),
    find: async (id) => parseJob(await records.get(id)),
    list: () => list(records),
    cancel: (id) => cancel(ports, id),
    follow: (id, signal) => follow(ports, id, signal),
    change: (id, decide) => change(ports, id, decide),
    forget: (id) => records.delete(id),
  };
}

/** The same request always has the same id, so that nothing is hashed by two jobs at once. */
export function ingestJobId({ holder, locations, torrent }: IngestRequest): string {
  const text = JSON.stringify([holder, locations, torrent], inOrderOfKeys);
  return createHash("sha256").update(text).digest("hex").slice(0, ID_HEX);
}

/** Whoever asks may have put the fields together in an order of its own. */
function inOrderOfKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function submit(ports: JobPorts, request: IngestRequest): Promise<IngestJob> {
  const job = await sharedOrFresh(ports, request);
  // Also for one that is there: whoever wrote its record may have died before it was queued.
  await ports.queue.enqueue(request.holder, Buffer.from(job.id));
  return job;
}

/** The job that is there and has not ended, or the record of a new one. */
async function sharedOrFresh(
  { records, clock }: JobPorts,
  request: IngestRequest,
): Promise<IngestJob> {
  const id = ingestJobId(request);
  while (true) {
    const found = await records.get(id);
    const before = parseJob(found);
    if (before !== null && !hasEnded(before)) return before;
    const nowMs = clock.nowMs();
    const fresh = checked({
      ...{ id, request, state: "queued", submittedAtMs: nowMs, updatedAtMs: nowMs },
      ...{ attempts: 0, result: null, failure: null },
    });
    if ((await records.update(id, encode(fresh), found?.revision ?? 0)) !== null) return fresh;
  }
}

/** What does not fit the schema would be a record that nobody can read. */
function checked(job: IngestJob): IngestJob {
  const parsed = ingestJob.safeParse(job);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw invalidPayload(INGEST_QUEUE, issues);
}

async function list(records: KeyValue): Promise<IngestJob[]> {
  const jobs: IngestJob[] = [];
  for await (const key of records.keys()) {
    const job = parseJob(await records.get(key));
    if (job !== null) jobs.push(job);
  }
  const byId = (a: IngestJob, b: IngestJob): number => (a.id < b.id ? -1 : 1);
  return jobs.toSorted((a, b) => a.submittedAtMs - b.submittedAtMs || byId(a, b));
}

async function cancel(ports: JobPorts, id: string): Promise<IngestJob | null> {
  return await change(ports, id, (job) => (hasEnded(job) ? job : { ...job, state: "cancelled" }));
}

async function change(
  { bus, clock, records }: JobPorts,
  id: string,
  decide: DecideJob,
): Promise<IngestJob | null> {
  while (true) {
    const found = await records.get(id);
    const before = parseJob(found);
    if (found === null || before === null) return null;
    const after = decide(before);
    if (after === before) return before;
    const written = { ...after, updatedAtMs: clock.nowMs() };
    if ((await records.update(id, encode(written), found.revision)) === null) continue;
    bus.publish(ingestChangedEvent, { job: id }, { state: written.state });
    return written;
  }
}

async function* follow(
  { bus, clock, records }: JobPorts,
  id: string,
  signal?: AbortSignal,
): AsyncGenerator<IngestUpdate, void, void> {
  let latest: IngestProgress | null = null;
  let news = Promise.withResolvers<void>();
  const tell = (): void => news.resolve();
  const subscriptions = [
    bus.subscribe(ingestProgressEvent, { params: { job: id } }, (progress) => {
      latest = progress;
      tell();
    }),
    bus.subscribe(ingestChangedEvent, { params: { job: id } }, tell),
  ];
  signal?.addEventListener("abort", tell, { once: true });
  try {
    while (!signal?.aborted) {
      const progress: IngestProgress | null = latest;
      latest = null;
      if (progress !== null) yield { kind: "progress", progress };
      else {
        const job = await recordOf(records, id);
        if (job === null) return;
        if (job !== "away" && hasEnded(job)) return yield { kind: "ended", job };
      }
      const silence = new AbortController();
      await Promise.race([news.promise, delay(clock, RECORD_CHECK_MS, silence.signal)]);
      silence.abort();
      news = Promise.withResolvers();
    }
  } finally {
    signal?.removeEventListener("abort", tell);
    for (const subscription of subscriptions) subscription.unsubscribe();
  }
}

/** A bus that is away says nothing of the job: it goes on, and so does whoever follows it. */
async function recordOf(records: KeyValue, id: string): Promise<IngestJob | null | "away"> {
  try {
    return parseJob(await records.get(id));
  } catch (error) {
    if (errorCode(error) === "bus-disconnected") return "away";
    throw error;
  }
}

function encode(job: IngestJob): Uint8Array {
  return Buffer.from(JSON.stringify(job));
}

/** A record that cannot be read is as none. */
function parseJob(found: KeyValueEntry | null): IngestJob | null {
  if (found === null) return null;
  try {
    return ingestJob.parse(JSON.parse(new TextDecoder().decode(found.value)));
  } catch {
    return null;
  }
}
