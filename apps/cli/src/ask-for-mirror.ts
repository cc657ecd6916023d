import type { CatalogEntry, Mirror } from "@seedfleet/contracts";
import type { AddedMirror, Catalog, Mirrors } from "@seedfleet/fleet";
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
  readonly reporter: Pick<Reporter, "mirrorAsked">;
};

/** What came of asking: a mirror to be followed, or what the fleet has as it is. */
export type Asked =
  | (AddedMirror & { readonly kind: "mirror" })
  | { readonly kind: "there"; readonly entry: CatalogEntry };

/**
 * Has the fleet mirror a torrent, unless it has it whole. What the record or an earlier mirror says
 * of where it is kept holds; else `choose` is asked.
 */
export async function askForMirror(
  { catalog, clock, mirrors, reporter }: AskPorts,
  wanted: WantedTorrent,
  terms: SwarmOptions & Pick<Mirror, "choice"> & { readonly choose: () => Promise<string> },
): Promise<Asked> {
  const { infoHash, torrent } = wanted;
  const entry = await catalog.findByAny(infoHash);
  if (entry !== null && entry.incomplete === undefined) return { kind: "there", entry };
  const before = await mirrors.get(infoHash);
  const holder = before?.holder ?? keeperOf(entry) ?? (await terms.choose());
  const addedAtMs = clock.nowMs();
  const mirror: Mirror = mirrorOf(wanted, { ...terms, holder, purpose: "mirror", addedAtMs });
  // Whoever reads the record finds the metainfo.
  if (torrent !== null) await putMetainfo(catalog, torrent);
  const added = await mirrors.add(mirror);
  reporter.mirrorAsked(added);
  return { kind: "mirror", ...added };
}

/** The store that keeps what was downloaded; null where none does. */
export function keeperOf(entry: CatalogEntry | null): string | null {
  const kept = entry?.sources.find(({ location }) => location.startsWith(MANAGED));
  return kept?.holder ?? null;
}
