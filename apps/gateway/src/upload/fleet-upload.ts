import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import type { BudgetWatch, PresenceWatch } from "@seedfleet/fleet";
import type { Clock } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { BudgetKeeper, type KeepsToParts } from "./budget-keeper.ts";
import { TrackedSizes } from "./tracked-sizes.ts";
import { type SwarmHere, UplinkScarcity } from "./uplink-scarcity.ts";
import type { UploadSettings } from "./upload-limits.ts";

type FleetUploadPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly presence: PresenceWatch;
  readonly budgets: BudgetWatch;
  readonly peers: KeepsToParts & { readonly limitedBytes: number };
  readonly swarms: { here(): readonly SwarmHere[] };
};

/** A gateway's upload as one of a fleet's: its parts of budgets, and slots by what is scarce. */
export class FleetUpload {
  readonly #budgets: BudgetKeeper;
  readonly #scarcity: UplinkScarcity;
  readonly #watch: BudgetWatch;

  constructor(ports: FleetUploadPorts, config: { readonly id: string } & UploadSettings) {
    const swarms = (): readonly SwarmHere[] => ports.swarms.here();
    const tracked = new TrackedSizes(ports.bus);
    this.#watch = ports.budgets;
    this.#budgets = new BudgetKeeper({ ...ports, swarms }, config);
    this.#scarcity = new UplinkScarcity({
      ...{ clock: ports.clock, swarms },
      uplinkBytesPerSecond: () => this.#budgets.uplinkBytesPerSecond,
      limitedBytes: () => ports.peers.limitedBytes,
      sizesOf: (infoHash) => [tracked.sizeOf(infoHash), this.#budgets.sizeOf(infoHash)],
      scarce: (here) => void tracked.ask(here),
    });
  }

  /** How many slots a torrent has while the uplink is full; null leaves it to its own peers. */
  slotsOf(infoHash: InfoHash): number | null {
    return this.#scarcity.slotsOf(infoHash);
  }

  stop(): void {
    this.#scarcity.stop();
    this.#budgets.stop();
    this.#watch.stop();
  }
}
