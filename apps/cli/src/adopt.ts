import { openCatalog, openIngestJobs } from "@seedfleet/fleet";
import { SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import type { AdoptOptions } from "./adopt-options.ts";
import { chooseStore } from "./choose-store.ts";
import { connectFleet, type Fleet, torrentUrl } from "./fleet-connection.ts";
import { followIngest } from "./follow-ingest.ts";
import { putMetainfo } from "./put-metainfo.ts";
import { nameOf, type ReadTorrent, readMetainfo } from "./read-torrent.ts";
import type { Reporter } from "./reporter.ts";

type AdoptPorts = Fleet & {
  readonly reporter: Pick<Reporter, "hashing" | "listed">;
  /** The piece-store that reads the locations. */
  readonly holder: string;
};

/** `seedfleet adopt`: has a piece-store seed content by a `.torrent` that is there already. */
export async function adopt(
  options: AdoptOptions,
  reporter: AdoptPorts["reporter"],
): Promise<void> {
  const torrent = await readMetainfo(options.torrent);
  const { metainfo } = torrent;
  if (metainfo.pieceHashes === null && metainfo.pieceRoots === null) {
    throw new SeedfleetError(
      `Cannot adopt ${nameOf(options.torrent)}: it is without the hashes of its pieces, as saved ` +
        "from a magnet link; take one that has its piece layers",
      { code: "torrent-without-piece-layers" },
    );
  }
  await using fleet = await connectFleet("adopt", options.natsUrl);
  const holder = await chooseStore(fleet, { purpose: "adopt", named: options.store });
  await adoptTorrent({ ...fleet, reporter, holder }, torrent, options);
}

/** Has the holder adopt a torrent and tells how it goes. Throws the holder's reason if it fails. */
export async function adoptTorrent(
  { bus, clock, presence, reporter, holder }: AdoptPorts,
  torrent: ReadTorrent,
  { locations, check }: Pick<AdoptOptions, "locations" | "check">,
): Promise<void> {
  const { infoHash } = torrent.metainfo;
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const jobs = await openIngestJobs({ bus, clock });
  await putMetainfo(catalog, torrent);
  const adoption = { infoHash, check };
  const job = await jobs.submit({ holder, locations, torrent: { kind: "adopt", adoption } });
  const { entry } = await followIngest({ jobs, clock, reporter }, job);
  const { name, contentBytes: sizeBytes } = entry;
  reporter.listed({ name, infoHash, sizeBytes, torrentUrl: torrentUrl(presence, infoHash) });
}
