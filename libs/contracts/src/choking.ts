import { type Call, defineCall } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { type ChokingPolicy, chokingPolicy } from "./catalog.ts";
import { count, infoHash, processId } from "./scalars.ts";

/** Of a swarm's peers a gateway tells of those that matter first; the others stay choked. */
export const PEERS_PER_ROUND_MAX = 4_096;

/** Slots of one swarm at one gateway. */
export const ROUND_SLOTS_MAX = 100_000;

/** However a scheduler's rounds lie, a gateway asks again within this. */
export const NEXT_ROUND_MS_MAX = 20_000;

/**
 * Peers that want or hold a slot, in columns: each is an array with one item for each peer. Times
 * are ages, so that it does not matter whether the clocks of two machines agree.
 */
export type RoundPeers = {
  readonly peerKeys: readonly string[];
  /** Who it is, over all gateways: the same for all connections of a client at one address. */
  readonly leechers: readonly string[];
  /** `PEER_AM_CHOKING` and so on, added up. */
  readonly flags: readonly number[];
  readonly uploadBytesPerSecond: readonly number[];
  /** What it was sent since it came. */
  readonly sentBytes: readonly number[];
  /** What it was sent since it last got a slot. */
  readonly turnBytes: readonly number[];
  readonly haveBytes: readonly number[];
  readonly connectedForMs: readonly number[];
  /** Since it last got a slot; null if it never had one. */
  readonly unchokedForMs: readonly (number | null)[];
};

export const PEER_AM_CHOKING = 1;
export const PEER_INTERESTED = 2;
export const PEER_UPLOAD_ONLY = 4;

export type RoundRequest = {
  readonly gateway: string;
  readonly infoHash: InfoHash;
  /** The last round that this gateway followed; 0 if none. */
  readonly lastRound: number;
  /** How many slots the swarm has at this gateway. */
  readonly unchokeSlots: number;
  readonly policy: ChokingPolicy;
  readonly pieceLengthBytes: number;
  readonly contentBytes: number;
  readonly peers: RoundPeers;
};

/** Why a peer holds a slot or not, as `libs/choker` has it; how long, instead of since when. */
export type RoundBecause =
  | { readonly rule: "not-interested" | "upload-only" | "free-slot" | "lot" | "gateway-full" }
  | { readonly rule: "snubbed" }
  | { readonly rule: "ranked" | "outranked"; readonly slots: number }
  | { readonly rule: "turn"; readonly forMs: number }
  | { readonly rule: "gives-more"; readonly thanBytesPerSecond: number }
  | { readonly rule: "served-elsewhere"; readonly gateway: string };

/** What a number of a reply's column `unchokes` stands for. */
export const UNCHOKES = ["choked", "ready", "regular", "optimistic"] as const;

export type RoundUnchoke = (typeof UNCHOKES)[number];

/** For each peer of the request, in its order. */
export type RoundDecisions = {
  /** Indexes of `UNCHOKES`. */
  readonly unchokes: readonly number[];
  /** Its place in the policy's order, from 1; null if it is not in it. */
  readonly ranks: readonly (number | null)[];
  /** Indexes of `reasons`. */
  readonly because: readonly number[];
  readonly reasons: readonly RoundBecause[];
};

export type RoundReply = {
  /** Goes up by one a round, also when another scheduler goes on with the swarm. */
  readonly round: number;
  /** Do not follow it when it came later than this after it was asked for. */
  readonly validForMs: number;
  /** When to ask again, so that all gateways of the swarm ask together. */
  readonly nextInMs: number;
  /** Among how many leechers of all gateways the ranks are. */
  readonly wanting?: number | undefined;
  readonly decisions: RoundDecisions;
};

const column = <Item>(item: z.ZodType<Item>): z.ZodType<readonly Item[]> =>
  z.array(item).max(PEERS_PER_ROUND_MAX);

const peers: z.ZodType<RoundPeers> = z
  .strictObject({
    peerKeys: column(z.string().min(1).max(64)),
    leechers: column(z.string().min(1).max(64)),
    flags: column(z.int().min(0).max(7)),
    uploadBytesPerSecond: column(count),
    sentBytes: column(count),
    turnBytes: column(count),
    haveBytes: column(count),
    connectedForMs: column(count),
    unchokedForMs: column(count.nullable()),
  })
  .refine((columns) => areAlikeLong(Object.values(columns)), "columns of different lengths");

const slots = z.int().min(0);

export const roundBecause: z.ZodType<RoundBecause> = z.discriminatedUnion("rule", [
  z.strictObject({
    rule: z.enum(["not-interested", "upload-only", "free-slot", "lot", "gateway-full", "snubbed"]),
  }),
  z.strictObject({ rule: z.enum(["ranked", "outranked"]), slots }),
  z.strictObject({ rule: z.literal("turn"), forMs: count }),
  z.strictObject({ rule: z.literal("gives-more"), thanBytesPerSecond: z.number().min(0) }),
  z.strictObject({ rule: z.literal("served-elsewhere"), gateway: processId }),
]);

const decisions: z.ZodType<RoundDecisions> = z
  .strictObject({
    unchokes: column(
      z
        .int()
        .min(0)
        .max(UNCHOKES.length - 1),
    ),
    ranks: column(z.int().min(1).nullable()),
    because: column(count),
    reasons: z.array(roundBecause).max(PEERS_PER_ROUND_MAX),
  })
  .refine(
    ({ unchokes, ranks, because }) => areAlikeLong([unchokes, ranks, because]),
    "columns of different lengths",
  )
  .refine(
    ({ because, reasons }) => because.every((at) => at < reasons.length),
    "a reason that is not there",
  );

/**
 * Asks the swarm's scheduler for one choke round over a gateway's peers of that swarm. It waits a
 * moment for the other gateways, so that one round is over all of them. A gateway that gets no
 * answer in time decides by itself. Repeatable: a lost reply is asked for next round.
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
    lastRound: count,
    unchokeSlots: z.int().min(0).max(ROUND_SLOTS_MAX),
    policy: chokingPolicy,
    pieceLengthBytes: z.int().min(1),
    contentBytes: count,
    peers,
  }),
  reply: z.strictObject({
    round: z.int().min(1),
    validForMs: z.number().min(0),
    nextInMs: z.int().min(1).max(NEXT_ROUND_MS_MAX),
    wanting: count.optional(),
    decisions,
  }),
  timeoutMs: 2_000,
});

function areAlikeLong(columns: readonly (readonly unknown[])[]): boolean {
  return columns.every((each) => each.length === columns[0]?.length);
}
