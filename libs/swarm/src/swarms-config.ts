export type SwarmsConfig = {
  /** A peer silent for longer is gone. */
  readonly peerTimeoutMs: number;
  readonly peersPerSwarmMax: number;
  /** Over all swarms. */
  readonly peersMax: number;
  /** Swarms with a peer, or that had a download completed. */
  readonly swarmsMax: number;
  /** Of about so many peers the peer ids are kept, which take as much room as the rest. */
  readonly peerIdsMax: number;
};

/**
 * `full`: a limit is reached, so the newcomer is not remembered; it may still be answered. `stale`:
 * more is known than what an older announce says, so nothing changed.
 */
export type AnnounceOutcome = "joined" | "stayed" | "full" | "stale";
