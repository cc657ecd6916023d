import type { Metainfo } from "@seedfleet/metainfo";
import { errorCode } from "@seedfleet/runtime";
import { locationKind } from "../content/locations.ts";
import type { TorrentLayout } from "../content/torrent-layout.ts";
import { type IngestPorts, type ListedContent, listTorrent } from "./ingest-ports.ts";

type FindPorts = Pick<IngestPorts, "sources">;

/** The content of a torrent that was made elsewhere, and where in it each file is. */
export type FoundTorrent = ListedContent & { readonly layout: TorrentLayout };

/**
 * Finds the content of a torrent: it lies at the location, or, as clients save it, under its own
 * name in the directory there. Rejects with what is wrong at whichever of both it seems to be.
 */
export async function findTorrent(
  ports: FindPorts,
  { torrent, location }: { readonly torrent: Metainfo; readonly location: string },
  signal: AbortSignal,
): Promise<FoundTorrent> {
  const list = (at: string): Promise<FoundTorrent> =>
    listTorrent(ports, { torrent, location: at }, signal);
  const within = locationWithin(location, torrent.name);
  if (torrent.single && (await isWithin(ports, { location, within }))) return await list(within);
  try {
    return await list(location);
  } catch (error) {
    if (!isNotThere(error) && errorCode(error) !== "content-mismatch") throw error;
    return await list(within).catch((second: unknown) => {
      signal.throwIfAborted();
      // Where there is nothing either, it is the location itself that was meant.
      throw isNotThere(error) && !isNotThere(second) ? second : error;
    });
  }
}

/** The directory of a single file may be full of other things, which need not be listed. */
async function isWithin(
  { sources }: FindPorts,
  { location, within }: { readonly location: string; readonly within: string },
): Promise<boolean> {
  if (locationKind(location) !== "file") return location.endsWith("/");
  return (await sources.resolveIfThere(within)) !== null;
}

function locationWithin(location: string, name: string): string {
  if (locationKind(location) !== "http" || !URL.canParse(location)) {
    return `${location.replace(/\/+$/, "")}/${name}`;
  }
  const url = new URL(location);
  // A query stays behind the path, as that of an Azure container.
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${encodeURIComponent(name)}`;
  return url.href;
}

function isNotThere(error: unknown): boolean {
  return errorCode(error) === "content-missing";
}
