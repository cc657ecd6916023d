import {
  type AnnouncedSeed,
  type CatalogEntry,
  type CatalogSource,
  catalogChangedEvent,
} from "@seedfleet/contracts";
import {
  type Catalog,
  mergeTiers,
  openAnnouncedSeeds,
  openCatalog,
  openMirrors,
} from "@seedfleet/fleet";
import { parseMetainfo } from "@seedfleet/metainfo";
import { SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { isManaged } from "./ask-for-mirror.ts";
import { connectFleet } from "./fleet-connection.ts";
import { followMirror } from "./follow-mirror.ts";
import { list, type MirrorPorts, untilSignal } from "./mirror.ts";
import { printable } from "./printable.ts";
import type { RestoreOptions } from "./restore-options.ts";
import { SourceConditions } from "./source-conditions.ts";
import { mirrorOf, type WantedTorrent } from "./wanted-torrent.ts";

/** `seedfleet restore`: has a running fleet download pieces anew that went bad on its disks. */
export async function restore(
  options: RestoreOptions,
  reporter: MirrorPorts["reporter"],
): Promise<void> {
  await using fleet = await connectFleet("restore", options.natsUrl);
  await restoreTorrent({ ...fleet, reporter, signal: untilSignal() }, options);
}

/** Throws where no piece is known to be bad, and where nobody could be asked for one. */
export async function restoreTorrent(
  ports: MirrorPorts,
  options: Omit<RestoreOptions, "natsUrl" | "json">,
): Promise<void> {
  const { bus, clock, reporter, signal } = ports;
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const mirrors = await openMirrors(bus, silentTelemetry.log);
  const entry = await catalog.findByAny(options.infoHash);
  if (entry === null) throw refused(options.infoHash, "torrent-unknown", "the fleet has it not");
  const bad = await badSources(ports, entry);
  if (entry.incomplete !== undefined && bad.length === 0) {
    throw refused(nameOf(entry), "torrent-incomplete", "it is still downloaded; see mirrors");
  }
  const { holder } = chooseSource(entry, bad, options.store);
  const seeds = await openAnnouncedSeeds(bus, silentTelemetry.log);
  const metainfo = await catalog.metainfo(entry.infoHash);
  const wanted = wantedAgain(entry, metainfo, await seeds.get(entry.infoHash));
  const asked = { holder, purpose: "restore", addedAtMs: clock.nowMs(), announce: null } as const;
  const terms = { ...options, ...asked };
  const mirror = mirrorOf(wanted, terms);
  if (!mirror.dht && [mirror.trackers, mirror.peers, mirror.webSeeds].every(isEmpty)) {
    const why = "it names no tracker of others; name a --tracker or a --peer";
    throw refused(nameOf(entry), "swarm-unknown", why);
  }
  await markIncomplete(ports, catalog, entry);
  const added = await mirrors.add(mirror);
  reporter.mirrorAsked(added);
  if (!options.wait) return;
  list(ports, await followMirror({ ...ports, catalog, mirrors }, added.mirror, signal));
}

/**
 * Until its holder has the pieces again, which it tells, gateways are to offer what is there alone.
 * Where a source was published, it has all of it or is no source of a piece.
 */
async function markIncomplete(
  { bus }: Pick<MirrorPorts, "bus">,
  catalog: Catalog,
  { infoHash }: CatalogEntry,
): Promise<void> {
  let isNews = false;
  await catalog.change(infoHash, (before) => {
    isNews = before !== null && before.incomplete !== true && before.sources.every(isManaged);
    return before !== null && isNews ? { ...before, incomplete: true } : before;
  });
  if (isNews) bus.publish(catalogChangedEvent, {}, { infoHash });
}

/** The places where pieces are bad and can be written anew: no bucket, and no origin. */
async function badSources(
  { bus }: Pick<MirrorPorts, "bus">,
  entry: CatalogEntry,
): Promise<readonly CatalogSource[]> {
  const conditions = await SourceConditions.read(bus);
  const bad = entry.sources.filter(
    (source) => conditions.of(entry.infoHash, source).badPieces.length > 0,
  );
  const written = bad.filter(({ shared }) => !shared);
  if (bad.length > 0 && written.length === 0) {
    throw refused(nameOf(entry), "content-unwritable", "its bad pieces are not on a store's disk");
  }
  return written;
}

function chooseSource(
  entry: CatalogEntry,
  bad: readonly CatalogSource[],
  named: string | null,
): CatalogSource {
  const holders = [...new Set(bad.map(({ holder }) => holder))];
  const fitting = bad.filter(({ holder }) => named === null || holder === named);
  const [first] = fitting;
  if (first === undefined) {
    const where =
      named === null || bad.length === 0 ? "" : ` at ${named}, but ${holders.join(", ")}`;
    const why = `no bad piece of it is known${where}; see seedfleet check`;
    throw refused(nameOf(entry), "no-bad-pieces", why);
  }
  if (named !== null || holders.length === 1) return first;
  const why = "there are bad pieces at several piece-stores; name one with --store: ";
  throw refused(nameOf(entry), "piece-store-unclear", why + holders.join(", "));
}

/**
 * By the `.torrent` that the catalog has, which of one made here or had by a magnet names no
 * trackers, and by what it is announced to.
 */
function wantedAgain(
  entry: CatalogEntry,
  metainfo: Uint8Array | null,
  seed: AnnouncedSeed | null,
): WantedTorrent {
  const { infoHash, infoHashV2, name, private: isPrivate } = entry;
  const parsed = metainfo === null ? null : parseMetainfo(metainfo);
  const { trackers, webSeeds } =
    parsed?.kind === "metainfo" ? parsed : { trackers: [], webSeeds: [] };
  return {
    ...{ infoHash, infoHashV2, name, private: isPrivate },
    trackers: mergeTiers(trackers, seed?.trackers ?? []),
    ...{ webSeeds, peers: [], files: null, torrent: null },
  };
}

function isEmpty(list: readonly unknown[]): boolean {
  return list.length === 0;
}

function nameOf({ name, infoHash }: CatalogEntry): string {
  return `${printable(name)} (${infoHash})`;
}

function refused(what: string, code: string, why: string): SeedfleetError {
  return new SeedfleetError(`Cannot restore ${what}: ${why}`, { code });
}
