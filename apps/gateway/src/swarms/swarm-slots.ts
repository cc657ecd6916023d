import type { ChokingHistory } from "./choking-history.ts";
import type { SwarmMember } from "./swarm-member.ts";

/** Who holds the unchoke slots of one swarm at this gateway. */
export interface SwarmSlots {
  /** For whoever asks why. */
  readonly history: ChokingHistory;
  /** How many peers hold a slot. */
  readonly holding: number;
  /** How many peers want one. */
  readonly interested: number;
  /** How many slots there are. */
  readonly slots: number;
  /** A peer came to want, or ceased to want, what we have. */
  interestChanged(member: SwarmMember): void;
  /** A peer is gone. */
  left(member: SwarmMember): void;
  stop(): void;
}
