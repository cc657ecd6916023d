import type { Bus, BusErrorDetail } from "@seedfleet/bus";
import {
  type CatalogEntry,
  type PublishRequest,
  publishCall,
  retainCall,
} from "@seedfleet/contracts";
import { type Clock, SeedfleetError } from "@seedfleet/runtime";
import type { Reporter } from "./reporter.ts";

type PublishPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** The piece-store that reads the paths. */
  readonly holder: string;
};

/**
 * Publishes each path, telling how far it is, and takes whatever the holder published before from
 * other paths out of the catalog: `up` seeds what it is told and nothing else.
 */
export async function publishPaths(
  ports: PublishPorts,
  paths: readonly string[],
): Promise<CatalogEntry[]> {
  const { bus, holder } = ports;
  const entries: CatalogEntry[] = [];
  for (const path of paths) entries.push(await publishPath(ports, { path, private: false }));
  await bus.call(retainCall, { holder }, { paths });
  return entries;
}

/** Has the holder publish one path. Throws the holder's reason where it cannot. */
export async function publishPath(
  { bus, clock, reporter, holder }: PublishPorts,
  request: PublishRequest,
): Promise<CatalogEntry> {
  const startedAtMs = clock.nowMs();
  try {
    for await (const step of bus.stream(publishCall, { holder }, request)) {
      if (step.kind === "hashing") {
        const { name, hashedBytes, totalBytes } = step;
        reporter.hashing({ name, hashedBytes, totalBytes }, clock.nowMs() - startedAtMs);
        continue;
      }
      const { entry, hashed, skipped } = step;
      if (skipped.length > 0) reporter.skipped(request.path, skipped);
      reporter.published({ name: entry.name, hashed });
      return entry;
    }
  } catch (error) {
    throw remoteReason(error) ?? error;
  }
  throw new SeedfleetError(`Cannot publish ${request.path}: the piece-store stopped; try again`, {
    code: "publish-cut-short",
  });
}

/** The piece-store's own words, which are meant for a person, without the bus's around them. */
function remoteReason(error: unknown): SeedfleetError | null {
  const detail = error instanceof SeedfleetError ? (error.detail as BusErrorDetail) : null;
  if (detail?.code !== "bus-remote") return null;
  return new SeedfleetError(detail.remoteMessage, { code: detail.remoteCode }, error);
}
