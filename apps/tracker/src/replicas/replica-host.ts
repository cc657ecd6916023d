import type { Clock, Rng } from "@seedfleet/runtime";
import type { HandoutSettings } from "../handout/plan-handout.ts";
import { Doors, type DoorsConfig } from "./doors.ts";
import type { ReplicaCounts } from "./replica-counts.ts";
import type { FromReplica, ToReplica } from "./replica-messages.ts";
import { type ReplicaConfig, TrackerReplica } from "./tracker-replica.ts";

export type HostPorts = {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly handout: HandoutSettings;
  readonly tell: (message: FromReplica) => void;
};

export type HostConfig = { readonly replica: ReplicaConfig; readonly doors: DoorsConfig };

/** A replica and its ports, in whatever thread. It is told everything by messages. */
export class ReplicaHost {
  readonly doors: Doors;
  readonly #replica: TrackerReplica;
  readonly #ports: HostPorts;

  private constructor(ports: HostPorts, doors: Doors, replica: TrackerReplica) {
    this.#ports = ports;
    this.doors = doors;
    this.#replica = replica;
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
    if (message.kind === "open") this.doors.open(this.#replica, rng);
    else if (message.kind === "drain") void this.#drain();
    else if (message.kind === "stop") void this.#stop();
    else this.#replica.receive(message);
  }

  async #drain(): Promise<void> {
    await this.doors.drain();
    this.#ports.tell({ kind: "drained" });
  }

  async #stop(): Promise<void> {
    this.#replica.stop();
    await this.doors[Symbol.asyncDispose]();
    this.#ports.tell({ kind: "stopped" });
  }
}
