import type { Bus, Subscription } from "@seedfleet/bus";
import {
  havePiecesCall,
  manageCall,
  type Presence,
  readPieceCall,
  retainCall,
  unmanageCall,
  writePieceCall,
} from "@seedfleet/contracts";
import { announcePresence, type PresenceAnnouncer } from "@seedfleet/fleet";
import { type Clock, VERSION } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { PieceStoreConfig } from "./config.ts";
import { examineStore } from "./examine-store.ts";
import { openParts, type PieceStoreParts } from "./open-parts.ts";
import { havePieces } from "./reading/have-pieces.ts";
import { retain } from "./retain.ts";

export type PieceStorePorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

/** `id` names the holder in the catalog: a store that is to find its torrents again keeps it. */
export type NamedPieceStoreConfig = PieceStoreConfig & { readonly id: string };

export interface RunningPieceStore extends AsyncDisposable {
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Tells the fleet that it goes, and gives back what is being hashed. Goes on reading. */
  drain(): Promise<void>;
}

/** Starts a piece-store: knows what it holds, then serves everything addressed to its id. */
export async function startPieceStore(
  ports: PieceStorePorts,
  config: NamedPieceStoreConfig,
): Promise<RunningPieceStore> {
  const parts = await openParts(ports, config);
  const store = new PieceStore({ ...ports, ...parts }, config);
  // Jobs left by the last run begin at once, so everything they need is there by now.
  await parts.worker.start();
  parts.scrub.start();
  return store;
}

/** What is served, under which id, and in which order it ends. */
class PieceStore implements RunningPieceStore {
  readonly #ports: PieceStorePorts & PieceStoreParts;
  readonly #config: NamedPieceStoreConfig;
  readonly #startedAtMs: number;
  readonly #served: readonly Subscription[];
  readonly #announcer: PresenceAnnouncer;
  #draining = false;
  #drained: Promise<void> | null = null;

  constructor(ports: PieceStorePorts & PieceStoreParts, config: NamedPieceStoreConfig) {
    const { bus, clock, managed, reader, writes } = ports;
    this.#ports = ports;
    this.#config = config;
    this.#startedAtMs = clock.nowMs();
    const ours = { params: { holder: config.id } };
    this.#served = [
      bus.serve(retainCall, ours, (request) => retain(ports, request)),
      bus.serveStream(
        readPieceCall,
        { ...ours, sent: (chunk) => reader.sent(chunk) },
        (request, _, asker, landing) => reader.read(request, asker, landing),
      ),
      bus.serveStream(havePiecesCall, ours, ({ infoHash }) => havePieces(ports, infoHash)),
      bus.serve(manageCall, ours, ({ infoHash }) => managed.manage(infoHash)),
      bus.serve(unmanageCall, ours, ({ infoHash }) => managed.unmanage(infoHash)),
      bus.serve(writePieceCall, ours, (request) => writes.write(request)),
    ];
    this.#announcer = announcePresence(
      ports,
      () => this.#describe(),
      async () => ({ store: await examineStore(ports.conditions, config) }),
    );
  }

  ready(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    const { status } = this.#ports.bus;
    const reasons = status === "connected" ? [] : [`the bus is ${status}`];
    if (this.#draining) reasons.push("draining");
    return { ready: reasons.length === 0, reasons };
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    this.#announcer.stop();
    for (const subscription of this.#served) subscription.unsubscribe();
    const { completion, held, reader, managed, pool, sources } = this.#ports;
    held.stop();
    await completion[Symbol.asyncDispose]();
    await reader.idle();
    await managed[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
    await sources[Symbol.asyncDispose]();
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    this.#announcer.announce();
    await Promise.all([this.#ports.worker.stop(), this.#ports.scrub.stop()]);
  }

  #describe(): Presence {
    return {
      role: "piece-store",
      id: this.#config.id,
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      draining: this.#draining,
      load: this.#ports.reader.load,
      peerAddress: null,
      gateway: null,
      urls: this.#config.origins,
      // Absent elsewhere, so that a process of an earlier version understands it as before.
      ...(this.#config.managedRoot === null ? {} : { managed: true }),
    };
  }
}
