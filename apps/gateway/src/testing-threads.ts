import { readdirSync, readFileSync } from "node:fs";
import { CHOKE_ROUND_INTERVAL_MS, type FleetPeer, type UnchokeDecision } from "@seedfleet/choker";
import { chokeRoundCall, type RoundRequest } from "@seedfleet/contracts";
import {
  announcePresence,
  type PresenceAnnouncer,
  packDecisions,
  unpackRoundPeers,
} from "@seedfleet/fleet";
import { turn } from "@seedfleet/testkit";
import { type GivenGateway, until } from "./testing.ts";

const SCHEDULER = "scheduler-1";

type SeenPeer = FleetPeer & { readonly thread: number };

/**
 * What a gateway with threads tells its scheduler: all peers of a swarm, and by their keys which
 * thread has them. The scheduler leaves every slot as it is.
 */
export class SwarmView implements Disposable {
  readonly #given: GivenGateway;
  readonly #workers: number;
  readonly #announcer: PresenceAnnouncer;
  #asked: RoundRequest | null = null;

  private constructor(given: GivenGateway, workers: number) {
    this.#given = given;
    this.#workers = workers;
    this.#announcer = announcePresence(given, () => ({
      ...{ role: "choking-scheduler", id: SCHEDULER, version: "0.1.0", startedAtMs: 0 },
      ...{ draining: false, load: 0, peerAddress: null, urls: [], gateway: null },
    }));
  }

  static async open(given: GivenGateway, workers: number): Promise<SwarmView> {
    const view = new SwarmView(given, workers);
    given.bus.serve(chokeRoundCall, { params: { scheduler: SCHEDULER } }, (request) => {
      view.#asked = request;
      const peers = unpackRoundPeers(request.peers, request.gateway, 0);
      const decisions = peers.map(
        ({ amChoking }): Omit<UnchokeDecision, "peerKey"> => ({
          ...{ decision: amChoking ? "choked" : "regular", rank: null },
          because: { rule: "free-slot" },
        }),
      );
      const nextInMs = CHOKE_ROUND_INTERVAL_MS;
      const timing = { round: request.lastRound + 1, validForMs: 5_000, nextInMs };
      return { ...timing, decisions: packDecisions(decisions, 0) };
    });
    await given.bus.flush();
    return view;
  }

  /** The peers as a round sees them, once that holds of them. Some peer must want something. */
  async peers(holds: (peers: readonly SeenPeer[]) => boolean): Promise<readonly SeenPeer[]> {
    while (true) {
      await this.#round();
      const asked = this.#asked;
      const seen = asked === null ? [] : unpackRoundPeers(asked.peers, asked.gateway, 0);
      const peers = seen.map((peer) => ({
        ...peer,
        thread: Number(peer.peerKey.split("-").at(-1)) % (this.#workers + 1),
      }));
      if (holds(peers)) return peers;
    }
  }

  [Symbol.dispose](): void {
    this.#announcer.stop();
  }

  async #round(): Promise<void> {
    const { clock, bus } = this.#given;
    this.#asked = null;
    for (let ms = 0; ms < CHOKE_ROUND_INTERVAL_MS; ms += 1_000) {
      clock.advance(1_000);
      await bus.flush();
      await turn();
    }
    await until(() => this.#asked !== null);
  }
}

/** How many of this process's threads are workers, as Linux names them. */
export function workerThreads(): number {
  return readdirSync("/proc/self/task").filter((task) => nameOf(task) === "WorkerThread").length;
}

/** Null of a thread that has just ended. */
function nameOf(task: string): string | null {
  try {
    return readFileSync(`/proc/self/task/${task}/comm`, "utf8").trim();
  } catch {
    return null;
  }
}
