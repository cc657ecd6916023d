import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { CHOKE_ROUND_INTERVAL_MS } from "@seedfleet/choker";
import { chokeRoundCall, type RoundReply, type RoundRequest } from "@seedfleet/contracts";
import { announcePresence } from "@seedfleet/fleet";
import { systemClock, VERSION } from "@seedfleet/runtime";
import { monotonicMs } from "../monotonic.ts";
import { leaveAll, turnOver } from "./crowd-decisions.ts";

const ID = "bench";

/** A decision that is late is a round that was not measured; then its count is wrong. */
const VALID_FOR_MS = 8_000;

/**
 * The fleet's choking-scheduler for a while. A real one changes two peers in a round of a seed that
 * nobody downloads from; this one can turn every peer over, which is the most a round can be.
 */
export class CrowdScheduler implements Disposable {
  readonly #torrents: number;
  readonly #stopping: readonly (() => void)[];
  readonly #rounds = new Map<InfoHash, number>();
  readonly #decidedMs = new Map<InfoHash, number[]>();
  #turning = 0;
  #turned = Promise.withResolvers<void>();

  constructor(bus: Bus, torrents: number) {
    this.#torrents = torrents;
    const startedAtMs = systemClock.nowMs();
    const served = bus.serve(chokeRoundCall, { params: { scheduler: ID } }, (request) =>
      this.#decide(request),
    );
    const announcer = announcePresence({ bus, clock: systemClock }, () => ({
      ...{ role: "choking-scheduler", id: ID, version: VERSION, startedAtMs },
      ...{ draining: false, load: 0, peerAddress: null, urls: [], gateway: null },
    }));
    this.#stopping = [() => served.unsubscribe(), () => announcer.stop()];
  }

  /**
   * Turns all peers over in the next `rounds` rounds of every torrent; resolves when it has decided
   * the last, with when each was decided.
   */
  async turn(rounds: number): Promise<ReadonlyMap<InfoHash, readonly number[]>> {
    this.#decidedMs.clear();
    this.#turned = Promise.withResolvers();
    this.#turning = rounds;
    await this.#turned.promise;
    return this.#decidedMs;
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stopping) stop();
  }

  #decide(request: RoundRequest): RoundReply {
    const { infoHash } = request;
    const round = (this.#rounds.get(infoHash) ?? 0) + 1;
    this.#rounds.set(infoHash, round);
    const decidedMs = this.#decidedMs.get(infoHash) ?? [];
    const isTurning = decidedMs.length < this.#turning;
    const decisions = isTurning ? turnOver(request.peers) : leaveAll(request.peers);
    if (isTurning) this.#decidedMs.set(infoHash, [...decidedMs, monotonicMs()]);
    if (isTurning && this.#isDone()) this.#turned.resolve();
    return { round, validForMs: VALID_FOR_MS, nextInMs: CHOKE_ROUND_INTERVAL_MS, decisions };
  }

  #isDone(): boolean {
    const all = [...this.#decidedMs.values()];
    return all.length === this.#torrents && all.every((each) => each.length === this.#turning);
  }
}
