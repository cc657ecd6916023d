import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import {
  type CatalogEntry,
  type Mirror,
  type MirrorProgress,
  mirrorProgressEvent,
  PRESENCE_EXPIRY_MS,
} from "@seedfleet/contracts";
import {
  type Catalog,
  gatewaysOf,
  type Mirrors,
  mirrorNamed,
  type PresenceWatch,
} from "@seedfleet/fleet";
import { type Clock, delay, errorCode, SeedfleetError } from "@seedfleet/runtime";
import { type MirrorTotals, mirrorTotals } from "./mirror-totals.ts";
import { printable } from "./printable.ts";
import type { Reporter } from "./reporter.ts";

/** Progress is told this often; and an event may be lost, the catalog is looked at again. */
const LOOK_MS = 1_000;

/** So long a gateway may tell of the files that were chosen before, as it tells once a second. */
const SETTLED_MS = 3_000;

export type FollowMirrorPorts = {
  readonly bus: Bus;
  readonly catalog: Pick<Catalog, "findByAny">;
  readonly clock: Clock;
  readonly mirrors: Pick<Mirrors, "watch">;
  readonly presence: Pick<PresenceWatch, "present">;
  readonly reporter: Pick<Reporter, "mirroring">;
};

/**
 * Tells how a mirror goes on until it has all that is wanted of it, and gives its entry. Throws
 * `mirror-cancelled` where its record went away before that, `mirror-failed` with the gateways'
 * reason where none of them can go on, and `mirror-unfollowed` once `signal` aborts: the mirror
 * itself goes on then.
 */
export async function followMirror(
  ports: FollowMirrorPorts,
  mirror: Mirror,
  signal?: AbortSignal,
): Promise<CatalogEntry> {
  const { bus, clock, mirrors, reporter } = ports;
  const told = new GatewaysTold(ports, mirror);
  const beganAtMs = clock.nowMs();
  let news = Promise.withResolvers<void>();
  const tell = (): void => news.resolve();
  const params = { infoHash: mirror.infoHash };
  const listening = bus.subscribe(mirrorProgressEvent, { params }, (progress) => {
    // The rest can wait: many gateways tell each second.
    if (told.hear(progress)) tell();
  });
  const watch = await mirrors.watch(tell);
  signal?.addEventListener("abort", tell, { once: true });
  /** A hybrid that was asked for by its v2 hash goes on by its v1 hash. */
  let goesOnAs: Mirror | null = null;
  try {
    while (!signal?.aborted) {
      const totals = told.totals();
      const hasFailed = totals.state === "failed" && told.isEverybody();
      reporter.mirroring(totals);
      const now = mirrorNamed(watch.now.values(), mirror.infoHash);
      if (now !== null && now.infoHash !== mirror.infoHash) {
        goesOnAs = now;
        break;
      }
      const entry = await endOf(ports, mirror, {
        totals,
        isRecorded: now !== null,
        isSettled: clock.nowMs() - beganAtMs >= SETTLED_MS,
      });
      if (entry !== null) return entry;
      if (hasFailed) throw failed(totals);
      const silence = new AbortController();
      await Promise.race([news.promise, delay(clock, LOOK_MS, silence.signal)]);
      silence.abort();
      news = Promise.withResolvers();
    }
    if (goesOnAs === null) throw unfollowed(told.totals());
  } finally {
    signal?.removeEventListener("abort", tell);
    listening.unsubscribe();
    watch.stop();
  }
  return await followMirror(ports, goesOnAs, signal);
}

/** What the gateways that are there tell of one mirror. */
class GatewaysTold {
  readonly #ports: Pick<FollowMirrorPorts, "clock" | "presence">;
  readonly #mirror: Mirror;
  readonly #told = new Map<string, { readonly progress: MirrorProgress; readonly atMs: number }>();

  constructor(ports: Pick<FollowMirrorPorts, "clock" | "presence">, mirror: Mirror) {
    this.#ports = ports;
    this.#mirror = mirror;
  }

  /** Whether it is more than a step forward. */
  hear(progress: MirrorProgress): boolean {
    const before = this.#told.get(progress.gateway)?.progress;
    this.#told.set(progress.gateway, { progress, atMs: this.#ports.clock.nowMs() });
    return before?.state !== progress.state || before.reason !== progress.reason;
  }

  totals(): MirrorTotals {
    const present = this.#present();
    const nowMs = this.#ports.clock.nowMs();
    for (const [gateway, { atMs }] of this.#told) {
      const isSilent = nowMs - atMs > PRESENCE_EXPIRY_MS;
      if (isSilent && !present.includes(gateway)) this.#told.delete(gateway);
    }
    const told = [...this.#told.values()].map(({ progress }) => progress);
    return mirrorTotals(this.#mirror, told, this.#waitsFor(present));
  }

  /** Whether every gateway that should download it has told of it. */
  isEverybody(): boolean {
    return gatewaysOf(this.#mirror, this.#present()).every((gateway) => this.#told.has(gateway));
  }

  #waitsFor(present: readonly string[]): string {
    const chosen = gatewaysOf(this.#mirror, present);
    return chosen.length === 0 ? "no gateway is running" : `for ${chosen.join(", ")}`;
  }

  #present(): readonly string[] {
    return this.#ports.presence.present("gateway").map(({ id }) => id);
  }
}

/** The entry of what is complete; null while there is more to come. */
async function endOf(
  { catalog }: FollowMirrorPorts,
  { infoHash, purpose }: Mirror,
  {
    totals,
    isRecorded,
    isSettled,
  }: {
    readonly totals: MirrorTotals;
    readonly isRecorded: boolean;
    readonly isSettled: boolean;
  },
): Promise<CatalogEntry | null> {
  const isTold = totals.state === "complete";
  // What is restored was in the catalog as complete all the time.
  if (isRecorded && purpose === "restore" && !isTold) return null;
  const entry = await entryOf(catalog, infoHash);
  if (entry === "away") return null;
  if (entry !== null && entry.incomplete === undefined) return entry;
  if (isSettled && totals.state === "partial" && entry !== null) return entry;
  // The entry is complete before its record is removed, so here somebody else removed it.
  if (!isRecorded) throw cancelled(totals);
  return null;
}

/** A bus that is away says nothing of the mirror: it goes on, and so does whoever follows it. */
async function entryOf(
  catalog: Pick<Catalog, "findByAny">,
  infoHash: InfoHash,
): Promise<CatalogEntry | null | "away"> {
  try {
    return await catalog.findByAny(infoHash);
  } catch (error) {
    if (errorCode(error)?.startsWith("bus-")) return "away";
    throw error;
  }
}

function cancelled(totals: MirrorTotals): SeedfleetError {
  const message = `Stopped mirroring ${nameOf(totals)}: it was cancelled`;
  return new SeedfleetError(message, { code: "mirror-cancelled" });
}

function failed(totals: MirrorTotals): SeedfleetError {
  const why = totals.reason === null ? "its gateways do not say why" : printable(totals.reason);
  const message = `Cannot mirror ${nameOf(totals)}: ${why}; seedfleet cancel ends it`;
  return new SeedfleetError(message, { code: "mirror-failed" });
}

function unfollowed(totals: MirrorTotals): SeedfleetError {
  const message = `Stopped following ${nameOf(totals)}: the mirror goes on; see seedfleet mirrors`;
  return new SeedfleetError(message, { code: "mirror-unfollowed" });
}

function nameOf({ name, infoHash }: MirrorTotals): string {
  return printable(name ?? infoHash);
}
