import { DemandTally, type LimitDemand } from "@seedfleet/egress";
import type { Torrent } from "../torrents/torrent.ts";
import { type GatewayDemand, NO_DEMAND } from "./upload-limits.ts";

/** What all threads together want of the gateway's limits, over several of their reports. */
export class DemandTallies {
  readonly #gateway = new DemandTally();
  readonly #classes = new Map<string, DemandTally>();
  readonly #torrents = new Map<Torrent, DemandTally>();
  #last: GatewayDemand = { gateway: NO_DEMAND, classes: new Map(), torrents: new Map() };
  #isNew = false;

  add(demands: readonly GatewayDemand[]): void {
    this.#isNew = true;
    this.#gateway.add(demands.map(({ gateway }) => gateway));
    addEach(
      this.#classes,
      demands.map(({ classes }) => classes),
    );
    addEach(
      this.#torrents,
      demands.map(({ torrents }) => torrents),
    );
  }

  /** Since the last time this was asked; the same as then if nobody has said anything since. */
  read(): GatewayDemand {
    if (!this.#isNew) return this.#last;
    this.#isNew = false;
    this.#last = {
      gateway: this.#gateway.read(),
      classes: readEach(this.#classes),
      torrents: readEach(this.#torrents),
    };
    return this.#last;
  }
}

function addEach<Key>(
  tallies: Map<Key, DemandTally>,
  demands: readonly ReadonlyMap<Key, LimitDemand>[],
): void {
  for (const key of new Set(demands.flatMap((each) => [...each.keys()]))) {
    const tally = tallies.get(key) ?? new DemandTally();
    tallies.set(key, tally);
    tally.add(demands.flatMap((each) => each.get(key) ?? []));
  }
}

/** What nobody spoke of is forgotten. */
function readEach<Key>(tallies: Map<Key, DemandTally>): ReadonlyMap<Key, LimitDemand> {
  const demands = new Map(tallies.entries().map(([key, tally]) => [key, tally.read()]));
  tallies.clear();
  return demands;
}
