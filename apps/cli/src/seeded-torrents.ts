import assert from "node:assert/strict";
import type { Bus } from "@seedfleet/bus";
import { announceUrls, torrentFile } from "@seedfleet/console/service";
import type { CatalogEntry } from "@seedfleet/contracts";
import { openCatalog, watchPresence } from "@seedfleet/fleet";
import { formatMagnet, parseMetainfo, v1Companion } from "@seedfleet/metainfo";
import { SeedfleetError, systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import type { DataDirectory } from "./data-directory.ts";
import type { SeededTorrent } from "./reporter.ts";

type SeededPorts = {
  readonly bus: Bus;
  readonly dataDirectory: DataDirectory;
  readonly consoleUrl: string;
};

/** Writes the `.torrent` of each entry, and says where it and its magnet are to be had. */
export async function seededTorrents(
  { bus, dataDirectory, consoleUrl }: SeededPorts,
  entries: readonly CatalogEntry[],
): Promise<SeededTorrent[]> {
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const presence = watchPresence({ bus, clock: systemClock }, ["tracker"]);
  await presence.first("tracker");
  const trackers = announceUrls(presence);
  const taken = new Set<string>();
  const torrents: SeededTorrent[] = [];
  for (const { infoHash, infoHashV2, name, contentBytes, fileCount } of entries) {
    const found = await torrentFile({ catalog, presence }, infoHash);
    if (found.kind !== "torrent") throw notInCatalog(name);
    const fileName = taken.has(name) ? `${name}-${infoHash.slice(0, 8)}` : name;
    taken.add(name);
    const companion = v1Companion(found.bytes);
    torrents.push({
      name,
      infoHash,
      sizeBytes: contentBytes,
      fileCount,
      torrentFile: await dataDirectory.writeTorrent(`${fileName}.torrent`, found.bytes),
      v1TorrentFile:
        companion && (await dataDirectory.writeTorrent(`${fileName}.v1.torrent`, companion)),
      torrentUrl: `${consoleUrl}/torrents/${infoHash}.torrent`,
      magnet: formatMagnet({ infoHash, infoHashV2, name, trackers }),
      v1Magnet: companion && magnetOf(companion, trackers),
    });
  }
  presence.stop();
  return torrents;
}

/** By the companion's own hash: whoever asks by that is given metadata without a v2 side. */
function magnetOf(torrent: Uint8Array, trackers: readonly string[]): string {
  const metainfo = parseMetainfo(torrent);
  assert(metainfo.kind === "metainfo");
  return formatMagnet({ infoHash: metainfo.infoHash, name: metainfo.name, trackers });
}

function notInCatalog(name: string): SeedfleetError {
  return new SeedfleetError(`Cannot seed ${name}: the catalog does not hold it; start again`, {
    code: "torrent-not-in-catalog",
  });
}
