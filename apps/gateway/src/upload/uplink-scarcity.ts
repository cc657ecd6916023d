import type { InfoHash } from "@seedfleet/bytes";
import { CHOKE_ROUND_INTERVAL_MS, type UplinkUse } from "@seedfleet/choker";
import type { SwarmSize } from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import { ScarceSlots, type ScarceTorrent } from "../swarms/scarce-slots.ts";

/** The gateway's part of the fleet's budget changes as often. */
const SAMPLE_INTERVAL_MS = 500;

/** What a swarm has here, and what its catalog entry says of it. */
export type SwarmHere = SwarmSize & Pick<ScarceTorrent, "weight" | "wanting" | "holding">;

type ScarcityPorts = {
  readonly clock: Clock;
  /** What may be sent a second now; null is no limit. */
  readonly uplinkBytesPerSecond: () => number | null;
  /** What was sent under limits since the start. */
  readonly limitedBytes: () => number;
  readonly swarms: () => readonly SwarmHere[];
  /** How many leechers and seeders trackers and other gateways know of a swarm. */
  readonly sizesOf: (infoHash: InfoHash) => readonly (SwarmSize | null)[];
  /** Slots of these are shared out by what others know of them. */
  readonly scarce: (swarms: readonly SwarmHere[]) => void;
};

/** Looks whether the gateway's uplink is full; while it is, shares its slots between torrents. */
export class UplinkScarcity {
  readonly #ports: ScarcityPorts;
  readonly #slots = new ScarceSlots();
  readonly #timers: readonly CancelTimer[];
  /** What could have been sent since the last round; null if there was no limit meanwhile. */
  #allowedBytes: number | null = 0;
  #sentBefore: number;

  constructor(ports: ScarcityPorts) {
    this.#ports = ports;
    this.#sentBefore = ports.limitedBytes();
    this.#timers = [
      ports.clock.every(SAMPLE_INTERVAL_MS, () => this.#sample()),
      ports.clock.every(CHOKE_ROUND_INTERVAL_MS, () => this.#round()),
    ];
  }

  /** How many slots a torrent has while the uplink is full; null leaves it to its own peers. */
  slotsOf(infoHash: InfoHash): number | null {
    return this.#slots.slotsOf(infoHash);
  }

  stop(): void {
    for (const cancel of this.#timers) cancel();
  }

  #sample(): void {
    const limit = this.#ports.uplinkBytesPerSecond();
    if (limit === null || this.#allowedBytes === null) this.#allowedBytes = null;
    else this.#allowedBytes += (limit * SAMPLE_INTERVAL_MS) / 1_000;
  }

  #round(): void {
    const swarms = this.#ports.swarms();
    const torrents = swarms.map((here) => this.#torrent(here));
    this.#slots.round(this.#use(), torrents);
    // For the next round: this one need not wait for it.
    if (this.#slots.isScarce) this.#ports.scarce(swarms);
  }

  #use(): UplinkUse | null {
    const sent = this.#ports.limitedBytes();
    const [usedBytes, allowedBytes] = [sent - this.#sentBefore, this.#allowedBytes];
    this.#sentBefore = sent;
    this.#allowedBytes = 0;
    if (allowedBytes === null || allowedBytes === 0) return null;
    const perSecond = 1_000 / CHOKE_ROUND_INTERVAL_MS;
    return {
      usedBytesPerSecond: usedBytes * perSecond,
      limitBytesPerSecond: allowedBytes * perSecond,
    };
  }

  #torrent({ infoHash, weight, wanting, holding, ...here }: SwarmHere): ScarceTorrent {
    // Who is connected need not be announced, nor the other way: the most that anybody knows.
    const known = [here, ...this.#ports.sizesOf(infoHash).filter((size) => size !== null)];
    const leechers = Math.max(...known.map((size) => size.leechers));
    const seeders = Math.max(...known.map((size) => size.seeders));
    return { infoHash, weight, wanting, holding, leechers, seeders };
  }
}
