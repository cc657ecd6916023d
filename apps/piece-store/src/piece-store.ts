import type { Bus, Subscription } from "@seedfleet/bus";
import { FsContentSource } from "@seedfleet/content-fs";
import { type Presence, publishCall, readPieceCall, retainCall } from "@seedfleet/contracts";
import { announcePresence, openCatalog, type PresenceAnnouncer } from "@seedfleet/fleet";
import { type Clock, VERSION } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { PieceStoreConfig } from "./config.ts";
import { HashMemos } from "./hash-memos.ts";
import { HeldTorrents } from "./held-torrents.ts";
import { loadTorrent } from "./load-torrent.ts";
import { pieceStoreMetrics } from "./metrics.ts";
import { PieceReader } from "./piece-reader.ts";
import { Publisher } from "./publisher.ts";
import { Slots } from "./slots.ts";
import { TorrentContexts } from "./torrent-contexts.ts";

/** Each lists a whole torrent; more at once would only take turns at the same disk. */
export const LOADS_AT_ONCE_MAX = 4;

/** As many as there are contexts: more cold torrents at once could not be kept anyway. */
export const LOADS_WAITING_MAX = 1_024;

export type PieceStorePorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

/** `id` names the holder in the catalog: a store that is to find its torrents again keeps it. */
export type NamedPieceStoreConfig = PieceStoreConfig & { readonly id: string };

export interface RunningPieceStore extends AsyncDisposable {
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Tells the fleet that it goes, and aborts what is being hashed. Goes on reading. */
  drain(): Promise<void>;
}

/** Starts a piece-store: knows what it holds, then serves everything addressed to its id. */
export async function startPieceStore(
  ports: PieceStorePorts,
  config: NamedPieceStoreConfig,
): Promise<RunningPieceStore> {
  const { bus, clock, telemetry } = ports;
  const catalog = await openCatalog(bus, telemetry.log);
  const memos = await HashMemos.open(bus, config.id);
  const source = new FsContentSource({ clock });
  const metrics = pieceStoreMetrics(telemetry.meter);
  const loads = new Slots({ atOnceMax: LOADS_AT_ONCE_MAX, waitingMax: LOADS_WAITING_MAX });
  const contexts = new TorrentContexts({
    load: (infoHash) =>
      loadTorrent({ catalog, source, log: telemetry.log, loads }, { holder: config.id, infoHash }),
    wentStale: (torrent) => telemetry.log.warn("content changed", torrent),
  });
  telemetry.meter.gauge(
    "seedfleet_piece_store_stale_torrents",
    "Torrents refused because their content has changed",
    () => contexts.staleCount,
  );
  const held = new HeldTorrents(
    { catalog, lost: (infoHash) => contexts.forget(infoHash) },
    config.id,
  );
  await held.start();
  const reader = new PieceReader({ bus, contexts, tracer: telemetry.tracer, metrics });
  const publishPorts = { catalog, clock, contexts, held, memos, metrics, source, telemetry };
  const publisher = new Publisher(publishPorts, { holder: config.id, roots: config.roots });
  return new PieceStore({ ...ports, held, publisher, reader, source }, config.id);
}

type OpenPorts = PieceStorePorts & {
  readonly held: HeldTorrents;
  readonly publisher: Publisher;
  readonly reader: PieceReader;
  readonly source: FsContentSource;
};

/** What is served, under which id, and in which order it ends. */
class PieceStore implements RunningPieceStore {
  readonly #ports: OpenPorts;
  readonly #id: string;
  readonly #startedAtMs: number;
  readonly #served: readonly Subscription[];
  readonly #announcer: PresenceAnnouncer;
  #draining = false;

  constructor(ports: OpenPorts, id: string) {
    const { bus, clock, publisher, reader } = ports;
    this.#ports = ports;
    this.#id = id;
    this.#startedAtMs = clock.nowMs();
    const ours = { params: { holder: id } };
    this.#served = [
      bus.serveStream(publishCall, ours, (request, _, asker) => publisher.publish(request, asker)),
      bus.serve(retainCall, ours, (request) => publisher.retain(request)),
      bus.serveStream(readPieceCall, ours, (request, _, asker) => reader.read(request, asker)),
    ];
    this.#announcer = announcePresence(ports, () => this.#describe());
  }

  ready(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    const { status } = this.#ports.bus;
    const reasons = status === "connected" ? [] : [`the bus is ${status}`];
    if (this.#draining) reasons.push("draining");
    return { ready: reasons.length === 0, reasons };
  }

  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#announcer.announce();
    await this.#ports.publisher.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    this.#announcer.stop();
    for (const subscription of this.#served) subscription.unsubscribe();
    this.#ports.held.stop();
    await this.#ports.reader.idle();
    await this.#ports.source[Symbol.asyncDispose]();
  }

  #describe(): Presence {
    return {
      role: "piece-store",
      id: this.#id,
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      draining: this.#draining,
      load: this.#ports.reader.load,
      peerAddress: null,
      urls: [],
    };
  }
}
