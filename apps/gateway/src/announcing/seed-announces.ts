import type { InfoHash } from "@seedfleet/bytes";
import type { AnnouncedSeed, CatalogEntry } from "@seedfleet/contracts";
import { type AnnouncedSeeds, type AnnouncedSeedWatch, gatewaysOf } from "@seedfleet/fleet";
import { type CancelTimer, errorMessage } from "@seedfleet/runtime";
import {
  type AdoptedAnnounces,
  type AnnouncedSeedConfig,
  type AnnouncedSeedPorts,
  AnnouncedSeedRun,
} from "./announced-seed-run.ts";

/**
 * A gateway begins and ends when it has been its turn for so long: it must have heard of the others
 * first, also after the bus was away, and one that starts again makes no tracker hear of it twice.
 */
export const SEED_SETTLE_MS = 15_000;

/** Between the beginnings of two, so that one tracker of them all is not flooded by a start. */
export const SEED_SPACING_MS = 100;

/** What trackers have to hear that it is not announced any more. */
const LEAVE_MS_MAX = 10_000;

export type SeedAnnouncesPorts = AnnouncedSeedPorts & {
  readonly seeds: Pick<AnnouncedSeeds, "remove">;
  readonly watch: AnnouncedSeedWatch;
  /** Gateways that are there, this one among them. */
  readonly gateways: () => readonly string[];
  /** Whether others can be heard of: while the bus is away nobody takes anything over. */
  readonly isConnected: () => boolean;
};

export type SeedAnnouncesConfig = AnnouncedSeedConfig & { readonly gateway: string };

/** One torrent whose turn is ours, or was until now. */
type Seat = {
  record: AnnouncedSeed;
  /** Whether the records have it: of what we have just downloaded ourselves they may not yet. */
  isRecorded: boolean;
  isOurs: boolean;
  /** Null until it begins. */
  run: AnnouncedSeedRun | null;
  /** Of its beginning or its end. */
  cancel: CancelTimer;
};

/**
 * What this gateway announces as a seed: of the mirrors that are whole those whose first few
 * gateways by rank it is among, so that a swarm hears of few, however many there are.
 */
export class SeedAnnounces {
  readonly #ports: SeedAnnouncesPorts;
  readonly #config: SeedAnnouncesConfig;
  readonly #seats = new Map<InfoHash, Seat>();
  /** Those that this gateway downloads, and announces by that. */
  readonly #held = new Set<InfoHash>();
  #nextBeginAtMs = 0;
  #looked: { readonly now: AnnouncedSeedWatch["now"]; readonly gateways: string } | null = null;
  #isStopped = false;

  constructor(ports: SeedAnnouncesPorts, config: SeedAnnouncesConfig) {
    this.#ports = ports;
    this.#config = config;
  }

  /** Those that this gateway announces now. */
  get count(): number {
    return [...this.#seats.values()].filter(({ run }) => run !== null).length;
  }

  /** Records or gateways may have come or gone. */
  changed(): void {
    if (this.#isStopped || !this.#ports.isConnected()) return;
    const { now } = this.#ports.watch;
    const ids = this.#ports.gateways();
    const gateways = ids.toSorted().join();
    if (this.#looked?.now === now && this.#looked.gateways === gateways) return;
    this.#looked = { now, gateways };
    for (const record of now.values()) this.#place(record, ids);
    for (const [infoHash, seat] of this.#seats) {
      if (seat.isRecorded && !now.has(infoHash)) this.#leave(infoHash, seat);
    }
  }

  /** This gateway begins to download it, and announces it by that. */
  hold(infoHash: InfoHash): void {
    this.#held.add(infoHash);
    const seat = this.#seats.get(infoHash);
    if (seat === undefined) return;
    this.#seats.delete(infoHash);
    seat.cancel();
    seat.run?.drop();
  }

  /** It does not any more. */
  release(infoHash: InfoHash): void {
    if (this.#held.delete(infoHash)) this.#looked = null;
  }

  /** It is whole, and goes on being announced by what it was downloaded with. */
  adopt(record: AnnouncedSeed, adopted: AdoptedAnnounces | null): void {
    const { infoHash } = record;
    this.release(infoHash);
    const seat: Seat = {
      ...{ record, isRecorded: false, isOurs: true, run: null },
      cancel: this.#ports.clock.after(SEED_SETTLE_MS, () => this.#leave(infoHash, seat)),
    };
    this.#seats.set(infoHash, seat);
    this.#run(seat, null, adopted);
  }

  /** Tells all trackers that this gateway leaves, for no longer than this. Never rejects. */
  async stop(withinMs: number): Promise<void> {
    this.#isStopped = true;
    this.#ports.watch.stop();
    const seats = [...this.#seats.values()];
    this.#seats.clear();
    for (const { cancel } of seats) cancel();
    await Promise.all(seats.map(({ run }) => run?.stop(withinMs)));
  }

  #place(record: AnnouncedSeed, gateways: readonly string[]): void {
    const { infoHash } = record;
    if (this.#held.has(infoHash)) return;
    const isOurs = gatewaysOf(record, gateways).includes(this.#config.gateway);
    const seat = this.#seats.get(infoHash);
    if (seat === undefined) {
      if (isOurs) this.#take(record);
      return;
    }
    if (!seat.isRecorded) {
      // Until now it was to end.
      seat.isRecorded = true;
      if (isOurs) seat.cancel();
    }
    this.#renew(seat, record);
    if (seat.isOurs === isOurs) return;
    seat.isOurs = isOurs;
    seat.cancel();
    if (isOurs) return;
    if (seat.run === null) this.#seats.delete(infoHash);
    else {
      seat.cancel = this.#ports.clock.after(SEED_SETTLE_MS, () => this.#leave(infoHash, seat));
    }
  }

  #take(record: AnnouncedSeed): void {
    const { clock } = this.#ports;
    const nowMs = clock.nowMs();
    const atMs = Math.max(nowMs + SEED_SETTLE_MS, this.#nextBeginAtMs);
    this.#nextBeginAtMs = atMs + SEED_SPACING_MS;
    const seat: Seat = {
      ...{ record, isRecorded: true, isOurs: true, run: null },
      cancel: clock.after(atMs - nowMs, () => void this.#begin(seat)),
    };
    this.#seats.set(record.infoHash, seat);
  }

  /** The record says something else than before: of trackers, mostly. */
  #renew(seat: Seat, record: AnnouncedSeed): void {
    const before = seat.record;
    seat.record = record;
    if (seat.run === null || isSameSwarm(before, record)) return;
    seat.run.drop();
    seat.run = null;
    void this.#begin(seat);
  }

  async #begin(seat: Seat): Promise<void> {
    const { catalog, log } = this.#ports;
    const { infoHash } = seat.record;
    try {
      const entry = await catalog.find(infoHash);
      if (entry === null) await this.#gone(infoHash);
      else this.#run(seat, entry, null);
    } catch (error) {
      // The catalog is asked again later; the torrent was there.
      log.debug("announced seed not looked up", { infoHash, reason: errorMessage(error) });
      this.#run(seat, null, null);
    }
  }

  #run(seat: Seat, entry: CatalogEntry | null, adopted: AdoptedAnnounces | null): void {
    const { record } = seat;
    const { infoHash } = record;
    const isWanted = !this.#isStopped && this.#seats.get(infoHash) === seat;
    if (!isWanted || seat.run !== null) {
      for (const announces of adopted?.announces ?? []) announces.drop();
      return;
    }
    const gone = (): void => void this.#gone(infoHash);
    seat.run = new AnnouncedSeedRun(this.#ports, this.#config, { record, entry, adopted, gone });
  }

  /** Nobody has it any more, so it is announced by nobody. */
  async #gone(infoHash: InfoHash): Promise<void> {
    const { log, seeds } = this.#ports;
    try {
      log.info("announced no longer, the torrent is not in the catalog", { infoHash });
      await seeds.remove(infoHash);
    } catch (error) {
      const reason = errorMessage(error);
      log.warn("record of an announced seed not removed", { infoHash, reason });
    }
  }

  #leave(infoHash: InfoHash, seat: Seat): void {
    seat.cancel();
    if (this.#seats.get(infoHash) === seat) this.#seats.delete(infoHash);
    void seat.run?.stop(LEAVE_MS_MAX);
  }
}

function isSameSwarm(a: AnnouncedSeed, b: AnnouncedSeed): boolean {
  const swarm = ({ infoHashV2, trackers, dht }: AnnouncedSeed): string =>
    JSON.stringify([infoHashV2, trackers, dht]);
  return swarm(a) === swarm(b);
}
