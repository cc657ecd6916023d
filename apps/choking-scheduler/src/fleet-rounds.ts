import type { InfoHash } from "@seedfleet/bytes";
import { CHOKE_ROUND_INTERVAL_MS } from "@seedfleet/choker";
import type { RoundReply, RoundRequest } from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import { type DecidedRound, SwarmRounds } from "./swarm-rounds.ts";

/** How long a round waits for the swarm's other gateways: each of them has the same time. */
export const ROUND_GATHERED_MS = 250;

/** A swarm nobody asked about for so long is forgotten; its rotation starts anew. */
const SWARM_FORGOTTEN_MS: number = 6 * CHOKE_ROUND_INTERVAL_MS;

type Waiting = { readonly gateway: string; readonly answer: (reply: RoundReply) => void };

type Swarm = {
  readonly rounds: SwarmRounds;
  waiting: Waiting[];
  cancel: CancelTimer | null;
};

/** Who is told of what becomes of a swarm. */
export interface RoundsEvents {
  decided(infoHash: InfoHash, round: DecidedRound): void;
  /** Nobody asked about it for long. */
  forgotten(infoHash: InfoHash): void;
}

/** The rounds of all swarms that this scheduler is asked about: each when its gateways asked. */
export class FleetRounds implements Disposable {
  readonly #clock: Clock;
  readonly #events: RoundsEvents;
  readonly #swarms = new Map<InfoHash, Swarm>();
  readonly #cancelForget: CancelTimer;

  constructor(clock: Clock, events: RoundsEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#cancelForget = clock.every(SWARM_FORGOTTEN_MS, () => this.#forgetIdle());
  }

  get swarmCount(): number {
    return this.#swarms.size;
  }

  /** Resolves when the round is decided that this request is a part of. */
  ask(request: RoundRequest): Promise<RoundReply> {
    const { gateway, infoHash } = request;
    const nowMs = this.#clock.nowMs();
    const swarm = this.#swarmOf(infoHash);
    swarm.rounds.ask(request, nowMs);
    const { promise, resolve } = Promise.withResolvers<RoundReply>();
    swarm.waiting.push({ gateway, answer: resolve });
    if (swarm.rounds.isComplete(nowMs)) this.#decide(infoHash, swarm);
    else swarm.cancel ??= this.#clock.after(ROUND_GATHERED_MS, () => this.#decide(infoHash, swarm));
    return promise;
  }

  [Symbol.dispose](): void {
    this.#cancelForget();
    // Whoever waits for an answer has it.
    for (const [infoHash, swarm] of this.#swarms) {
      if (swarm.waiting.length > 0) this.#decide(infoHash, swarm);
    }
  }

  #swarmOf(infoHash: InfoHash): Swarm {
    const known = this.#swarms.get(infoHash);
    if (known !== undefined) return known;
    const chance = Number.parseInt(infoHash.slice(0, 8), 16);
    const swarm = { rounds: new SwarmRounds(chance), waiting: [], cancel: null };
    this.#swarms.set(infoHash, swarm);
    return swarm;
  }

  #decide(infoHash: InfoHash, swarm: Swarm): void {
    swarm.cancel?.();
    swarm.cancel = null;
    const { waiting } = swarm;
    swarm.waiting = [];
    const round = swarm.rounds.decide(this.#clock.nowMs());
    for (const { gateway, answer } of waiting) {
      const reply = round.replies.get(gateway);
      if (reply !== undefined) answer(reply);
    }
    this.#events.decided(infoHash, round);
  }

  #forgetIdle(): void {
    const nowMs = this.#clock.nowMs();
    for (const [infoHash, { rounds, waiting }] of this.#swarms) {
      const isIdle = nowMs - rounds.askedAtMs > SWARM_FORGOTTEN_MS;
      if (!isIdle || waiting.length > 0) continue;
      this.#swarms.delete(infoHash);
      this.#events.forgotten(infoHash);
    }
  }
}
