import type { SeedPolicy } from "@seedfleet/choker";

/** What somebody does who does not give what it could. */
export type Trick =
  /** Never sends anything. */
  | "gives-nothing"
  /** BitTyrant: serves whom it gets most from for what it costs, each as little as will do. */
  | "gives-least"
  /** Says nothing to the gateways of what it has. */
  | "hides-pieces"
  /** Comes again under another peer id each round that a gateway chokes it. */
  | "new-ids-at-gateways"
  /** The same at other leechers, where who is new is thrice as likely to be the next. */
  | "new-ids-at-leechers"
  /** Wants nothing for a second before a gateway's round, then wants again. */
  | "feigns-disinterest";

export type LeecherPlan = {
  /** Peers of one class have the same lines. */
  readonly className: string;
  readonly uploadBytesPerSecond: number;
  readonly arrivesAtMs: number;
  /** The share of the pieces, drawn by lot, that it brings with it; from 0 to below 1. */
  readonly beginsWith: number;
  /** None for an honest peer. */
  readonly tricks: readonly Trick[];
};

/** How the gateways of a swarm decide. */
export type GatewaysPlan = {
  readonly count: number;
  /** Of each. */
  readonly uploadBytesPerSecond: number;
  /** Of each. */
  readonly unchokeSlots: number;
  readonly policy: SeedPolicy;
  /** Whether one round is held for all of them, and one piece is super-seeded by one. */
  readonly coordinated: boolean;
  readonly superSeeds: boolean;
};

/** One swarm: by default a flash crowd at a torrent that nobody has yet but the gateways. */
export type SwarmPlan = {
  /** Where chance comes from: the same seed gives the same run. */
  readonly seed: number;
  readonly pieceCount: number;
  readonly pieceLengthBytes: number;
  readonly gateways: GatewaysPlan;
  readonly leechers: readonly LeecherPlan[];
  /** Of each honest leecher, the optimistic ones among them. */
  readonly leecherSlots: number;
  /** What a leecher does once it has everything; `followed` leaves, and another comes at once. */
  readonly whenDone: "leaves" | "seeds" | "is-followed";
  /** From when bytes are counted for `downloadBytesPerSecond`. */
  readonly countsFromMs: number;
  /** When to look no longer; null for when everybody has everything. */
  readonly endsAtMs: number | null;
};
