import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { parseInfoHash } from "@seedfleet/bytes";
import {
  type CatalogEntry,
  type IngestJob,
  type IngestRequest,
  type Presence,
  presenceEvent,
} from "@seedfleet/contracts";
import {
  type Catalog,
  type IngestJobs,
  openCatalog,
  openIngestJobs,
  type PresenceWatch,
  watchPresence,
} from "@seedfleet/fleet";
import { type Clock, systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";

const HASH = parseInfoHash("ab".repeat(20));

/** What a test takes for the hash of a torrent that nobody made. */
export function givenInfoHash(digits: string): CatalogEntry["infoHash"] {
  const parsed = parseInfoHash(digits.repeat(40).slice(0, 40)) ?? HASH;
  if (parsed === null) throw new Error(`no hex digits: ${digits}`);
  return parsed;
}

/** A torrent of 10 pieces at one place, but for what a test says. */
export function givenEntry(name: string, differing: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    ...{ infoHash: givenInfoHash("ab"), infoHashV2: null, aliases: [], version: "v1", name },
    ...{
      sizeBytes: 160_000,
      contentBytes: 160_000,
      pieceLengthBytes: 16_384,
      pieceCount: 10,
      fileCount: 1,
    },
    ...{ private: false, addedAtMs: 1_000 },
    sources: [givenSource(`/srv/${name}`)],
    ...differing,
  };
}

export function givenSource(location: string, holder = "store-1"): CatalogEntry["sources"][number] {
  const shared = location.includes("://");
  return { holder, shared, location, fingerprint: "0".repeat(64) };
}

export function givenRequest(differing: Partial<IngestRequest> = {}): IngestRequest {
  return {
    holder: "store-1",
    locations: ["/srv/debian"],
    torrent: { kind: "check", infoHash: givenInfoHash("ab") },
    ...differing,
  };
}

/** A fleet of nobody yet: a bus in memory, with what commands open on it. */
export class GivenFleet implements AsyncDisposable {
  readonly clock: Clock = systemClock;
  readonly bus: Bus = createBus(openEmbeddedBus({ file: null }), {
    clock: systemClock,
    telemetry: silentTelemetry,
  });
  readonly presence: PresenceWatch = watchPresence(this, ["piece-store", "console", "gateway"]);
  readonly printed: string[] = [];
  readonly print: (text: string) => void = (text) => void this.printed.push(text);

  catalog(): Promise<Catalog> {
    return openCatalog(this.bus, silentTelemetry.log);
  }

  jobs(): Promise<IngestJobs> {
    return openIngestJobs(this);
  }

  /** Ends a job as a store does. */
  async end(job: IngestJob, ended: Partial<IngestJob>): Promise<void> {
    await (await this.jobs()).change(job.id, (before) => ({ ...before, ...ended }));
  }

  /** Says that a service is there. */
  async announce(id: string, differing: Partial<Presence> = {}): Promise<void> {
    const { role = "piece-store" } = differing;
    const presence: Presence = {
      ...{ role, id, version: "0.1.0", startedAtMs: 0, draining: false, load: 0 },
      ...{ peerAddress: null, urls: [], gateway: null, ...differing },
    };
    this.bus.publish(presenceEvent, { role, id }, presence);
    await this.bus.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.presence.stop();
    await this.bus.close();
  }
}
