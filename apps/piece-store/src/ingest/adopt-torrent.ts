import { contentChanged } from "@seedfleet/content";
import type { Adoption, IngestJob } from "@seedfleet/contracts";
import type { Metainfo } from "@seedfleet/metainfo";
import { fingerprintOf } from "../content/fingerprint.ts";
import { storedFiles } from "../content/torrent-layout.ts";
import { contentMismatch, metainfoUnusable } from "../errors.ts";
import { badPieces, readCheckable } from "./bad-pieces.ts";
import { type FoundTorrent, findTorrent } from "./find-torrent.ts";
import { contentBytesOf, type Hashing, hashContent } from "./hash-content.ts";
import { type IngestPorts, publishEntry } from "./ingest-ports.ts";
import type { JobControl } from "./job-control.ts";

type Result = NonNullable<IngestJob["result"]>;

type ToAdopt = { readonly locations: readonly string[]; readonly adoption: Adoption };

/**
 * Publishes content by a torrent that is there already: its info hash stays. Names and sizes must
 * fit at once; the bytes are checked now, by a job of its own afterwards, or on first use.
 */
export async function adoptTorrent(
  ports: IngestPorts,
  { locations, adoption }: ToAdopt,
  control: JobControl,
): Promise<Result> {
  const { catalog, holder, jobs } = ports;
  const { infoHash, check } = adoption;
  const { signal } = control;
  const torrent = await readCheckable(catalog, infoHash);
  const totalBytes = contentBytesOf(torrent);
  control.progress({ phase: "listing", name: torrent.name, doneBytes: 0, totalBytes });
  const found: FoundTorrent[] = [];
  for (const location of locations) {
    found.push(await findTorrent(ports, { torrent, location }, signal));
  }
  const isVerified = check === "now";
  for (const [index, each] of isVerified ? found.entries() : []) {
    const part = { index, count: found.length };
    await checkNow(ports, { torrent, found: each }, { phase: "checking", control, part });
  }
  signal.throwIfAborted();
  // A torrent of the same hash may have been removed elsewhere in all that time.
  if ((await catalog.metainfo(infoHash)) === null) {
    throw metainfoUnusable(infoHash, "it was removed from the catalog meanwhile; adopt it again");
  }
  const entry = await publishEntry(
    ports,
    torrent,
    found.map((each) => ({ ...each, isVerified })),
  );
  // A job for each, so that a place that cannot be read keeps no other from being checked.
  for (const { location } of check === "background" ? found : []) {
    await jobs.submit({ holder, locations: [location], torrent: { kind: "check", infoHash } });
  }
  return { entry, hashed: isVerified, skipped: [] };
}

/** Rejects with `content-mismatch` where any piece has other bytes. */
async function checkNow(
  ports: IngestPorts,
  { torrent, found }: { readonly torrent: Metainfo; readonly found: FoundTorrent },
  hashing: Hashing,
): Promise<void> {
  const { version, pieceLengthBytes } = torrent;
  const { fingerprint, location } = found;
  const digests = await hashContent(ports, { ...found, version, pieceLengthBytes }, hashing);
  const files = storedFiles(torrent);
  const { signal } = hashing.control;
  const now = await ports.sources.list(location, files ? { signal, files } : { signal });
  if (fingerprintOf(now) !== fingerprint) throw contentChanged(location);
  const bad = badPieces(torrent, digests);
  const [first] = bad;
  if (first === undefined) return;
  throw contentMismatch(
    location,
    `${bad.length} of ${torrent.pieceCount} pieces have other bytes, ${first} the first of them`,
  );
}
