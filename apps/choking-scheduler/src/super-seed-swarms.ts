import { randomBytes, randomInt } from "node:crypto";
import { Bitfield } from "@seedfleet/bitfield";
import type { Bus, Subscription } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { SuperSeeding } from "@seedfleet/choker";
import {
  SUPER_SEED_LEECHERS_MAX,
  type SuperSeedJoined,
  type SuperSeedReply,
  type SuperSeedRequest,
  superSeedCall,
} from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";

const FORGET_INTERVAL_MS = 2_000;

/** A seed of chance has 32 bits. */
const CHANCES = 2 ** 32;

export type SuperSeedPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

type Swarm = {
  readonly epoch: string;
  readonly seeding: SuperSeeding;
  readonly pieceCount: number;
  /** Once it had too many leechers it is not super-seeded again while any gateway asks. */
  tooMany: boolean;
};

/**
 * The super-seeding of every swarm that gateways ask this scheduler about: one state each, over all
 * its gateways. It is as good as they told it, and begins anew with a new epoch where it was lost.
 */
export class SuperSeedSwarms implements Disposable {
  readonly #ports: SuperSeedPorts;
  readonly #swarms = new Map<InfoHash, Swarm>();
  readonly #served: Subscription;
  readonly #cancelForget: CancelTimer;
  readonly #offers;

  constructor(ports: SuperSeedPorts, scheduler: string) {
    const { bus, clock, telemetry } = ports;
    this.#ports = ports;
    this.#offers = telemetry.meter.counter(
      "seedfleet_choking_scheduler_super_seed_offers",
      "Pieces of super-seeded torrents offered to leechers",
    );
    telemetry.meter.gauge(
      "seedfleet_choking_scheduler_super_seed_swarms",
      "Swarms that are super-seeded by this scheduler",
      () => this.#swarms.size,
    );
    this.#served = bus.serve(superSeedCall, { params: { scheduler } }, (request) =>
      this.#hear(request),
    );
    this.#cancelForget = clock.every(FORGET_INTERVAL_MS, () => this.#forgetSilent());
  }

  [Symbol.dispose](): void {
    this.#served.unsubscribe();
    this.#cancelForget();
  }

  #hear(request: SuperSeedRequest): SuperSeedReply {
    const { gateway, pieceCount, left, had, declined } = request;
    const isWhole = request.epoch === null;
    const swarm = this.#swarmOf(request);
    const { epoch, seeding } = swarm;
    const isUnderstood = isWhole || (request.epoch === epoch && seeding.knows(gateway));
    if (!isUnderstood) return { epoch, outcome: "tell-all", offers: [] };
    const joined = request.joined.map((each) => ({ ...each, have: piecesOf(each, pieceCount) }));
    const report = { isWhole, left, joined, had, declined };
    const offers = seeding.heard(gateway, report, this.#ports.clock.nowMs());
    if (!swarm.tooMany && seeding.leecherCount > SUPER_SEED_LEECHERS_MAX) {
      swarm.tooMany = true;
      this.#ports.telemetry.log.warn("too many leechers to super-seed to", {
        infoHash: request.infoHash,
      });
    }
    if (swarm.tooMany) return { epoch, outcome: "too-many", offers: [] };
    this.#offers.add(offers.length);
    return { epoch, outcome: "offers", offers };
  }

  /** A torrent has the same pieces everywhere: another number is another state. */
  #swarmOf({ infoHash, pieceCount }: SuperSeedRequest): Swarm {
    const known = this.#swarms.get(infoHash);
    if (known?.pieceCount === pieceCount) return known;
    const swarm: Swarm = {
      epoch: randomBytes(8).toString("hex"),
      seeding: new SuperSeeding(pieceCount, randomInt(CHANCES)),
      pieceCount,
      tooMany: false,
    };
    this.#swarms.set(infoHash, swarm);
    return swarm;
  }

  #forgetSilent(): void {
    for (const [infoHash, { seeding }] of this.#swarms) {
      seeding.forgetSilent(this.#ports.clock.nowMs());
      if (seeding.gatewayCount === 0) this.#swarms.delete(infoHash);
    }
  }
}

/** What is no bitfield of the torrent is of a leecher that has nothing yet. */
function piecesOf({ have }: SuperSeedJoined, pieceCount: number): Iterable<number> {
  return Bitfield.parse(Buffer.from(have, "base64"), pieceCount)?.pieces() ?? [];
}
