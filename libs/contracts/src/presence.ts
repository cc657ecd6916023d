import { type BusEvent, defineEvent } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { count, infoHash, processId, timestampMs, zoneName } from "./scalars.ts";

/** Every process says this often that it is there … */
export const PRESENCE_INTERVAL_MS = 2_000;

/** … and is taken for gone after three that stayed away. */
export const PRESENCE_EXPIRY_MS = 6_000;

/** As many as a piece-store may be given buckets and origins. */
export const PRESENCE_URLS_MAX = 64;

/** Hot torrents that a gateway names: enough to see what it serves, and 2 KiB of a message. */
export const PRESENCE_HOT_MAX = 32;

export type Role = "tracker" | "gateway" | "piece-store" | "choking-scheduler" | "console";

/** An address that others are told, which need not be the one listened on. */
export type HostPort = { readonly host: string; readonly port: number };

/** What only a gateway says of itself. */
export type GatewayPresence = {
  /** Those whose handshake is done. */
  readonly peers: number;
  readonly peersMax: number;
  /** Blocks sent, as an average of the last 20 s. */
  readonly uploadBytesPerSecond: number;
  readonly cacheBytes: number;
  readonly cacheBytesMax: number;
  /** The torrents of which it has the most in its cache, the most first. */
  readonly hot: readonly InfoHash[];
  /** Whether it reached itself by the address that peers are told; null while that is not known. */
  readonly reachable: boolean | null;
};

export type Presence = {
  readonly role: Role;
  readonly id: string;
  readonly version: string;
  readonly startedAtMs: number;
  /** On its way out: give it nothing new. */
  readonly draining: boolean;
  /** How full it is, from 0 to 1 and beyond. */
  readonly load: number;
  /** Where peers reach a gateway; null for every other role. */
  readonly peerAddress: HostPort | null;
  /**
   * A tracker's announce URLs, a console's base URL; the buckets and origins that a piece-store
   * reads, each a prefix of what may be asked of it.
   */
  readonly urls: readonly string[];
  /** Null for every role but a gateway. */
  readonly gateway: GatewayPresence | null;
  /** The zone it is in, only where its settings name one. */
  readonly zone?: string | undefined;
  /** Only of a piece-store that keeps content of the fleet's own: what gateways download. */
  readonly managed?: true | undefined;
};

export const hostPort: z.ZodType<HostPort> = z.strictObject({
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
});

const gatewayPresence: z.ZodType<GatewayPresence> = z.strictObject({
  peers: count,
  peersMax: count,
  uploadBytesPerSecond: z.number().min(0),
  cacheBytes: count,
  cacheBytesMax: count,
  hot: z.array(infoHash).max(PRESENCE_HOT_MAX),
  reachable: z.boolean().nullable(),
});

export const presence: z.ZodType<Presence> = z.strictObject({
  role: z.enum(["tracker", "gateway", "piece-store", "choking-scheduler", "console"]),
  id: processId,
  version: z.string().max(64),
  startedAtMs: timestampMs,
  draining: z.boolean(),
  load: z.number().min(0),
  peerAddress: hostPort.nullable(),
  urls: z.array(z.url().max(2_048)).max(PRESENCE_URLS_MAX),
  gateway: gatewayPresence.nullable(),
  zone: zoneName.optional(),
  managed: z.literal(true).optional(),
});

/**
 * Says that a process is there; published every 2 s, and at once when it changes.
 *
 * every process → all
 */
export const presenceEvent: BusEvent<"seedfleet.v1.presence.{role}.{id}", Presence> = defineEvent({
  subject: "seedfleet.v1.presence.{role}.{id}",
  payload: presence,
});

/**
 * Asks every process to say at once that it is there: a newcomer need not wait.
 *
 * every process → all
 */
export const presenceAskedEvent: BusEvent<
  "seedfleet.v1.presence-asked",
  Record<string, never>
> = defineEvent({ subject: "seedfleet.v1.presence-asked", payload: z.strictObject({}) });
