import type { Bus, KeyValue, KeyValueEntry } from "@seedfleet/bus";
import {
  HANDED_ADDRESSES_MAX,
  LEFT_LEECHERS_BUCKET,
  LEFT_LEECHERS_MAX,
  leftLeechers,
} from "@seedfleet/contracts";
import { type Clock, errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { groupLeechers, type Leecher, leechersOf } from "./leecher.ts";

/** Later they have given up, or somebody else has their addresses. */
export const LEFT_KEPT_MS = 3_600_000;

/** What is left of a record between its taking and its end. */
const TAKEN = Buffer.from("null");

type LeftPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** Leechers are this gateway's to go to. */
  readonly found: (leechers: readonly Leecher[]) => void;
};

/**
 * Leechers of gateways that drained while no other could take them over: the first gateway of the
 * same zone takes each record, be it the same gateway, started anew.
 */
export class LeftLeechersStore {
  readonly #ports: LeftPorts;
  readonly #config: { readonly id: string; readonly zone: string | null };
  readonly #records: KeyValue;
  #watching: { stop(): void } | null = null;
  #stopped = false;

  private constructor(
    ports: LeftPorts,
    config: { readonly id: string; readonly zone: string | null },
    records: KeyValue,
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#records = records;
  }

  /** Takes what there is, and what comes, until it is stopped. */
  static async open(
    ports: LeftPorts,
    config: { readonly id: string; readonly zone: string | null },
  ): Promise<LeftLeechersStore> {
    const records = await ports.bus.keyValue(LEFT_LEECHERS_BUCKET);
    const store = new LeftLeechersStore(ports, config, records);
    store.#watching = await records.watch((change) => {
      if (change.kind === "put") void store.#look(change);
    });
    return store;
  }

  /** Leaves them to whoever comes; those of them that wait for content should come first. */
  async leave(leechers: readonly Leecher[]): Promise<void> {
    const { clock, log } = this.#ports;
    const { id, zone } = this.#config;
    const record = {
      leftAtMs: clock.nowMs(),
      ...(zone === null ? {} : { zone }),
      torrents: groupLeechers(leechers.slice(0, LEFT_LEECHERS_MAX), HANDED_ADDRESSES_MAX),
    };
    try {
      await this.#records.put(id, Buffer.from(JSON.stringify(record)));
    } catch (error) {
      log.warn("leechers not left to another gateway", { reason: errorMessage(error) });
    }
  }

  /** Takes no more. */
  stop(): void {
    this.#stopped = true;
    this.#watching?.stop();
  }

  async #look({ key, value, revision }: KeyValueEntry): Promise<void> {
    const { clock, log, found } = this.#ports;
    const read = parseJson(value);
    if (this.#stopped || read === null) return;
    const record = leftLeechers.safeParse(read).data;
    if (record === undefined) return log.error("left leechers unreadable", { key });
    const { leftAtMs, zone = null, torrents } = record;
    const isOld = clock.nowMs() - leftAtMs > LEFT_KEPT_MS;
    if (!isOld && zone !== this.#config.zone) return;
    try {
      // Null: another gateway took it.
      if ((await this.#records.update(key, TAKEN, revision)) === null) return;
      await this.#records.delete(key);
    } catch (error) {
      return log.warn("left leechers not taken", { key, reason: errorMessage(error) });
    }
    if (!isOld) found(torrents.flatMap(leechersOf));
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
