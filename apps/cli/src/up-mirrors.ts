import type { Bus } from "@seedfleet/bus";
import {
  type AnnouncedSeeds,
  type Mirrors,
  openAnnouncedSeeds,
  openCatalog,
  openMirrors,
  watchPresence,
} from "@seedfleet/fleet";
import { type Clock, SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { askForMirror } from "./ask-for-mirror.ts";
import { followMirror } from "./follow-mirror.ts";
import { list } from "./mirror.ts";
import type { Reporter } from "./reporter.ts";
import { swarmOptions } from "./swarm-options.ts";
import type { WantedTorrent } from "./wanted-torrent.ts";

/** How they are mirrored. */
type UpMirrorTerms = { readonly dht: boolean; readonly announce: boolean };

type UpMirrorPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly reporter: Pick<Reporter, "failed" | "listed" | "mirrorAsked" | "mirroring">;
  /** The piece-store that keeps what is downloaded. */
  readonly holder: string;
  /** Whether nobody else can ask for mirrors, nor cancel them. */
  readonly alone: boolean;
};

/**
 * Has the gateway download what `up` was told to, and tells how it goes; one that cannot be had is
 * told of, and keeps nothing else from going on. Where no other process can reach the records,
 * those of an earlier start go that are not wanted any more: `up` does what it is told and nothing
 * else, and so it is with what was downloaded before and is announced.
 * Disposed, the following ends, and the mirrors stay.
 */
export function startMirrors(
  ports: UpMirrorPorts,
  wanted: readonly WantedTorrent[],
  options: UpMirrorTerms,
): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  const failed = (error: unknown): void => tell(error, { ...ports, signal });
  const mirrored = mirrorAll({ ...ports, signal, failed }, wanted, options).catch(failed);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await mirrored;
    },
  };
}

type Following = UpMirrorPorts & {
  readonly signal: AbortSignal;
  readonly failed: (error: unknown) => void;
};

async function mirrorAll(
  { bus, clock, holder, reporter, alone, signal, failed }: Following,
  wanted: readonly WantedTorrent[],
  { dht, announce }: UpMirrorTerms,
): Promise<void> {
  const mirrors = await openMirrors(bus, silentTelemetry.log);
  const seeds = await openAnnouncedSeeds(bus, silentTelemetry.log);
  if (alone) await removeOthers([mirrors, seeds], wanted);
  if (wanted.length === 0) return;
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const presence = watchPresence({ bus, clock }, ["gateway", "console"]);
  const ports = { bus, catalog, clock, mirrors, seeds, presence, reporter };
  const terms = { ...swarmOptions({ dht }), announce, choose: () => Promise.resolve(holder) };
  const mirrorOne = async (each: WantedTorrent): Promise<void> => {
    const asked = await askForMirror(ports, each, terms);
    if (asked.kind === "there") return list(ports, asked.entry);
    list(ports, await followMirror(ports, asked.mirror, signal));
  };
  await Promise.all(wanted.map((each) => mirrorOne(each).catch(failed)));
  presence.stop();
}

async function removeOthers(
  records: readonly Pick<AnnouncedSeeds | Mirrors, "list" | "remove">[],
  wanted: readonly WantedTorrent[],
): Promise<void> {
  const kept = new Set(wanted.map(({ infoHash }) => infoHash));
  for (const each of records) {
    for (const { infoHash } of await each.list()) {
      if (!kept.has(infoHash)) await each.remove(infoHash);
    }
  }
}

/** What ends with the process is no failure. */
function tell(error: unknown, { reporter, signal }: Pick<Following, "reporter" | "signal">): void {
  if (signal.aborted) return;
  if (!(error instanceof SeedfleetError)) throw error;
  reporter.failed(error);
}
