import type { CatalogEntry } from "@seedfleet/contracts";
import { openAnnouncedSeeds, openCatalog, openMirrors } from "@seedfleet/fleet";
import { shutdownRequested } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { askForMirror } from "./ask-for-mirror.ts";
import { chooseStore } from "./choose-store.ts";
import { connectFleet, type Fleet, torrentUrl } from "./fleet-connection.ts";
import { followMirror } from "./follow-mirror.ts";
import type { MirrorOptions } from "./mirror-options.ts";
import type { Reporter } from "./reporter.ts";
import { type WantedTorrent, wantedTorrent } from "./wanted-torrent.ts";

export type MirrorPorts = Fleet & {
  readonly reporter: Pick<Reporter, "listed" | "mirrorAsked" | "mirroring" | "mirrorThere">;
  /** Ends the following, and not the mirror. */
  readonly signal: AbortSignal;
};

/** `seedfleet mirror`: has a running fleet download a torrent of somebody else's. */
export async function mirror(
  options: MirrorOptions,
  reporter: MirrorPorts["reporter"],
): Promise<void> {
  const wanted = await wantedTorrent(options.torrent);
  await using fleet = await connectFleet("mirror", options.natsUrl);
  await mirrorTorrent({ ...fleet, reporter, signal: untilSignal() }, wanted, options);
}

/** Asks for it and, unless told otherwise, tells how it goes until it is complete. */
export async function mirrorTorrent(
  ports: MirrorPorts,
  wanted: WantedTorrent,
  options: Omit<MirrorOptions, "torrent" | "natsUrl" | "json">,
): Promise<void> {
  const { bus, reporter, signal } = ports;
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const mirrors = await openMirrors(bus, silentTelemetry.log);
  const seeds = await openAnnouncedSeeds(bus, silentTelemetry.log);
  const choose = (): Promise<string> =>
    chooseStore(ports, { purpose: "mirror", named: options.store, managed: true });
  const asked = await askForMirror({ ...ports, catalog, mirrors, seeds }, wanted, {
    ...{ ...options, choose },
  });
  if (asked.kind === "there") {
    reporter.mirrorThere(asked.entry, asked.isAnnounced);
    return list(ports, asked.entry);
  }
  if (!options.wait) return;
  list(ports, await followMirror({ ...ports, catalog, mirrors }, asked.mirror, signal));
}

/** Where the `.torrent` of what is complete is to be had. */
export function list(
  { presence, reporter }: Pick<Fleet, "presence"> & { reporter: Pick<Reporter, "listed"> },
  { name, infoHash, contentBytes: sizeBytes }: CatalogEntry,
): void {
  reporter.listed({ name, infoHash, sizeBytes, torrentUrl: torrentUrl(presence, infoHash) });
}

/** Aborts on Ctrl-C. */
export function untilSignal(): AbortSignal {
  const following = new AbortController();
  void shutdownRequested().then(() => following.abort());
  return following.signal;
}
