import { type Call, defineCall } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { infoHash, processId } from "./scalars.ts";

/** What a bitfield of it takes is held for each leecher, and told of it as base64. */
export const SUPER_SEED_PIECES_MAX = 32_768;

/** Leechers of one swarm: enough to have every piece among them, and 4 MiB of bitfields. */
export const SUPER_SEED_LEECHERS_MAX = 1_024;

/** Of one report: with bitfields of the largest torrent, a third of a message on NATS. */
export const SUPER_SEED_JOINED_MAX = 64;

/** Of one report, over all leechers. */
export const SUPER_SEED_HAD_MAX = 8_192;

/** A leecher that a gateway super-seeds to, by the same name at every gateway. */
export type SuperSeedJoined = {
  readonly leecher: string;
  /** What it has, as base64 of a `bitfield` message's bits. */
  readonly have: string;
  /** What it was told of and has not got, its offer last. */
  readonly told: readonly number[];
};

export type SuperSeedRequest = {
  readonly gateway: string;
  readonly infoHash: InfoHash;
  readonly pieceCount: number;
  /** Of the state that knows what the gateway told before; null voids all that it told. */
  readonly epoch: string | null;
  readonly left: readonly string[];
  readonly joined: readonly SuperSeedJoined[];
  /** What leechers got since it was told last. */
  readonly had: readonly { readonly leecher: string; readonly pieces: readonly number[] }[];
  /** Those that want nothing of what they were told of. */
  readonly declined: readonly string[];
};

export type SuperSeedReply = {
  readonly epoch: string;
  /**
   * `tell-all`: the state does not know what the gateway told before, which tells it all again.
   * `too-many`: the swarm has more leechers than can be super-seeded to; they get everything.
   */
  readonly outcome: "offers" | "tell-all" | "too-many";
  /** Pieces that these leechers, and nobody else, are to be told of. */
  readonly offers: readonly { readonly leecher: string; readonly piece: number }[];
};

const leecher = z.string().min(1).max(64);
const piece = z
  .int()
  .min(0)
  .max(SUPER_SEED_PIECES_MAX - 1);
const pieces = z.array(piece).max(SUPER_SEED_PIECES_MAX);
const have = z
  .string()
  .max(Math.ceil(SUPER_SEED_PIECES_MAX / 8 / 3) * 4)
  .regex(/^[+/0-9A-Za-z]*={0,2}$/);

/**
 * Tells the swarm's scheduler what the leechers have that a gateway super-seeds to (BEP 16), and
 * asks what each is to be told of next: one state for all gateways of the swarm, so that a piece is
 * offered once in the fleet. Four times a second while there are such leechers, and at once when
 * one may be given the next piece. After a failure the gateway decides by itself, and then tells
 * everything anew; so a lost reply does no harm.
 *
 * gateway → choking-scheduler
 */
export const superSeedCall: Call<
  "seedfleet.v1.choking.super-seed.{scheduler}",
  SuperSeedRequest,
  SuperSeedReply
> = defineCall({
  subject: "seedfleet.v1.choking.super-seed.{scheduler}",
  request: z.strictObject({
    gateway: processId,
    infoHash,
    pieceCount: z.int().min(1).max(SUPER_SEED_PIECES_MAX),
    epoch: z.string().min(1).max(64).nullable(),
    left: z.array(leecher).max(SUPER_SEED_LEECHERS_MAX),
    joined: z.array(z.strictObject({ leecher, have, told: pieces })).max(SUPER_SEED_JOINED_MAX),
    had: z.array(z.strictObject({ leecher, pieces })).max(SUPER_SEED_LEECHERS_MAX),
    declined: z.array(leecher).max(SUPER_SEED_LEECHERS_MAX),
  }),
  reply: z.strictObject({
    epoch: z.string().min(1).max(64),
    outcome: z.enum(["offers", "tell-all", "too-many"]),
    offers: z.array(z.strictObject({ leecher, piece })).max(SUPER_SEED_LEECHERS_MAX),
  }),
  timeoutMs: 1_000,
});
