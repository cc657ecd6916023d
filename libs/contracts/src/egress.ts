import { type Call, defineCall } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { count, infoHash, processId } from "./scalars.ts";

/**
 * Key-value: `fleet` or `label.{label}` → `Budget`. A torrent's is in its catalog entry.
 *
 * cli → gateway
 */
export const BUDGET_BUCKET = "seedfleet-budgets";

/** As many labels have a budget: every gateway looks at each of them on every turn. */
export const LABEL_BUDGETS_MAX = 16;

/** A block a second: with less nobody gets anything done. */
export const BUDGET_BYTES_PER_SECOND_MIN: number = 16 * 1024;

/**
 * Budgets of one question: the fleet's, those of labels, and those of torrents. A gateway with more
 * peers than this is rare, and of those more torrents than this have a budget of their own.
 */
export const BUDGETS_PER_ASK_MAX = 2_048;

/** Swarms of one question. The busiest come first, and the others have hardly any peers. */
export const SWARMS_PER_ASK_MAX = 2_048;

/** What the gateways of the fleet send their peers a second at most, all together. */
export type Budget = { readonly bytesPerSecond: number };

/** What a gateway says of a budget that it has a part of. */
export type BudgetDemand = {
  /** `fleet`, `label.{label}` or `torrent.{info hash}`. */
  readonly budget: string;
  /** The whole of it, as far as the gateway knows. */
  readonly bytesPerSecond: number;
  /** Null where its part holds it back, so that nobody knows. */
  readonly wantedBytesPerSecond: number | null;
  /** Its peers that were sent something. */
  readonly activePeers: number;
  /** The part that it keeps to now. */
  readonly heldBytesPerSecond: number;
};

/** Who of a torrent's swarm a gateway is connected to. */
export type SwarmSize = {
  readonly infoHash: InfoHash;
  readonly leechers: number;
  readonly seeders: number;
};

export type EgressRequest = {
  readonly gateway: string;
  /** As many are there, itself among them. */
  readonly gateways: number;
  readonly demands: readonly BudgetDemand[];
  /** Null where they are as they were; said again now and then all the same. */
  readonly swarms: readonly SwarmSize[] | null;
};

export type EgressReply = {
  /** From when the question was asked: so long the parts may be used if nobody gives others. */
  readonly validForMs: number;
  /** In bytes a second, in the order of the demands. */
  readonly parts: readonly number[];
  /** Of the same swarms, over all gateways, in the same order; null where none were told. */
  readonly swarms: readonly (readonly [leechers: number, seeders: number])[] | null;
};

/** A name of a torrent's label, which is its upload class as well. */
export const label: z.ZodType<string> = z.string().regex(/^[-_a-z0-9]{1,32}$/);

export const budget: z.ZodType<Budget> = z.strictObject({
  bytesPerSecond: z.int().min(BUDGET_BYTES_PER_SECOND_MIN),
});

const bytesPerSecond = z.number().min(0);

const swarmSize: z.ZodType<SwarmSize> = z.strictObject({
  infoHash,
  leechers: count,
  seeders: count,
});

/**
 * Gives a gateway its parts of the fleet's budgets by what all gateways want of them, and tells it
 * how many leechers and seeders its swarms have over all gateways. Asked of one scheduler by
 * everybody, a few times a second while there are budgets. Repeatable: each answer stands for
 * itself.
 *
 * gateway → choking-scheduler
 */
export const egressCall: Call<
  "seedfleet.v1.choking.egress.{scheduler}",
  EgressRequest,
  EgressReply
> = defineCall({
  subject: "seedfleet.v1.choking.egress.{scheduler}",
  request: z.strictObject({
    gateway: processId,
    gateways: z.int().min(1),
    demands: z
      .array(
        z.strictObject({
          budget: z.string().min(1).max(64),
          bytesPerSecond: z.int().min(BUDGET_BYTES_PER_SECOND_MIN),
          wantedBytesPerSecond: bytesPerSecond.nullable(),
          activePeers: count,
          heldBytesPerSecond: bytesPerSecond,
        }),
      )
      .max(BUDGETS_PER_ASK_MAX),
    swarms: z.array(swarmSize).max(SWARMS_PER_ASK_MAX).nullable(),
  }),
  reply: z.strictObject({
    validForMs: z.number().min(0),
    parts: z.array(bytesPerSecond).max(BUDGETS_PER_ASK_MAX),
    swarms: z
      .array(z.tuple([count, count]))
      .max(SWARMS_PER_ASK_MAX)
      .nullable(),
  }),
  timeoutMs: 2_000,
});
