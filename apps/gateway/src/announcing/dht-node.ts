import { type InfoHash, infoHashBytes } from "@seedfleet/bytes";
import { type Clock, delay } from "@seedfleet/runtime";
import type { Client, DhtNode as DhtAddress } from "bittorrent-dht";
import type { OutboundRule } from "../outbound/outbound-rule.ts";
import { GuardedDhtSocket } from "./dht-socket.ts";

/** A lookup of the public DHT takes some ten seconds. */
export const DHT_LOOKUP_MS_MAX = 60_000;

/** What other nodes may have ours remember: lookups, values (BEP 44) and peers. */
const REMEMBERED = {
  maxTables: 1_000,
  maxValues: 100,
  maxPeers: 2_000,
  maxAge: 1_800_000,
} as const;

export type DhtNodePorts = {
  readonly clock: Clock;
  readonly rule: OutboundRule;
  readonly onFault: (error: unknown) => void;
};

export type DhtOptions = {
  /** To listen on, for UDP; IPv4 only, as the package is. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** `HOST:PORT` of nodes to begin with. */
  readonly bootstrap: readonly string[];
};

/** A node of the DHT (BEP 5), of the package `bittorrent-dht`, which is loaded when one is made. */
export class DhtNode implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #client: Client;

  private constructor(clock: Clock, client: Client) {
    this.#clock = clock;
    this.#client = client;
  }

  /** Rejects where the package is not there, or the port is not free. */
  static async start(ports: DhtNodePorts, options: DhtOptions): Promise<DhtNode> {
    const { Client } = await import("bittorrent-dht");
    const socket = new GuardedDhtSocket(ports);
    const { bootstrap, host, port } = options;
    const client = new Client({ ...REMEMBERED, bootstrap, socket });
    client.on("warning", () => {});
    await new Promise<void>((resolve, reject) => {
      client.once("error", (error) => {
        client.destroy(() => reject(error));
      });
      client.listen(port, host, resolve);
    });
    client.removeAllListeners("error");
    client.on("error", ports.onFault);
    return new DhtNode(ports.clock, client);
  }

  get port(): number {
    return this.#client.address().port;
  }

  /** Nodes that it knows. */
  get nodes(): number {
    return this.#client.nodes.count();
  }

  /**
   * Looks for peers, gives each as it comes (perhaps twice), and then tells the nodes next to the
   * info hash that one is at our address and `port`. False if no node answered. Never rejects.
   */
  async lookup(
    infoHash: InfoHash,
    port: number,
    options: { readonly found: (peer: DhtAddress) => void; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const bytes = Buffer.from(infoHashBytes(infoHash));
    const hear = (peer: DhtAddress, of: Buffer): void => {
      if (bytes.equals(of)) options.found(peer);
    };
    this.#client.on("peer", hear);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    // A packet that the node could not bear may leave a lookup without an end.
    const ended = new AbortController();
    const signal = AbortSignal.any([options.signal, ended.signal]);
    const deadline = delay(this.#clock, DHT_LOOKUP_MS_MAX, signal);
    const abort = this.#client.lookup(bytes, (error, nodes = 0) => {
      resolve(error === null && nodes > 0);
    });
    const answered = await Promise.race([promise, deadline.then(() => false)]);
    abort();
    ended.abort();
    this.#client.off("peer", hear);
    if (answered && !options.signal.aborted) this.#client.announce(bytes, port, () => {});
    return answered;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#client.destroy(resolve));
  }
}
