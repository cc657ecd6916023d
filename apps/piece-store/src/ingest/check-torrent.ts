import type { InfoHash } from "@seedfleet/bytes";
import type { CatalogEntry, IngestJob } from "@seedfleet/contracts";
import type { Metainfo } from "@seedfleet/metainfo";
import { contentMismatch, torrentUnknown } from "../errors.ts";
import { badPieces, readCheckable } from "./bad-pieces.ts";
import { hashContent } from "./hash-content.ts";
import { type FoundContent, type IngestPorts, listTorrent, publishEntry } from "./ingest-ports.ts";
import type { JobControl } from "./job-control.ts";

type Result = NonNullable<IngestJob["result"]>;

type ToCheck = { readonly locations: readonly string[]; readonly infoHash: InfoHash };

type BadAt = { readonly location: string; readonly pieces: readonly number[] };

/**
 * Checks every piece of a torrent at its locations. What is bad is noted, so that it is not given
 * to anybody, and repaired where another source has it right. A location that was refused because
 * its files had been touched is taken back when every byte is right.
 */
export async function checkTorrent(
  ports: IngestPorts,
  { locations, infoHash }: ToCheck,
  control: JobControl,
): Promise<Result> {
  const { catalog, conditions } = ports;
  const { signal } = control;
  const entry = await catalog.find(infoHash);
  if (entry === null) throw torrentUnknown(infoHash);
  const torrent = await readCheckable(catalog, infoHash);
  const { version, pieceLengthBytes } = torrent;
  const right: FoundContent[] = [];
  for (const [index, location] of locations.entries()) {
    const listed = await listTorrent(ports, { torrent, location }, signal);
    const digests = await hashContent(
      ports,
      { ...listed, version, pieceLengthBytes },
      { phase: "checking", control, part: { index, count: locations.length } },
    );
    const pieces = badPieces(torrent, digests);
    if (pieces.length === 0) right.push({ ...listed, isVerified: true });
    else await noteBad(ports, { torrent, entry, bad: { ...listed, pieces } }, signal);
  }
  signal.throwIfAborted();
  const found = right.length === 0 ? entry : await publishEntry(ports, torrent, right);
  // Whoever hears that the check is over looks at what it found.
  await conditions.settled();
  return { entry: found, hashed: true, skipped: [] };
}

type Finding = { readonly torrent: Metainfo; readonly entry: CatalogEntry; readonly bad: BadAt };

/** Notes which pieces are bad at a source and which no longer are, and repairs what it can. */
async function noteBad(
  { checked, conditions, contexts }: IngestPorts,
  { torrent, entry, bad }: Finding,
  signal: AbortSignal,
): Promise<void> {
  const { infoHash, pieceCount } = torrent;
  const { location, pieces } = bad;
  const context = await contexts.find(infoHash);
  const source = context.sources.find((each) => each.location === location);
  if (source === undefined) {
    const problem = `${pieces.length} of ${pieceCount} pieces have other bytes`;
    throw contentMismatch(location, problem);
  }
  const isBad = new Set(pieces);
  for (const piece of conditions.badPieces(infoHash, location)) {
    if (!isBad.has(piece)) conditions.repaired(context, location, piece);
  }
  for (const piece of pieces) conditions.wentBad(context, location, piece);
  if (entry.sources.length === 1) return;
  for (const piece of pieces) {
    signal.throwIfAborted();
    await checked.check(context, source, piece);
  }
}
