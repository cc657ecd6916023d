import { type Call, defineCall } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { infoHash, processId, timestampMs } from "./scalars.ts";

/** More peers of one swarm than a gateway may hold; more is a bug there, not a big swarm. */
export const PEERS_PER_ROUND_MAX = 4_096;

export type RoundPeer = {
  readonly peerKey: string;
  readonly amChoking: boolean;
  readonly peerInterested: boolean;
  readonly uploadBytesPerSecond: number;
  readonly connectedAtMs: number;
  readonly unchokedAtMs: number | null;
};

export type RoundRequest = {
  readonly gateway: string;
  readonly infoHash: InfoHash;
  readonly unchokeSlots: number | "auto";
  readonly peers: readonly RoundPeer[];
};

export type RoundDecision = {
  readonly peerKey: string;
  readonly unchoked: boolean;
  readonly reason: "rate" | "optimistic" | "free-slot" | "outranked" | "not-interested";
};

export type RoundReply = {
  /** Counts the rounds of this swarm on this gateway, from 1. */
  readonly round: number;
  /** Do not follow it when it came later than this after it was asked for. */
  readonly validForMs: number;
  /** How many slots the swarm has until the next round. */
  readonly unchokeSlots: number;
  readonly decisions: readonly RoundDecision[];
};

/**
 * Asks the swarm's scheduler for one choke round over a gateway's peers of that swarm. A gateway
 * that gets no answer in time decides by itself. Repeatable: a lost reply is asked for next round.
 *
 * gateway → choking-scheduler
 */
export const chokeRoundCall: Call<
  "seedfleet.v1.choking.round.{scheduler}",
  RoundRequest,
  RoundReply
> = defineCall({
  subject: "seedfleet.v1.choking.round.{scheduler}",
  request: z.strictObject({
    gateway: processId,
    infoHash,
    unchokeSlots: z.union([z.int().min(1), z.literal("auto")]),
    peers: z
      .array(
        z.strictObject({
          peerKey: z.string().min(1).max(64),
          amChoking: z.boolean(),
          peerInterested: z.boolean(),
          uploadBytesPerSecond: z.number().min(0),
          connectedAtMs: timestampMs,
          unchokedAtMs: timestampMs.nullable(),
        }),
      )
      .max(PEERS_PER_ROUND_MAX),
  }),
  reply: z.strictObject({
    round: z.int().min(1),
    validForMs: z.number().min(0),
    unchokeSlots: z.int().min(1),
    decisions: z.array(
      z.strictObject({
        peerKey: z.string().min(1).max(64),
        unchoked: z.boolean(),
        reason: z.enum(["rate", "optimistic", "free-slot", "outranked", "not-interested"]),
      }),
    ),
  }),
  timeoutMs: 2_000,
});
