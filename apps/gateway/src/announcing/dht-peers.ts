import type { Chance, PeerAddress } from "@seedfleet/announce";
import type { InfoHash } from "@seedfleet/bytes";
import { type CancelTimer, type Clock, errorMessage } from "@seedfleet/runtime";
import type { Counter, Log, Meter } from "@seedfleet/telemetry";
import type { OutboundRule } from "../outbound/outbound-rule.ts";
import { DhtNode, type DhtOptions } from "./dht-node.ts";

/** Between two lookups of a torrent; doubled each time while they bring nobody new. */
export const DHT_INTERVAL_MS_MIN = 180_000;
export const DHT_INTERVAL_MS_MAX = 1_800_000;

/** Between two announces of a seed: nodes forget one after half an hour. */
export const DHT_SEED_INTERVAL_MS = 900_000;

/** Lookups at once; each has some dozen packets on their way. */
export const DHT_LOOKUPS_IN_FLIGHT_MAX = 4;

/** Peers of one lookup; those beyond are left out. So many are remembered of a search, too. */
export const DHT_PEERS_MAX = 1_000;

export type DhtPeersPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly chance: Chance;
  readonly rule: OutboundRule;
};

/** What a search asks and tells its download, which is never of a private torrent (BEP 27). */
export type DhtSearchEvents = {
  /** Only addresses that this gateway goes to. Some may be known, or this gateway's own. */
  peers(addresses: readonly PeerAddress[]): void;
  wantsPeers(): boolean;
};

type Search = {
  readonly infoHash: InfoHash;
  /** The port that peers are told. */
  readonly port: number;
  readonly events: DhtSearchEvents;
  readonly ended: AbortController;
  /** Peers of this lookup and those before, as text; while they are all, lookups become rare. */
  readonly known: Set<string>;
  /** Whether it is there to be found alone. */
  readonly isSeed: boolean;
  intervalMs: number;
  cancel: CancelTimer;
};

/**
 * Peers from the DHT (BEP 5), by one node for all that a gateway downloads. It is started for the
 * first search, and costs nothing before. Where it fails, downloads have their trackers, and it is
 * tried again with the next lookup.
 */
export class DhtPeers implements AsyncDisposable {
  readonly #ports: DhtPeersPorts;
  readonly #options: DhtOptions;
  readonly #lookups: Counter;
  readonly #searches = new Set<Search>();
  readonly #waiting: Search[] = [];
  #node: DhtNode | null = null;
  #starting: Promise<DhtNode | null> | null = null;
  #inFlight = 0;
  #faults = 0;
  #isClosed = false;

  constructor(ports: DhtPeersPorts, options: DhtOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#lookups = ports.meter.counter(
      "seedfleet_gateway_dht_lookups",
      "Lookups of the DHT for peers, by outcome",
    );
    ports.meter.gauge("seedfleet_gateway_dht_nodes", "Nodes of the DHT that ours knows", () => {
      return this.#node?.nodes ?? 0;
    });
    ports.meter.total(
      "seedfleet_gateway_dht_faults",
      "Packets that the DHT node could not bear",
      () => this.#faults,
    );
  }

  /** The UDP port of the node; null while there is none. */
  get port(): number | null {
    return this.#node?.port ?? null;
  }

  /** Looks for peers now and every few minutes, until the function that it gives is called. */
  search(infoHash: InfoHash, port: number, events: DhtSearchEvents): () => void {
    return this.#begin({
      ...{ infoHash, port, events },
      ...{ isSeed: false, intervalMs: DHT_INTERVAL_MS_MIN },
    });
  }

  /** Says now and again that a seed is here, until the function that it gives is called. */
  announce(infoHash: InfoHash, port: number): () => void {
    const events = { peers: () => {}, wantsPeers: () => true };
    return this.#begin({
      ...{ infoHash, port, events },
      ...{ isSeed: true, intervalMs: DHT_SEED_INTERVAL_MS },
    });
  }

  #begin(of: Omit<Search, "ended" | "known" | "cancel">): () => void {
    const search: Search = {
      ...{ ...of, ended: new AbortController(), known: new Set() },
      cancel: () => {},
    };
    this.#searches.add(search);
    this.#enqueue(search);
    return () => this.#end(search);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const search of this.#searches) this.#end(search);
    const node = await this.#starting;
    this.#node = null;
    await node?.[Symbol.asyncDispose]();
  }

  #end(search: Search): void {
    search.cancel();
    search.ended.abort();
    this.#searches.delete(search);
  }

  #enqueue(search: Search): void {
    this.#waiting.push(search);
    this.#next();
  }

  #next(): void {
    if (this.#inFlight >= DHT_LOOKUPS_IN_FLIGHT_MAX) return;
    const search = this.#waiting.shift();
    if (search !== undefined) void this.#run(search);
  }

  async #run(search: Search): Promise<void> {
    this.#inFlight += 1;
    if (this.#searches.has(search)) await this.#look(search);
    this.#inFlight -= 1;
    if (this.#searches.has(search)) this.#later(search);
    this.#next();
  }

  #later(search: Search): void {
    const { clock, chance } = this.#ports;
    // A quarter less or more, so that searches which began together do not stay together.
    const delayMs = Math.round(search.intervalMs * (0.75 + chance.below(512) / 1_024));
    search.cancel = clock.after(delayMs, () => {
      if (search.events.wantsPeers()) this.#enqueue(search);
      else this.#later(search);
    });
  }

  async #look(search: Search): Promise<void> {
    const node = await this.#started();
    const { signal } = search.ended;
    if (signal.aborted) return;
    const told = new Set<string>();
    let fresh = 0;
    const answered = await node?.lookup(search.infoHash, search.port, {
      signal,
      found: ({ host, port }) => {
        const key = `${host} ${port}`;
        const isOver = signal.aborted || told.size === DHT_PEERS_MAX;
        if (isOver || told.has(key) || !this.#ports.rule.allows(host)) return;
        told.add(key);
        if (search.isSeed) return;
        if (isNew(search.known, key)) fresh += 1;
        search.events.peers([{ host, port }]);
      },
    });
    if (signal.aborted) return;
    if (!search.isSeed) {
      const doubledMs = Math.min(2 * search.intervalMs, DHT_INTERVAL_MS_MAX);
      search.intervalMs = fresh > 0 ? DHT_INTERVAL_MS_MIN : doubledMs;
    }
    this.#lookups.add(1, { outcome: outcomeOf(answered, told.size) });
  }

  #started(): Promise<DhtNode | null> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<DhtNode | null> {
    if (this.#isClosed) return null;
    const { clock, log, rule } = this.#ports;
    const onFault = (error: unknown): void => {
      this.#faults += 1;
      log.debug("packet of the DHT not understood", { error: errorMessage(error) });
    };
    try {
      this.#node = await DhtNode.start({ clock, rule, onFault }, this.#options);
      log.info("DHT node started", { port: this.#node.port });
      return this.#node;
    } catch (error) {
      log.warn("DHT node did not start", { error: errorMessage(error) });
      this.#starting = null;
      return null;
    }
  }
}

/** Remembers a peer, and forgets the oldest where there are too many. */
function isNew(known: Set<string>, key: string): boolean {
  if (known.has(key)) return false;
  known.add(key);
  const [oldest] = known;
  if (known.size > DHT_PEERS_MAX && oldest !== undefined) known.delete(oldest);
  return true;
}

function outcomeOf(answered: boolean | undefined, found: number): string {
  if (found > 0) return "found";
  return answered === true ? "nobody" : "failed";
}
