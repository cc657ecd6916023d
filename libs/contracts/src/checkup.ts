import { type Call, defineCall } from "@seedfleet/bus";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import * as z from "zod";
import { type Presence, presence } from "./presence.ts";
import { count, infoHash, location, peerId, timestampMs } from "./scalars.ts";

/** What a gateway found out when it dialled itself by the address that peers are told. */
export type ReachabilityOutcome =
  | "reached"
  /** Somebody answered at the address, and it was not this gateway. */
  | "another-program"
  | "refused"
  | "timed-out"
  | "unresolvable"
  /** There is no way to it from here, or this machine does not let us. */
  | "unroutable"
  /** It is no address that anybody could dial: 0.0.0.0 or ::. */
  | "unspecified";

/** How a gateway is reached, as far as it knows itself. */
export type GatewayCheckup = {
  /** By which whoever dials its address knows that it leads to this gateway. */
  readonly peerId: PeerId;
  readonly encryption: "allowed" | "required" | "off";
  /** What a look at itself came to that was taken for this; null if nothing could be found out. */
  readonly outcome: ReachabilityOutcome | null;
  /** Whether it ever reached itself since its start: a way from inside to the address exists. */
  readonly hasReachedItself: boolean;
  /**
   * How long ago a peer came by itself from the kind of network that the address is of, public or
   * private: the address leads here, whatever the gateway sees. Null if none did since the start.
   */
  readonly cameAgoMs: number | null;
};

/** A directory that a piece-store reads or writes. */
export type CheckedDirectory = {
  readonly path: string;
  /** Whether content of the fleet's own is written there; else it is only read. */
  readonly managed: boolean;
  /** Of the file system that it is in, or will be; null where that cannot be asked. */
  readonly freeBytes: number | null;
  readonly sizeBytes: number | null;
  /** The system's code of why it cannot be used (`ENOENT`, `EACCES`, `EROFS` …), or null. */
  readonly fault: string | null;
};

/** A source that a piece-store could not read when it last tried. */
export type UnreadableSource = { readonly location: string; readonly reason: string };

/** Sources that one checkup names; the others are counted. */
export const UNREADABLE_SOURCES_MAX = 64;

/** Directories that one checkup tells of. */
export const CHECKED_DIRECTORIES_MAX = 64;

export type StoreCheckup = {
  readonly directories: readonly CheckedDirectory[];
  readonly unreadable: readonly UnreadableSource[];
  /** Beyond those that are named. */
  readonly moreUnreadable: number;
};

/** What a process says of itself to whoever looks for what is wrong. */
export type Checkup = {
  /** Its clock, when it had all the rest. */
  readonly nowMs: number;
  /** The version of Node, as `v26.10.0`. */
  readonly node: string;
  /** Only of a gateway. */
  readonly gateway?: GatewayCheckup | undefined;
  /** Only of a piece-store. */
  readonly store?: StoreCheckup | undefined;
};

/** A process of the fleet, and what it said when it was asked how it is. */
export type CheckedProcess = {
  readonly presence: Presence;
  /** When the answer came, by the clock of whoever asked. */
  readonly answeredAtMs: number;
  readonly checkup: Checkup | null;
  /** The code of why there is no checkup. */
  readonly failure: string | null;
};

/** Processes that one look at a fleet asks; beyond that it is looked at by its metrics. */
export const CHECKED_PROCESSES_MAX = 1_024;

/** All that answered in a fleet. */
export type FleetCheckup = {
  readonly processes: readonly CheckedProcess[];
  /** One that the fleet seeds, by which its gateways can be asked for a handshake. */
  readonly infoHash: InfoHash | null;
};

const gatewayCheckup: z.ZodType<GatewayCheckup> = z.strictObject({
  peerId,
  encryption: z.enum(["allowed", "required", "off"]),
  outcome: z
    .enum([
      ...["reached", "another-program", "refused", "timed-out"],
      ...["unresolvable", "unroutable", "unspecified"],
    ] as const satisfies readonly ReachabilityOutcome[])
    .nullable(),
  hasReachedItself: z.boolean(),
  cameAgoMs: z.number().min(0).nullable(),
});

const storeCheckup: z.ZodType<StoreCheckup> = z.strictObject({
  directories: z
    .array(
      z.strictObject({
        path: location,
        managed: z.boolean(),
        freeBytes: count.nullable(),
        sizeBytes: count.nullable(),
        fault: z.string().max(64).nullable(),
      }),
    )
    .max(CHECKED_DIRECTORIES_MAX),
  unreadable: z
    .array(z.strictObject({ location, reason: z.string().max(512) }))
    .max(UNREADABLE_SOURCES_MAX),
  moreUnreadable: count,
});

const checkup: z.ZodType<Checkup> = z.strictObject({
  nowMs: timestampMs,
  node: z.string().max(64),
  gateway: gatewayCheckup.optional(),
  store: storeCheckup.optional(),
});

export const fleetCheckup: z.ZodType<FleetCheckup> = z.strictObject({
  processes: z
    .array(
      z.strictObject({
        presence,
        answeredAtMs: timestampMs,
        checkup: checkup.nullable(),
        failure: z.string().max(64).nullable(),
      }),
    )
    .max(CHECKED_PROCESSES_MAX),
  infoHash: infoHash.nullable(),
});

/**
 * Has a process look at itself, which may take a gateway that nobody answers ten seconds, and say
 * how it is. A process of an earlier version does not serve it. Repeatable.
 *
 * cli → gateway, tracker, choking-scheduler, piece-store, console
 */
export const checkupCall: Call<
  "seedfleet.v1.checkup.{service}.{id}",
  Record<string, never>,
  Checkup
> = defineCall({
  subject: "seedfleet.v1.checkup.{service}.{id}",
  request: z.strictObject({}),
  reply: checkup,
  timeoutMs: 15_000,
});
