import type { Clock, Rng } from "@seedfleet/runtime";
import { NOWHERE } from "../announces/elsewhere.ts";
import type { HandoutSettings } from "../handout/plan-handout.ts";
import type { ThreadWay } from "../threads/sibling.ts";
import { Siblings } from "../threads/siblings.ts";
import { type DoorPorts, Doors, type DoorsConfig } from "./doors.ts";
import type { ReplicaCounts } from "./replica-counts.ts";
import type { FromReplica, ToReplica } from "./replica-messages.ts";
import { type ReplicaConfig, TrackerReplica } from "./tracker-replica.ts";

export type HostPorts = {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly handout: HandoutSettings;
  readonly tell: (message: FromReplica) => void;
  /** To each thread by its number, null to this one; null of a tracker in one thread. */
  readonly siblings: readonly (ThreadWay | null)[] | null;
};

export type HostConfig = { readonly replica: ReplicaConfig; readonly doors: DoorsConfig };

const NO_SWARMS = { swarms: [], next: null };
const ALONE: DoorPorts["elsewhere"] = {
  ...NOWHERE,
  others: [],
  swarmsOf: () => Promise.resolve(NO_SWARMS),
};

/** A replica and its ports, in whatever thread. It is told everything by messages. */
export class ReplicaHost {
  readonly doors: Doors;
  readonly #replica: TrackerReplica;
  readonly #ports: HostPorts;
  readonly #elsewhere: DoorPorts["elsewhere"];

  private constructor(ports: HostPorts, doors: Doors, replica: TrackerReplica) {
    const { siblings, clock } = ports;
    const { share, announces, swarms, gate } = replica;
    this.#ports = ports;
    this.doors = doors;
    this.#replica = replica;
    const { takeOver } = doors;
    const core = { announces, swarms, gate, clock, takeOver };
    this.#elsewhere =
      siblings === null || share === null
        ? ALONE
        : new Siblings({ ...core, ways: siblings }, share);
  }

  /** Takes the ports. Throws what `cannotListen` makes. */
  static async listen(ports: HostPorts, config: HostConfig): Promise<ReplicaHost> {
    const doors = await Doors.listen(ports.clock, config.doors);
    return new ReplicaHost(ports, doors, new TrackerReplica(ports, config.replica));
  }

  get counts(): ReplicaCounts {
    const { swarms, torrents } = this.#replica;
    return {
      ...this.doors.counts,
      swarms: swarms.swarmCount,
      peers: swarms.peerCount,
      torrents: torrents.count,
      storeBytes: swarms.bytes,
    };
  }

  receive(message: ToReplica): void {
    const { rng } = this.#ports;
    const elsewhere = this.#elsewhere;
    if (message.kind === "open") this.doors.open(this.#replica, { elsewhere, rng });
    else if (message.kind === "drain") void this.#drain();
    else if (message.kind === "stop") void this.#stop();
    else this.#replica.receive(message);
  }

  async #drain(): Promise<void> {
    await this.doors.drain();
    await this.#elsewhere.settled();
    this.#ports.tell({ kind: "drained" });
  }

  async #stop(): Promise<void> {
    this.#replica.stop();
    await this.doors[Symbol.asyncDispose]();
    this.#ports.tell({ kind: "stopped" });
  }
}
