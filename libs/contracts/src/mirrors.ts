import { type BusEvent, defineEvent } from "@seedfleet/bus";
import type { InfoHash, InfoHashV2 } from "@seedfleet/bytes";
import * as z from "zod";
import { type HostPort, hostPort } from "./presence.ts";
import { count, infoHash, infoHashV2, processId, timestampMs } from "./scalars.ts";

/**
 * Key-value: info hash → `Mirror`.
 *
 * cli, gateway → gateway, piece-store
 */
export const MIRROR_BUCKET = "seedfleet-mirrors";

/** Torrents that a fleet downloads at once; each takes announces and connections of its own. */
export const MIRRORS_MAX = 1_024;

/**
 * Key-value: info hash → `AnnouncedSeed`.
 *
 * cli, gateway → gateway
 */
export const ANNOUNCED_SEED_BUCKET = "seedfleet-announced-seeds";

/** Torrents that a fleet announces as a seed: at two gateways some ten announces a second each. */
export const ANNOUNCED_SEEDS_MAX = 16_384;

/** Of one torrent: more trackers than that are the same few by other names. */
export const MIRROR_TRACKERS_MAX = 64;
export const MIRROR_WEB_SEEDS_MAX = 32;

/** Addresses that whoever asked for the mirror knows. */
export const MIRROR_PEERS_MAX = 64;

/** More gateways at one torrent ask the same peers for the same. */
export const MIRROR_GATEWAYS_MAX = 64;

/** Of files that are chosen. */
export const MIRROR_PATTERNS_MAX = 64;
export const MIRROR_PATTERN_LENGTH_MAX = 1_024;

const URL_LENGTH_MAX = 2_048;

/** Rows of files that a magnet link chooses. */
export const MIRROR_FILE_RANGES_MAX = 1_024;

/** Pieces that a gateway claims: what is begun at once, even of small pieces over a fast link. */
export const MIRROR_CLAIMS_MAX = 4_096;

/** A reason is a line for people. */
export const MIRROR_REASON_LENGTH_MAX = 512;

/** The first and the last of a row of files. */
export type FileRange = readonly [first: number, last: number];

/** Which files of a torrent are downloaded, and in what order. */
export type MirrorChoice = {
  /** Patterns of files; what of no chosen file is not fetched. */
  readonly only: readonly string[];
  /** Files by their place in the torrent, as a magnet names them. With neither it is every file. */
  readonly files?: readonly FileRange[] | undefined;
  /** Patterns of files that come before the others. */
  readonly first: readonly string[];
  /** From the front, instead of the rarest pieces first. */
  readonly sequential: boolean;
};

/** What the fleet downloads from a swarm that is not its own. It stays until it is complete. */
export type Mirror = {
  readonly infoHash: InfoHash;
  /** Null of v1 alone. */
  readonly infoHashV2: InfoHashV2 | null;
  /** As far as whoever asked for it knows. */
  readonly name: string | null;
  /** Tiers, the first tried first (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  /** BEP 19. */
  readonly webSeeds: readonly string[];
  readonly peers: readonly HostPort[];
  /** The piece-store that keeps it. */
  readonly holder: string;
  /** `restore` brings back pieces of what the fleet had whole. */
  readonly purpose: "mirror" | "restore";
  /** How many gateways download it together. */
  readonly gateways: number;
  /** Whether peers are sought in the DHT, too; never for a private torrent. */
  readonly dht: boolean;
  /** Without it every file, and the rarest pieces first. */
  readonly choice?: MirrorChoice | undefined;
  readonly addedAtMs: number;
  /** Whether it goes on being announced once it is complete; where nobody said, it does. */
  readonly announce?: boolean | undefined;
};

/**
 * What was mirrored and is whole, and goes on being announced to the swarm that it came from. What
 * the fleet made itself is in no such record, and costs no announce.
 */
export type AnnouncedSeed = {
  readonly infoHash: InfoHash;
  /** Null of v1 alone. */
  readonly infoHashV2: InfoHashV2 | null;
  readonly name: string | null;
  /** Tiers, of each of which one tracker is told. */
  readonly trackers: Mirror["trackers"];
  /** How many gateways announce it, of however many there are. */
  readonly gateways: number;
  /** Never of a private torrent. */
  readonly dht: boolean;
  readonly sinceMs: number;
};

/** Where a gateway is with a mirror; `partial` has all of the files that were chosen. */
export type MirrorState = "metadata" | "downloading" | "paused" | "partial" | "complete" | "failed";

/** What a gateway does of a mirror, told once a second. */
export type MirrorProgress = {
  readonly gateway: string;
  readonly state: MirrorState;
  /** Why it is paused or failed, or what it waits for; for people. */
  readonly reason: string | null;
  readonly name: string | null;
  /** Null until the metadata is there. */
  readonly pieceCount: number | null;
  readonly pieceLengthBytes: number | null;
  /** Pieces that the store has, whoever brought them. */
  readonly havePieces: number;
  /** Where files were chosen: the pieces of these, and those among them that are not there. */
  readonly chosen?: { readonly pieces: number; readonly missing: number } | undefined;
  /** Block bytes that came to this gateway since it began with the mirror. */
  readonly downloadedBytes: number;
  /** Of them, those that came twice or were not what they should be. */
  readonly wastedBytes: number;
  readonly uploadedBytes: number;
  readonly bytesPerSecond: number;
  readonly peers: number;
  readonly seeds: number;
};

/** What one gateway has begun of one torrent, and others leave to it. */
export type MirrorClaims = {
  readonly gateway: string;
  readonly pieces: readonly number[];
};
const fileRange = z.tuple([z.int().min(0), z.int().min(0)]);
const patterns = z.array(z.string().min(1).max(MIRROR_PATTERN_LENGTH_MAX)).max(MIRROR_PATTERNS_MAX);

const url = z.string().min(1).max(URL_LENGTH_MAX);
const trackers = z.array(z.array(url).min(1).max(MIRROR_TRACKERS_MAX)).max(MIRROR_TRACKERS_MAX);

export const mirror: z.ZodType<Mirror> = z.strictObject({
  infoHash,
  infoHashV2: infoHashV2.nullable(),
  name: z.string().max(1_024).nullable(),
  trackers,
  webSeeds: z.array(url).max(MIRROR_WEB_SEEDS_MAX),
  peers: z.array(hostPort).max(MIRROR_PEERS_MAX),
  holder: processId,
  purpose: z.enum(["mirror", "restore"]),
  gateways: z.int().min(1).max(MIRROR_GATEWAYS_MAX),
  dht: z.boolean(),
  choice: z
    .strictObject({
      ...{ only: patterns, first: patterns, sequential: z.boolean() },
      files: z.array(fileRange).max(MIRROR_FILE_RANGES_MAX).optional(),
    })
    .optional(),
  addedAtMs: timestampMs,
  announce: z.boolean().optional(),
});

export const announcedSeed: z.ZodType<AnnouncedSeed> = z.strictObject({
  infoHash,
  infoHashV2: infoHashV2.nullable(),
  name: z.string().max(1_024).nullable(),
  trackers,
  gateways: z.int().min(1).max(MIRROR_GATEWAYS_MAX),
  dht: z.boolean(),
  sinceMs: timestampMs,
});

/**
 * How far a gateway is with a mirror.
 *
 * gateway → cli
 */
export const mirrorProgressEvent: BusEvent<
  "seedfleet.v1.mirror.progress.{infoHash}",
  MirrorProgress
> = defineEvent({
  subject: "seedfleet.v1.mirror.progress.{infoHash}",
  payload: z.strictObject({
    gateway: processId,
    state: z.enum(["metadata", "downloading", "paused", "partial", "complete", "failed"]),
    reason: z.string().max(MIRROR_REASON_LENGTH_MAX).nullable(),
    name: z.string().max(1_024).nullable(),
    pieceCount: count.nullable(),
    pieceLengthBytes: count.nullable(),
    havePieces: count,
    chosen: z.strictObject({ pieces: count, missing: count }).optional(),
    downloadedBytes: count,
    wastedBytes: count,
    uploadedBytes: count,
    bytesPerSecond: z.number().min(0),
    peers: count,
    seeds: count,
  }),
});

/**
 * Which pieces a gateway has begun of a torrent that several download together, so that the others
 * do not: all of them, five times a second while they change and once a second at least. Who says
 * nothing for some seconds claims nothing any more; so a lost one costs a piece that comes twice.
 *
 * gateway → gateway
 */
export const mirrorClaimsEvent: BusEvent<"seedfleet.v1.mirror.claims.{infoHash}", MirrorClaims> =
  defineEvent({
    subject: "seedfleet.v1.mirror.claims.{infoHash}",
    payload: z.strictObject({
      gateway: processId,
      pieces: z.array(count).max(MIRROR_CLAIMS_MAX),
    }),
  });
