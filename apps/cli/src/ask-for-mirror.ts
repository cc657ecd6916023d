import type { CatalogEntry, CatalogSource, Mirror } from "@seedfleet/contracts";
import {
  type AddedMirror,
  type AnnouncedSeeds,
  type Catalog,
  type Mirrors,
  seedOf,
} from "@seedfleet/fleet";
import type { Clock } from "@seedfleet/runtime";
import { putMetainfo } from "./put-metainfo.ts";
import type { Reporter } from "./reporter.ts";
import type { SwarmOptions } from "./swarm-options.ts";
import { mirrorOf, type WantedTorrent } from "./wanted-torrent.ts";

/** How the location of content begins that a store keeps itself. */
const MANAGED = "managed:";

export type AskPorts = {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly mirrors: Mirrors;
  readonly seeds: AnnouncedSeeds;
  readonly reporter: Pick<Reporter, "mirrorAsked">;
};

/** What came of asking: a mirror to be followed, or what the fleet has as it is. */
export type Asked =
  | (AddedMirror & { readonly kind: "mirror" })
  | { readonly kind: "there"; readonly entry: CatalogEntry; readonly isAnnounced: boolean };

/** What is asked for beside the torrent. */
export type AskTerms = SwarmOptions &
  Pick<Mirror, "choice"> & {
    readonly announce: boolean | null;
    readonly choose: () => Promise<string>;
  };

/**
 * Has the fleet mirror a torrent; one that it has whole is announced to the torrent's swarm. What
 * the record or an earlier mirror says of where it is kept holds; else `choose` is asked.
 */
export async function askForMirror(
  ports: AskPorts,
  wanted: WantedTorrent,
  terms: AskTerms,
): Promise<Asked> {
  const { catalog, clock, mirrors, reporter } = ports;
  const { infoHash, torrent } = wanted;
  const entry = await catalog.findByAny(infoHash);
  if (entry !== null && entry.incomplete === undefined) {
    return { kind: "there", entry, isAnnounced: await announce(ports, { wanted, entry, terms }) };
  }
  const before = await mirrors.findByAny(infoHash);
  const holder = before?.holder ?? keeperOf(entry) ?? (await terms.choose());
  const addedAtMs = clock.nowMs();
  // By the hash that it is mirrored by already, should this be a hybrid's other one.
  const named = before === null ? wanted : { ...wanted, infoHash: before.infoHash };
  const mirror: Mirror = mirrorOf(named, { ...terms, holder, purpose: "mirror", addedAtMs });
  // Whoever reads the record finds the metainfo.
  if (torrent !== null) await putMetainfo(catalog, torrent);
  const added = await mirrors.add(mirror);
  reporter.mirrorAsked(added);
  return { kind: "mirror", ...added };
}

/** What is there is downloaded no more, but its swarm is to know of it, or not any more. */
async function announce(
  { clock, seeds }: Pick<AskPorts, "clock" | "seeds">,
  of: { readonly wanted: WantedTorrent; readonly entry: CatalogEntry; readonly terms: AskTerms },
): Promise<boolean> {
  const { wanted, entry, terms } = of;
  const addedAtMs = clock.nowMs();
  const mirror = mirrorOf(wanted, { ...terms, holder: "", purpose: "mirror", addedAtMs });
  const seed = seedOf(mirror, entry, addedAtMs);
  if (seed !== null) await seeds.add(seed);
  else if (terms.announce === false) await seeds.remove(entry.infoHash);
  return seed !== null;
}

/** The store that keeps what was downloaded; null where none does. */
export function keeperOf(entry: CatalogEntry | null): string | null {
  return entry?.sources.find(isManaged)?.holder ?? null;
}

/** Whether a piece-store keeps it, so that it came piece by piece. */
export function isManaged({ location }: CatalogSource): boolean {
  return location.startsWith(MANAGED);
}
