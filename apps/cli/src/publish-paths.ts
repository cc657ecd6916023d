import type { Bus } from "@seedfleet/bus";
import { type CatalogEntry, retainCall, type TorrentOptions } from "@seedfleet/contracts";
import { openIngestJobs } from "@seedfleet/fleet";
import type { Clock } from "@seedfleet/runtime";
import { followIngest } from "./follow-ingest.ts";
import type { Reporter } from "./reporter.ts";

type PublishPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** The piece-store that reads the paths. */
  readonly holder: string;
};

/** What is to be published: a path or URL, and where else the same content lies. */
export type Publication = {
  readonly path: string;
  readonly mirrors: readonly string[];
  readonly options: TorrentOptions;
};

/**
 * Publishes each path, telling how far it is, and takes whatever the holder published before from
 * other paths out of the catalog: `up` seeds what it is told and nothing else.
 */
export async function publishPaths(
  ports: PublishPorts,
  paths: readonly string[],
  options: TorrentOptions,
): Promise<CatalogEntry[]> {
  const { bus, holder } = ports;
  // First, so that jobs left by a former start for other paths do not go on meanwhile.
  await bus.call(retainCall, { holder }, { locations: paths });
  const entries: CatalogEntry[] = [];
  for (const path of paths) entries.push(await publishPath(ports, { path, mirrors: [], options }));
  return entries;
}

/** Has the holder publish one path. Throws the holder's reason where it cannot. */
export async function publishPath(
  { bus, clock, reporter, holder }: PublishPorts,
  { path, mirrors, options }: Publication,
): Promise<CatalogEntry> {
  const jobs = await openIngestJobs({ bus, clock });
  const job = await jobs.submit({
    holder,
    locations: [path, ...mirrors],
    torrent: { kind: "make", options },
  });
  const { entry, hashed, skipped } = await followIngest({ jobs, clock, reporter }, job);
  if (skipped.length > 0) reporter.skipped(path, skipped);
  reporter.published({ name: entry.name, hashed });
  return entry;
}
