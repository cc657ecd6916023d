import type { InfoHash } from "@seedfleet/bytes";
import type { Wave } from "./choke-waves.ts";

/** What a crowd process is told, as JSON in its only argument. */
export type CrowdSpec = {
  readonly host: string;
  readonly port: number;
  /** Peer N is of torrent N modulo their number. */
  readonly infoHashes: readonly InfoHash[];
  /** How many there are in all. */
  readonly peers: number;
  /** Which share of them is this process's: too many to be listed in an argument. */
  readonly share: number;
  readonly shares: number;
};

/** Lines a crowd process takes on its standard input, and the event by which it answers each. */
export const CROWD_ORDERS = {
  /** From now on every choke and unchoke counts. */
  record: "recording",
  /** Tells what came since, and that no connection was lost. */
  report: "reported",
} as const;

/** The event `reported`. */
export type CrowdReported = { readonly waves: readonly Wave[] };
