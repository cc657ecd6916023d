import { basename } from "node:path";
import type { PublishProgress, PublishRequest, RetainRequest } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { publishStopped, storeBusy } from "./errors.ts";
import { KeyedTurns } from "./keyed-turns.ts";
import { type PublishPorts, publishContent } from "./publish-content.ts";
import { type JobControl, type Published, PublishJob } from "./publish-job.ts";
import { resolveIfThere, resolveUnderRoots } from "./roots.ts";
import { Slots } from "./slots.ts";

/** They share one thread in turns; several, so that a small one need not wait for a large one. */
export const HASHES_AT_ONCE_MAX = 4;

/** As many paths as one `retain` names; each that waits costs a few hundred bytes. */
export const PUBLISHES_MAX = 10_000;

export type PublisherPorts = Omit<PublishPorts, "hashes"> & { readonly telemetry: Telemetry };

export type PublisherConfig = { readonly holder: string; readonly roots: readonly string[] };

/**
 * Answers who publishes and who retains. Whoever asks for the same path and options at the same
 * time shares one job, and whatever is done about a path is done one thing after the other.
 */
export class Publisher {
  readonly #ports: PublishPorts;
  readonly #telemetry: Telemetry;
  readonly #config: PublisherConfig;
  readonly #jobs = new Map<string, PublishJob>();
  readonly #running = new Set<Promise<void>>();
  readonly #turns = new KeyedTurns();
  #stopped = false;

  constructor(ports: PublisherPorts, config: PublisherConfig) {
    const hashes = new Slots({ atOnceMax: HASHES_AT_ONCE_MAX, waitingMax: PUBLISHES_MAX });
    this.#ports = { ...ports, hashes };
    this.#telemetry = ports.telemetry;
    this.#config = config;
  }

  async *publish(
    request: PublishRequest,
    asker: AbortSignal,
  ): AsyncGenerator<PublishProgress, void, void> {
    const path = await resolveUnderRoots(this.#ports.source, request.path, this.#config.roots);
    yield* this.#jobFor({ path, private: request.private }).follow(asker);
  }

  /** Takes out of the catalog whatever is published from another path than these. */
  async retain({ paths }: RetainRequest): Promise<{ readonly removed: number }> {
    const kept = new Set(paths);
    for (const path of paths) {
      const resolved = await resolveIfThere(this.#ports.source, path);
      if (resolved !== null) kept.add(resolved);
    }
    const { held } = this.#ports;
    let removed = 0;
    for (const path of held.paths) {
      if (!kept.has(path)) removed += await this.#turns.run(path, () => held.retire(path));
    }
    this.#telemetry.log.info("torrents retained", { paths: paths.length, removed });
    return { removed };
  }

  /** Aborts what is under way, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const [key, job] of this.#jobs) job.abort(publishStopped(pathIn(key)));
    await Promise.all(this.#running);
  }

  #jobFor(request: PublishRequest): PublishJob {
    const { path } = request;
    if (this.#stopped) throw publishStopped(path);
    const key = `${path}\0${request.private}`;
    const shared = this.#jobs.get(key);
    if (shared !== undefined && !shared.aborted) return shared;
    if (this.#jobs.size >= PUBLISHES_MAX) throw storeBusy(PUBLISHES_MAX);

    const job = new PublishJob(this.#ports.clock, basename(path));
    const run = job.run((control) =>
      this.#turns.run(path, () => this.#publishTraced(request, control)),
    );
    const running = run.finally(() => {
      this.#running.delete(running);
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    });
    this.#running.add(running);
    this.#jobs.set(key, job);
    return job;
  }

  async #publishTraced(request: PublishRequest, control: JobControl): Promise<Published> {
    const { holder } = this.#config;
    const { log, tracer } = this.#telemetry;
    const { path } = request;
    const attributes = { path, private: request.private };
    return tracer.span("content publish", { attributes }, async (span) => {
      try {
        control.signal.throwIfAborted();
        const published = await publishContent(this.#ports, { ...request, holder }, control);
        const { entry, hashed } = published;
        const { infoHash, name, sizeBytes } = entry;
        span.set({ infoHash, hashed });
        log.info("content published", { infoHash, name, path, sizeBytes, hashed });
        this.#ports.metrics.publishes.add(1, { outcome: hashed ? "hashed" : "unchanged" });
        return published;
      } catch (error) {
        this.#ports.metrics.publishes.add(1, { outcome: outcomeOf(error, control.signal) });
        throw error;
      }
    });
  }
}

function pathIn(key: string): string {
  return key.slice(0, key.lastIndexOf("\0"));
}

function outcomeOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "aborted";
  return error instanceof SeedfleetError ? error.detail.code : "failed";
}
