import { type BusEvent, type Call, defineCall, defineEvent } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import {
  type CatalogEntry,
  catalogEntry,
  TORRENT_SOURCES_MAX,
  type TorrentVersion,
  torrentVersion,
} from "./catalog.ts";
import { count, infoHash, location, processId, timestampMs } from "./scalars.ts";

/**
 * Work queue: a lane for each piece-store, its jobs by id.
 *
 * cli, piece-store → piece-store
 */
export const INGEST_QUEUE = "seedfleet-ingest";

/**
 * Key-value: job id → `IngestJob`.
 *
 * cli, piece-store → cli
 */
export const INGEST_BUCKET = "seedfleet-ingest-jobs";

/**
 * Objects: job id → what is hashed so far, so that a job goes on where it stopped.
 *
 * piece-store → piece-store
 */
export const INGEST_CHECKPOINT_BUCKET = "seedfleet-ingest-checkpoints";

/** Names of files left out that a job carries: at 4 KiB each they still fit one message. */
export const SKIPPED_NAMED_MAX = 100;

/** What the `.torrent` that is to be made shall say, beside its content. */
export type TorrentOptions = {
  readonly version: TorrentVersion;
  /** Null chooses by size. */
  readonly pieceLengthBytes: number | null;
  readonly private: boolean;
  readonly comment: string | null;
  /** The `source` key, by which trackers tell the same content apart. */
  readonly source: string | null;
  readonly webSeeds: readonly string[];
};

/** What is made when nobody says otherwise. */
export const DEFAULT_TORRENT_OPTIONS: TorrentOptions = {
  ...{ version: "hybrid", pieceLengthBytes: null, private: false },
  ...{ comment: null, source: null, webSeeds: [] },
};

/** `first-use`: each piece is checked only when a gateway asks for it, as always. */
export type ContentCheck = "now" | "background" | "first-use";

/** A torrent that is there already, its metainfo put into the catalog's objects beforehand. */
export type Adoption = { readonly infoHash: InfoHash; readonly check: ContentCheck };

export type IngestRequest = {
  /** The piece-store that does it, and that holds what lies on its disks. */
  readonly holder: string;
  /** The content, and its mirrors: absolute paths as the piece-store sees them, or URLs. */
  readonly locations: readonly string[];
  readonly torrent:
    | { readonly kind: "make"; readonly options: TorrentOptions }
    | { readonly kind: "adopt"; readonly adoption: Adoption }
    /** Checks what lies at the locations of a torrent in the catalog, and notes what is bad. */
    | { readonly kind: "check"; readonly infoHash: InfoHash };
};

export type IngestState = "queued" | "running" | "done" | "failed" | "cancelled";

export type IngestJob = {
  readonly id: string;
  readonly request: IngestRequest;
  readonly state: IngestState;
  readonly submittedAtMs: number;
  readonly updatedAtMs: number;
  /** How often it was begun. */
  readonly attempts: number;
  /** What came of it; null until it is done. */
  readonly result: {
    readonly entry: CatalogEntry;
    /** False when nothing had to be hashed. */
    readonly hashed: boolean;
    /** Relative paths of what was left out: symlinks, sockets, devices. */
    readonly skipped: readonly string[];
  } | null;
  /** Why it failed, in words for a person. */
  readonly failure: { readonly code: string; readonly message: string } | null;
};

export type IngestProgress = {
  readonly phase: "waiting" | "listing" | "hashing" | "checking";
  readonly name: string;
  readonly doneBytes: number;
  /** 0 until it is listed. */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  /** Null until it can be told. */
  readonly remainingMs: number | null;
};

export const torrentOptions: z.ZodType<TorrentOptions> = z.strictObject({
  version: torrentVersion,
  pieceLengthBytes: z.int().min(1).nullable(),
  private: z.boolean(),
  comment: z.string().max(4_096).nullable(),
  source: z.string().max(256).nullable(),
  webSeeds: z.array(z.string().max(2_048)).max(256),
});

export const ingestRequest: z.ZodType<IngestRequest> = z.strictObject({
  holder: processId,
  locations: z.array(location).min(1).max(TORRENT_SOURCES_MAX),
  torrent: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("make"), options: torrentOptions }),
    z.strictObject({
      kind: z.literal("adopt"),
      adoption: z.strictObject({
        infoHash,
        check: z.enum(["now", "background", "first-use"]),
      }),
    }),
    z.strictObject({ kind: z.literal("check"), infoHash }),
  ]),
});

export const ingestJob: z.ZodType<IngestJob> = z.strictObject({
  id: processId,
  request: ingestRequest,
  state: z.enum(["queued", "running", "done", "failed", "cancelled"]),
  submittedAtMs: timestampMs,
  updatedAtMs: timestampMs,
  attempts: count,
  result: z
    .strictObject({
      entry: catalogEntry,
      hashed: z.boolean(),
      skipped: z.array(z.string()).max(SKIPPED_NAMED_MAX + 1),
    })
    .nullable(),
  failure: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
});

/**
 * How far a job is, a few times a second while it runs. A lost one does no harm.
 *
 * piece-store → cli, console
 */
export const ingestProgressEvent: BusEvent<"seedfleet.v1.ingest.progress.{job}", IngestProgress> =
  defineEvent({
    subject: "seedfleet.v1.ingest.progress.{job}",
    payload: z.strictObject({
      phase: z.enum(["waiting", "listing", "hashing", "checking"]),
      name: z.string(),
      doneBytes: count,
      totalBytes: count,
      bytesPerSecond: z.number().min(0),
      remainingMs: z.number().min(0).nullable(),
    }),
  });

/**
 * A job's record was written anew: it began, ended, or was cancelled. Whoever needs to know for
 * sure reads the record.
 *
 * cli, console, piece-store → all
 */
export const ingestChangedEvent: BusEvent<
  "seedfleet.v1.ingest.changed.{job}",
  { readonly state: IngestState }
> = defineEvent({
  subject: "seedfleet.v1.ingest.changed.{job}",
  payload: z.strictObject({ state: z.enum(["queued", "running", "done", "failed", "cancelled"]) }),
});

/** The only locations the fleet shall go on publishing from this holder. */
export type RetainRequest = { readonly locations: readonly string[] };

/**
 * Takes the holder's sources out of the catalog whose location is not named, cancels its jobs for
 * such, and takes out every torrent of which no source is left. Repeatable.
 *
 * cli → piece-store
 */
export const retainCall: Call<
  "seedfleet.v1.ingest.retain.{holder}",
  RetainRequest,
  { readonly removed: number }
> = defineCall({
  subject: "seedfleet.v1.ingest.retain.{holder}",
  request: z.strictObject({ locations: z.array(location).max(10_000) }),
  reply: z.strictObject({ removed: count }),
  timeoutMs: 10_000,
});

/**
 * Has a store make room for a torrent's content under its own root, empty, and puts it into the
 * catalog with that as a source: `incomplete` until every piece is there, unless another source has
 * all of it. Its metainfo was put into the catalog's objects before. Repeatable.
 *
 * The handler's error codes: `managed-content-off`, `torrent-unknown` (no metainfo),
 * `content-unwritable`, `content-full`.
 *
 * gateway, cli → piece-store
 */
export const manageCall: Call<
  "seedfleet.v1.ingest.manage.{holder}",
  { readonly infoHash: InfoHash },
  { readonly entry: CatalogEntry; readonly havePieces: number }
> = defineCall({
  subject: "seedfleet.v1.ingest.manage.{holder}",
  request: z.strictObject({ infoHash }),
  reply: z.strictObject({ entry: catalogEntry, havePieces: count }),
  timeoutMs: 10_000,
});

/**
 * Has a store remove a torrent's content under its own root, and take that source out of the
 * catalog; the torrent too, with its metainfo, where no other source is left. `removed` is false
 * where there was nothing of it. Repeatable.
 *
 * The handler's error codes: `managed-content-off`, `torrent-mirrored` (by the mirrors it is still
 * downloaded to this store: remove that record first), `content-unwritable` (what is left goes when
 * it is asked for again).
 *
 * cli → piece-store
 */
export const unmanageCall: Call<
  "seedfleet.v1.ingest.unmanage.{holder}",
  { readonly infoHash: InfoHash },
  { readonly removed: boolean }
> = defineCall({
  subject: "seedfleet.v1.ingest.unmanage.{holder}",
  request: z.strictObject({ infoHash }),
  reply: z.strictObject({ removed: z.boolean() }),
  timeoutMs: 30_000,
});
