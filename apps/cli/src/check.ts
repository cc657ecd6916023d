import type { InfoHash } from "@seedfleet/bytes";
import type { CatalogEntry, CatalogSource, IngestJob } from "@seedfleet/contracts";
import { type IngestJobs, openCatalog, openIngestJobs } from "@seedfleet/fleet";
import { type ErrorDetail, SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import type { CheckOptions } from "./check-options.ts";
import { runningStores } from "./choose-store.ts";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { followIngest } from "./follow-ingest.ts";
import { formatCount } from "./format.ts";
import { conditionText } from "./ls.ts";
import { printable } from "./printable.ts";
import type { Reporter } from "./reporter.ts";
import { type SourceCondition, SourceConditions } from "./source-conditions.ts";

/** How the location of content begins that a store keeps itself, and checks as it scrubs. */
const MANAGED = "managed:";

type CheckPorts = Fleet & {
  readonly reporter: Pick<Reporter, "hashing">;
  readonly print: (text: string) => void;
};

/** Why there was no check. */
type Failure = ErrorDetail & { readonly message: string };

/** What came of the check of one source. */
type Checked = Pick<CatalogSource, "holder" | "location"> &
  SourceCondition & {
    readonly failure: Failure | null;
    /** Whether the store keeps the content itself: that is checked as it scrubs, and not now. */
    readonly managed: boolean;
  };

/** `seedfleet check`: has every holder of a torrent check what it holds. */
export async function check(
  options: CheckOptions,
  output: Pick<CheckPorts, "reporter" | "print">,
): Promise<void> {
  await using fleet = await connectFleet("check", options.natsUrl);
  await checkTorrent({ ...fleet, ...output }, options);
}

/** Checks a torrent at all its sources, tells how each is, and throws unless all are well. */
export async function checkTorrent(
  ports: CheckPorts,
  { infoHash, json }: Pick<CheckOptions, "infoHash" | "json">,
): Promise<void> {
  const { bus, print } = ports;
  const entry = await findEntry(ports, infoHash);
  const jobs = await openIngestJobs(ports);
  const running = await runningStores(ports);
  // All are asked for before the first is awaited, so that the stores work side by side.
  const asked: { source: CatalogSource; job: IngestJob | null }[] = [];
  for (const source of entry.sources) {
    const submits = running.includes(source.holder) && !isManaged(source);
    asked.push({ source, job: submits ? await submit(jobs, entry, source) : null });
  }
  const failures = new Map<CatalogSource, Failure | null>();
  for (const { source, job } of asked) {
    failures.set(source, job === null ? unasked(source) : await follow(ports, jobs, job));
  }
  const conditions = await SourceConditions.read(bus);
  const checked = entry.sources.map((source): Checked => {
    const { holder, location } = source;
    const failure = failures.get(source) ?? null;
    const managed = isManaged(source);
    return { holder, location, managed, ...conditions.of(entry.infoHash, source), failure };
  });
  for (const each of checked) print(json ? jsonLine(entry, each) : line(entry, each));
  throwUnlessWell(entry, checked);
}

async function findEntry({ bus }: Fleet, infoHash: InfoHash): Promise<CatalogEntry> {
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const found = await catalog.findByAny(infoHash);
  if (found !== null) return found;
  throw new SeedfleetError(
    `Cannot check ${infoHash}: the fleet does not seed it; see seedfleet ls`,
    {
      code: "torrent-unknown",
    },
  );
}

function submit(
  jobs: IngestJobs,
  { infoHash }: CatalogEntry,
  { holder, location }: CatalogSource,
): Promise<IngestJob> {
  // A job for each, so that a place that cannot be read keeps no other from being checked.
  return jobs.submit({ holder, locations: [location], torrent: { kind: "check", infoHash } });
}

async function follow(
  { clock, reporter }: CheckPorts,
  jobs: IngestJobs,
  job: IngestJob,
): Promise<Failure | null> {
  try {
    await followIngest({ jobs, clock, reporter }, job);
    return null;
  } catch (error) {
    if (!(error instanceof SeedfleetError)) throw error;
    const { code } = error.detail as ErrorDetail;
    return { code, message: error.message };
  }
}

function isManaged({ location }: CatalogSource): boolean {
  return location.startsWith(MANAGED);
}

function unasked(source: CatalogSource): Failure | null {
  if (isManaged(source)) return null;
  return { code: "piece-store-away", message: `piece-store ${source.holder} is not running` };
}

function jsonLine({ infoHash, name, pieceCount }: CatalogEntry, checked: Checked): string {
  const told = { event: "checked", infoHash, name, pieces: pieceCount, ...checked };
  return `${JSON.stringify(told)}\n`;
}

function line({ pieceCount }: CatalogEntry, checked: Checked): string {
  const { holder, location, failure, managed, badPieces } = checked;
  const of = badPieces.length > 0 ? ` of ${pieceCount}` : "";
  const known = managed ? "checked as it is scrubbed, and " : "";
  const told =
    failure === null
      ? known + conditionText(checked) + of
      : `not checked: ${printable(failure.message)}`;
  return `${holder}  ${printable(location)}  ${told}\n`;
}

function throwUnlessWell({ name, infoHash }: CatalogEntry, checked: readonly Checked[]): void {
  const bad = checked.reduce((count, { badPieces }) => count + badPieces.length, 0);
  const stale = checked.filter(({ stalePath }) => stalePath !== null).length;
  const failed = checked.filter(({ failure }) => failure !== null).length;
  const told = [
    bad > 0 ? formatCount(bad, "bad piece") : null,
    stale > 0 ? `${formatCount(stale, "place")} with other content` : null,
    failed > 0 ? `${formatCount(failed, "place")} not checked` : null,
  ].filter((each) => each !== null);
  if (told.length === 0) return;
  const code = bad > 0 ? "pieces-bad" : stale > 0 ? "content-changed" : "check-failed";
  throw new SeedfleetError(`${printable(name)} (${infoHash}) has ${told.join(", ")}`, { code });
}
