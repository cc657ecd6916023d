import { type Mirror, manageCall } from "@seedfleet/contracts";
import { storeCode } from "../fills/store-code.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { MirrorRunPorts } from "./mirror-run-ports.ts";
import type { MirrorSources } from "./mirror-sources.ts";
import { tellNames, wasMerged } from "./same-torrent.ts";

const FINAL_CODES: ReadonlySet<string> = new Set([
  "managed-content-off",
  "metainfo-unusable",
  "torrent-unknown",
]);

export type FindMirroredOf = {
  /** As its record is now. */
  readonly mirror: () => Mirror;
  readonly sources: MirrorSources;
  readonly signal: AbortSignal;
  /** The metadata is not there, and is asked of peers. */
  readonly seeking: () => void;
};

/**
 * The torrent of a mirror, with what of it is there: its metadata is fetched where nobody has it,
 * and the store is told to keep it. Null if it was stopped meanwhile, or goes on as another mirror.
 */
export async function findMirrored(
  ports: MirrorRunPorts,
  { mirror, sources, signal, seeking }: FindMirroredOf,
): Promise<Torrent | null> {
  const { bus, catalog, names, torrents } = ports;
  const { infoHash, holder, purpose } = mirror();
  if ((await catalog.metainfo(infoHash)) === null) {
    seeking();
    sources.seek(null);
    const bytes = await sources.metadata(signal);
    if (bytes === null || (await wasMerged(names, mirror(), bytes))) return null;
    await catalog.putMetainfo(infoHash, bytes);
  }
  if (signal.aborted) return null;
  if (purpose === "mirror") await bus.call(manageCall, { holder }, { infoHash });
  const found = await torrents.find(infoHash);
  if (found.kind === "refused") throw new Error(`the torrent cannot be read: ${found.reason}`);
  const { torrent } = found;
  await tellNames(names, mirror(), torrent.metainfo);
  if (purpose === "mirror") {
    await torrents.refresh(torrent);
  } else if (!(await torrents.reread(torrent))) {
    // What is to be restored seems to be there until it is asked for.
    throw new Error("no store says which pieces are bad");
  }
  return torrent;
}

/** Whether trying again would not help. */
export function isFinal(error: unknown): boolean {
  return FINAL_CODES.has(storeCode(error));
}
