import { type BusEvent, defineEvent } from "@seedfleet/bus";
import type { InfoHash, InfoHashV2 } from "@seedfleet/bytes";
import * as z from "zod";
import { BUDGET_BYTES_PER_SECOND_MIN, label } from "./egress.ts";
import {
  count,
  infoHash,
  infoHashV2,
  location,
  processId,
  timestampMs,
  zoneName,
} from "./scalars.ts";

/**
 * Key-value: info hash → `CatalogEntry`.
 *
 * piece-store, cli → gateway, tracker, console
 */
export const CATALOG_BUCKET = "seedfleet-catalog";

/**
 * Key-value: alias → the info hash that the entry has.
 *
 * piece-store, cli → gateway, tracker, console
 */
export const ALIAS_BUCKET = "seedfleet-aliases";

/**
 * Key-value: SHA-1 of `req2` and an info hash or alias, in hex → that. It is all that a peer tells
 * of the torrent before an encrypted handshake (MSE/PE), so without this index a gateway would have
 * to hold every info hash of the catalog in memory.
 *
 * piece-store, cli → gateway, tracker, console
 */
export const OBFUSCATED_BUCKET = "seedfleet-obfuscated";

/**
 * Objects: info hash → the bytes of the `.torrent`; of one made here, without trackers.
 *
 * piece-store, cli, gateway → tracker, console
 */
export const METAINFO_BUCKET = "seedfleet-metainfo";

/**
 * Key-value: `{holder}.{hash of location and options}` → `HashMemo`: nothing is hashed twice.
 *
 * piece-store → cli
 */
export const HASH_MEMO_BUCKET = "seedfleet-hashed";

/** Places that one torrent's content may lie in; a read goes to the next when one fails. */
export const TORRENT_SOURCES_MAX = 16;

/** A hybrid's v2 hash, and how a client or two misread a hybrid. */
export const INFO_HASH_ALIASES_MAX = 4;

/** Zones that one torrent is kept to: more are every zone but a few. */
export const TORRENT_ZONES_MAX = 64;

/** BEP 3, BEP 52, or both in one. */
export type TorrentVersion = "v1" | "v2" | "hybrid";

/** One place the content lies in. */
export type CatalogSource = {
  /** The piece-store that put it here and reads it. */
  readonly holder: string;
  /** Whether any other piece-store that may read the location does as well: a bucket, an origin. */
  readonly shared: boolean;
  /** An absolute path as the holder sees it, or a URL: `s3://bucket/key`, `https://…`. */
  readonly location: string;
  /** SHA-256 over location, size, time and identity of every file as they were when hashed. */
  readonly fingerprint: string;
};

/** How much of the fleet's upload a torrent gets. */
export type UploadPolicy = {
  /** What its peers of one gateway together are sent at most; null leaves it to the settings. */
  readonly bytesPerSecond: number | null;
  /** Its label: the class by which it has a part in what is promised; null for none. */
  readonly class: string | null;
  /** What its peers of all gateways together are sent at most; only where somebody set it. */
  readonly fleetBytesPerSecond?: number | undefined;
};

/** Whom a seed's slots go to (`libs/choker`). */
export type ChokingPolicy = "round_robin" | "fastest_upload" | "anti_leech" | "legout";

/** How a torrent's unchoke slots are given out; what is null is left to the settings. */
export type TorrentChoking = {
  readonly policy: ChokingPolicy | null;
  /** Where the uplink is full: twice the weight, twice the slots. */
  readonly weight: number;
  /** Each piece is told of to one peer first (BEP 16). */
  readonly superSeeding: boolean;
};

/** What the fleet publishes, and who holds its bytes. */
export type CatalogEntry = {
  /** What the torrent is known by: v1's, or the first 20 bytes of a torrent's that is v2 alone. */
  readonly infoHash: InfoHash;
  readonly infoHashV2: InfoHashV2 | null;
  readonly version: TorrentVersion;
  /** Other info hashes under which peers ask for it. */
  readonly aliases: readonly InfoHash[];
  readonly name: string;
  /** Of the torrent, with the padding between its files. */
  readonly sizeBytes: number;
  /** Of the files, which is what people want to know. */
  readonly contentBytes: number;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly fileCount: number;
  /** BEP 27: peers come from the tracker only. */
  readonly private: boolean;
  /** In the order they are tried. */
  readonly sources: readonly CatalogSource[];
  readonly addedAtMs: number;
  /** Its content is still being downloaded; which pieces are there its holder says. */
  readonly incomplete?: true | undefined;
  /** Only where somebody set it. */
  readonly upload?: UploadPolicy | undefined;
  /** Only where somebody set it. */
  readonly choking?: TorrentChoking | undefined;
  /** Peers are sent to gateways of these zones only; where nobody set it, to any. */
  readonly zones?: readonly string[] | undefined;
};

/** What a holder hashed once: the same location with the same fingerprint is this torrent. */
export type HashMemo = { readonly infoHash: InfoHash; readonly fingerprint: string };

/** A torrent that weighs more than this beside the others is alone anyway; below, it starves. */
export const CHOKING_WEIGHT_MAX = 1_000;
export const CHOKING_WEIGHT_MIN = 0.001;

export const chokingPolicy: z.ZodType<ChokingPolicy> = z.enum([
  "round_robin",
  "fastest_upload",
  "anti_leech",
  "legout",
]);

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);

export const torrentVersion: z.ZodType<TorrentVersion> = z.enum(["v1", "v2", "hybrid"]);

export const catalogEntry: z.ZodType<CatalogEntry> = z.strictObject({
  infoHash,
  infoHashV2: infoHashV2.nullable(),
  version: torrentVersion,
  aliases: z.array(infoHash).max(INFO_HASH_ALIASES_MAX),
  name: z.string().min(1).max(1_024),
  sizeBytes: count,
  contentBytes: count,
  pieceLengthBytes: z.int().min(1),
  pieceCount: z.int().min(1),
  fileCount: z.int().min(1),
  private: z.boolean(),
  sources: z
    .array(z.strictObject({ holder: processId, shared: z.boolean(), location, fingerprint }))
    .min(1)
    .max(TORRENT_SOURCES_MAX),
  addedAtMs: timestampMs,
  incomplete: z.literal(true).optional(),
  upload: z
    .strictObject({
      bytesPerSecond: z.int().min(1).nullable(),
      class: label.nullable(),
      fleetBytesPerSecond: z.int().min(BUDGET_BYTES_PER_SECOND_MIN).optional(),
    })
    .optional(),
  choking: z
    .strictObject({
      policy: chokingPolicy.nullable(),
      weight: z.number().min(CHOKING_WEIGHT_MIN).max(CHOKING_WEIGHT_MAX),
      superSeeding: z.boolean(),
    })
    .optional(),
  zones: z.array(zoneName).min(1).max(TORRENT_ZONES_MAX).optional(),
});

export const hashMemo: z.ZodType<HashMemo> = z.strictObject({ infoHash, fingerprint });

/**
 * Somebody changed an entry other than by publishing: whoever knows the torrent looks it up again
 * at once, instead of within a minute. A piece-store tells so when content that was incomplete is
 * all there.
 *
 * cli, piece-store → gateway
 */
export const catalogChangedEvent: BusEvent<
  "seedfleet.v1.catalog.changed",
  { readonly infoHash: InfoHash }
> = defineEvent({
  subject: "seedfleet.v1.catalog.changed",
  payload: z.strictObject({ infoHash }),
});
