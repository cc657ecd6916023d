import type { LimitDemand } from "./split-limit.ts";

/** The demand of several that share a limit, over several short intervals. */
export class DemandTally {
  #count = 0;
  #heldBack = 0;
  #wantedBytesPerSecond = 0;
  #activePeers = 0;

  /** What each of them wanted in one interval. */
  add(demands: readonly LimitDemand[]): void {
    const wanted = demands.reduce((sum, each) => sum + each.wantedBytesPerSecond, 0);
    const active = demands.reduce((sum, each) => sum + each.activePeers, 0);
    this.#count += 1;
    if (wanted === Number.POSITIVE_INFINITY) this.#heldBack += 1;
    else this.#wantedBytesPerSecond += wanted;
    this.#activePeers = Math.max(this.#activePeers, active);
  }

  /** Of all of them since the last time this was asked. */
  read(): LimitDemand {
    const known = this.#count - this.#heldBack;
    const demand = {
      wantedBytesPerSecond:
        this.#heldBack > known
          ? Number.POSITIVE_INFINITY
          : this.#wantedBytesPerSecond / Math.max(1, known),
      activePeers: this.#activePeers,
    };
    this.#count = 0;
    this.#heldBack = 0;
    this.#wantedBytesPerSecond = 0;
    this.#activePeers = 0;
    return demand;
  }
}
