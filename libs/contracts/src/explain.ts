import { type Call, defineCall } from "@seedfleet/bus";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import * as z from "zod";
import { type RoundBecause, type RoundUnchoke, roundBecause, UNCHOKES } from "./choking.ts";
import { count, infoHash, peerId, processId, timestampMs } from "./scalars.ts";

/** Connections of one reply: of a peer in many torrents, or of a home that many share. */
export const CONNECTIONS_EXPLAINED_MAX = 32;

/** More than a gateway keeps of one connection. */
const MOMENTS_MAX = 32;

/** A peer as an operator knows it. */
export type SoughtPeer =
  /** An IP address, and perhaps the port that the peer says it listens on. */
  | { readonly kind: "address"; readonly host: string; readonly port: number | null }
  /** The first bytes of a peer id, as hex digits. */
  | { readonly kind: "peer-id"; readonly prefix: string };

export type ExplainRequest = {
  readonly peer: SoughtPeer;
  /** Null is every torrent. */
  readonly infoHash: InfoHash | null;
};

/** What was decided of a connection once, in a round or between two. */
export type ChokingMoment = {
  readonly atMs: number;
  /** Null between rounds, where a free slot is taken or a slot is given back at once. */
  readonly round: number | null;
  /** The scheduler; null is the gateway by itself. */
  readonly decidedBy: string | null;
  readonly decision: RoundUnchoke;
  readonly rank: number | null;
  /** How many wanted a slot; null where the gateway does not know. */
  readonly wanting: number | null;
  readonly because: RoundBecause;
};

/** One connection as its gateway sees it now, and what was decided of it. */
export type ExplainedConnection = {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly host: string;
  /** Where it says it listens (BEP 10); null if it does not say. */
  readonly listenPort: number | null;
  readonly connectedAtMs: number;
  readonly amChoking: boolean;
  /** When it last got a slot; null if never. */
  readonly unchokedAtMs: number | null;
  readonly peerInterested: boolean;
  readonly uploadOnly: boolean;
  /** What it says it has; null if it says nothing. */
  readonly haveBytes: number | null;
  readonly contentBytes: number;
  readonly sentBytes: number;
  readonly uploadBytesPerSecond: number;
  /** How many slots the swarm has at this gateway, and how many of them are held. */
  readonly slots: number;
  readonly slotsHeld: number;
  /** Of the last minute, newest first. */
  readonly moments: readonly ChokingMoment[];
};

export type ExplainReply = {
  /** The gateway's clock, by which all times of the reply are. */
  readonly nowMs: number;
  readonly connections: readonly ExplainedConnection[];
  /** Connections that fit too, beyond those told of. */
  readonly leftOut: number;
};

const port = z.int().min(1).max(65_535);

const moment: z.ZodType<ChokingMoment> = z.strictObject({
  atMs: timestampMs,
  round: count.nullable(),
  decidedBy: processId.nullable(),
  decision: z.enum(UNCHOKES),
  rank: z.int().min(1).nullable(),
  wanting: count.nullable(),
  because: roundBecause,
});

const connection: z.ZodType<ExplainedConnection> = z.strictObject({
  infoHash,
  peerId,
  host: z.string().min(1).max(64),
  listenPort: port.nullable(),
  connectedAtMs: timestampMs,
  amChoking: z.boolean(),
  unchokedAtMs: timestampMs.nullable(),
  peerInterested: z.boolean(),
  uploadOnly: z.boolean(),
  haveBytes: count.nullable(),
  contentBytes: count,
  sentBytes: count,
  uploadBytesPerSecond: z.number().min(0),
  slots: count,
  slotsHeld: count,
  moments: z.array(moment).max(MOMENTS_MAX),
});

/**
 * Asks a gateway why a peer is or is not unchoked: it tells of the peer's connections, and what was
 * decided of each in the last minute. Repeatable.
 *
 * cli, console → gateway
 */
export const explainCall: Call<
  "seedfleet.v1.gateway.{gateway}.explain",
  ExplainRequest,
  ExplainReply
> = defineCall({
  subject: "seedfleet.v1.gateway.{gateway}.explain",
  request: z.strictObject({
    peer: z.discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("address"),
        host: z.string().min(1).max(64),
        port: port.nullable(),
      }),
      z.strictObject({
        kind: z.literal("peer-id"),
        prefix: z.string().regex(/^([0-9a-f]{2}){1,20}$/),
      }),
    ]),
    infoHash: infoHash.nullable(),
  }),
  reply: z.strictObject({
    nowMs: timestampMs,
    connections: z.array(connection).max(CONNECTIONS_EXPLAINED_MAX),
    leftOut: count,
  }),
  timeoutMs: 2_000,
});
