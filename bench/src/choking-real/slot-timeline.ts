import type { ChokingMoment } from "@seedfleet/contracts";
import type { ExplainedPeer } from "@seedfleet/fleet";

/** What the gateways tell of one connection, as far as it matters here. */
export type TimedConnection = Pick<
  ExplainedPeer["connections"][number],
  "gateway" | "peerId" | "amChoking" | "peerInterested" | "uploadOnly"
> & {
  readonly moments: readonly Pick<ChokingMoment, "round" | "decidedBy" | "decision">[];
};

/** What one leecher had of the gateways at one moment. */
type SlotState =
  /** Its slot is at the gateway of this number, from 1. */
  | { readonly kind: "slot"; readonly gateway: number }
  | { readonly kind: "slots"; readonly count: number }
  | { readonly kind: "waits" }
  /** It wants nothing that a gateway has, or is not there. */
  | { readonly kind: "content" };

/** Rounds of the scheduler, as the gateways told of them. */
export type RoundTally = {
  readonly rounds: number;
  /** In which a leecher had two slots while another that wanted one had none. */
  readonly unfairRounds: number;
  /** Rounds that a gateway decided by itself. */
  readonly roundsAlone: number;
};

/** Gathers what the gateways tell, moment by moment, by the leecher that a peer id names. */
export class SlotTimeline {
  readonly #gateways: readonly string[];
  readonly #leecherOf: (peerId: string) => string | null;
  readonly #moments: (readonly [seconds: number, Map<string, SlotState>])[] = [];
  /** By scheduler and round: leecher → gateway → whether it had a slot; of who wanted one. */
  readonly #rounds = new Map<string, Map<string, Map<string, boolean>>>();
  readonly #alone = new Set<string>();

  constructor(gateways: readonly string[], leecherOf: (peerId: string) => string | null) {
    this.#gateways = gateways;
    this.#leecherOf = leecherOf;
  }

  add(seconds: number, connections: readonly TimedConnection[]): void {
    const byLeecher = new Map<string, TimedConnection[]>();
    for (const connection of connections) {
      const leecher = this.#leecherOf(connection.peerId);
      if (leecher === null) continue;
      byLeecher.set(leecher, [...(byLeecher.get(leecher) ?? []), connection]);
      this.#addRounds(leecher, connection);
    }
    const states = Array.from(
      byLeecher,
      ([leecher, all]) => [leecher, this.#stateOf(all)] as const,
    );
    this.#moments.push([seconds, new Map(states)]);
  }

  /** A letter a step: a gateway's number, `*` for two, `.` while it waits, else a space. */
  lineOf(leecher: string, stepSeconds: number): string {
    let line = "";
    // Of several moments of one step the first is shown, and of none the one before.
    for (const [seconds, states] of this.#moments) {
      const letter = letterOf(states.get(leecher));
      const step = Math.floor(seconds / stepSeconds);
      if (line.length <= step) line = line.padEnd(step, line.at(-1) ?? letter) + letter;
    }
    return line;
  }

  tally(): RoundTally {
    const rounds = [...this.#rounds.values()];
    const isUnfair = (leechers: ReadonlyMap<string, ReadonlyMap<string, boolean>>): boolean => {
      const slots = Array.from(leechers.values(), (at) => [...at.values()].filter(Boolean).length);
      return slots.some((count) => count > 1) && slots.some((count) => count === 0);
    };
    return {
      rounds: rounds.length,
      unfairRounds: rounds.filter(isUnfair).length,
      roundsAlone: this.#alone.size,
    };
  }

  #addRounds(leecher: string, { gateway, moments }: TimedConnection): void {
    for (const { round, decidedBy, decision } of moments) {
      if (round === null) continue;
      if (decidedBy === null) {
        this.#alone.add(`${gateway} ${round}`);
        continue;
      }
      const key = `${decidedBy} ${round}`;
      const leechers = this.#rounds.get(key) ?? new Map<string, Map<string, boolean>>();
      const at = leechers.get(leecher) ?? new Map<string, boolean>();
      at.set(gateway, decision === "regular" || decision === "optimistic");
      leechers.set(leecher, at);
      this.#rounds.set(key, leechers);
    }
  }

  #stateOf(connections: readonly TimedConnection[]): SlotState {
    const held = connections.filter(({ amChoking }) => !amChoking);
    const [first] = held;
    if (held.length > 1) return { kind: "slots", count: held.length };
    if (first !== undefined) {
      return { kind: "slot", gateway: this.#gateways.indexOf(first.gateway) + 1 };
    }
    const waits = connections.some(
      ({ peerInterested, uploadOnly }) => peerInterested && !uploadOnly,
    );
    return { kind: waits ? "waits" : "content" };
  }
}

function letterOf(state: SlotState | undefined): string {
  switch (state?.kind) {
    case "slot":
      return String(state.gateway);
    case "slots":
      return "*";
    case "waits":
      return ".";
    default:
      return " ";
  }
}
