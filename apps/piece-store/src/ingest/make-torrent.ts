import assert from "node:assert/strict";
import { contentChanged } from "@seedfleet/content";
import { type IngestJob, SKIPPED_NAMED_MAX, type TorrentOptions } from "@seedfleet/contracts";
import {
  BLOCK_HASH_BYTES,
  choosePieceLengthBytes,
  draftViolation,
  layoutTorrent,
  type Metainfo,
  type MetainfoDraft,
  makeMetainfo,
  PIECE_HASH_BYTES,
  PIECES_MAX,
  parseMetainfo,
} from "@seedfleet/metainfo";
import { fingerprintOf } from "../content/fingerprint.ts";
import { layOut, type TorrentLayout } from "../content/torrent-layout.ts";
import { hashContent } from "./hash-content.ts";
import { memoFingerprintOf } from "./hash-memos.ts";
import {
  type FoundContent,
  type IngestPorts,
  type ListedContent,
  listContent,
  listTorrent,
  publishEntry,
  type TorrentAt,
} from "./ingest-ports.ts";
import type { JobControl } from "./job-control.ts";
import { unsuitable } from "./unsuitable.ts";

const CREATED_BY = "Seedfleet";

/** Of all names together, so that a job's record fits one message of any bus. */
const SKIPPED_NAMED_CHARS_MAX = 65_536;

type Made = { readonly metainfo: Metainfo; readonly metainfoBytes: Uint8Array };

/** A torrent whose files are known, and what it still takes to have it. */
type Plan = {
  readonly torrent: TorrentAt["torrent"];
  readonly make: () => Promise<Made>;
};

type Result = NonNullable<IngestJob["result"]>;

type ToMake = { readonly locations: readonly string[]; readonly options: TorrentOptions };

/**
 * Publishes what lies at a location: hashes it unless a memo says what it is, and writes metainfo,
 * entry and memo in this order; what the location held before goes with the entry. Killed at any
 * point, it leaves a catalog in which every entry is whole, and the next run does the rest.
 *
 * Further locations are mirrors: their names and sizes must fit, their bytes are checked when they
 * are read.
 */
export async function makeAndPublish(
  ports: IngestPorts,
  { locations, options }: ToMake,
  control: JobControl,
): Promise<Result> {
  const { catalog, memos } = ports;
  const { signal } = control;
  const [primary = "", ...mirrors] = locations;
  control.progress({ phase: "listing", name: primary, doneBytes: 0, totalBytes: 0 });
  const listed = await listContent(ports, primary, { signal });
  const hashable = { location: listed.location, options };
  const fingerprint = memoFingerprintOf(listed);
  const known = await findKnown(ports, hashable, fingerprint);
  const hashed = known === null;
  const { torrent, make }: Plan = hashed
    ? planTorrent(ports, { listed, options }, control)
    : { torrent: known.metainfo, make: async () => await Promise.resolve(known) };
  const found: FoundContent[] = [{ ...listed, isVerified: hashed }];
  // What is wrong with a mirror is told before the hours that hashing may take.
  for (const location of mirrors) {
    found.push({ ...(await listTorrent(ports, { torrent, location }, signal)), isVerified: false });
  }
  const { metainfo, metainfoBytes } = await make();
  signal.throwIfAborted();

  const { infoHash } = metainfo;
  if (hashed) await catalog.putMetainfo(infoHash, metainfoBytes);
  const entry = await publishEntry(ports, metainfo, found);
  if (hashed) await memos.remember(hashable, { infoHash, fingerprint });
  const { skipped } = listed.content.listing;
  return { entry, hashed, skipped: named(skipped) };
}

/** What the same content was hashed to before, if its metainfo is still there. */
async function findKnown(
  { catalog, memos }: IngestPorts,
  hashable: Parameters<IngestPorts["memos"]["find"]>[0],
  fingerprint: string,
): Promise<Made | null> {
  const memo = await memos.find(hashable);
  if (memo?.fingerprint !== fingerprint) return null;
  const metainfoBytes = await catalog.metainfo(memo.infoHash);
  const metainfo = metainfoBytes === null ? null : parseMetainfo(metainfoBytes);
  if (metainfoBytes === null || metainfo?.kind !== "metainfo") return null;
  return metainfo.infoHash === memo.infoHash ? { metainfo, metainfoBytes } : null;
}

/** What no torrent can carry is refused here, before anything is hashed. */
function planTorrent(
  ports: IngestPorts,
  { listed, options }: { readonly listed: ListedContent; readonly options: TorrentOptions },
  control: JobControl,
): Plan {
  const { listing } = listed.content;
  const { name, single } = listing;
  const { version, comment, source, webSeeds } = options;
  const pieceLengthBytes = options.pieceLengthBytes ?? choosePieceLengthBytes(listing.sizeBytes);
  const own = listing.files.map(({ path, sizeBytes }) => ({ path, lengthBytes: sizeBytes }));
  const placed = layoutTorrent({ version, pieceLengthBytes, files: own });
  const { files, sizeBytes, pieceCount } = placed;
  const draft = {
    ...{ version, pieceLengthBytes, name, single, files, private: options.private },
    ...{ comment, source, webSeeds, createdBy: CREATED_BY },
  };
  const violation = draftViolation({ ...draft, ...emptyDigests(version, pieceCount) });
  if (violation !== null) throw unsuitable(listing, draft, violation);
  const layout = layOut({ files, sizeBytes, single }, listing);
  return {
    torrent: { files, sizeBytes, single },
    make: () => hash(ports, { listed, draft, layout }, control),
  };
}

type ToHash = {
  readonly listed: ListedContent;
  readonly draft: MetainfoDraft & { readonly version: TorrentOptions["version"] };
  readonly layout: TorrentLayout;
};

/**
 * Hashes listed content and makes its .torrent file: no trackers and no date, so that the same
 * content always gives the same bytes.
 */
async function hash(
  ports: IngestPorts,
  { listed, draft, layout }: ToHash,
  control: JobControl,
): Promise<Made> {
  const { fingerprint, location } = listed;
  const { version, pieceLengthBytes } = draft;
  const digests = await hashContent(
    ports,
    { ...listed, layout, version, pieceLengthBytes },
    { phase: "hashing", control },
  );
  // A file may have changed after its last byte was read, or another come to lie beside it.
  const now = await ports.sources.list(location, { signal: control.signal });
  if (fingerprintOf(now) !== fingerprint) throw contentChanged(location);
  const metainfoBytes = makeMetainfo({ ...draft, ...digests });
  const metainfo = parseMetainfo(metainfoBytes);
  assert(metainfo.kind === "metainfo");
  return { metainfo, metainfoBytes };
}

/**
 * Stand-ins of the right length, so that all but the hashes can be judged before hashing. More
 * pieces than a torrent may have are refused by their number.
 */
function emptyDigests(
  version: TorrentOptions["version"],
  pieceCount: number,
): Pick<MetainfoDraft, "pieceHashes" | "pieceRoots"> {
  const hashCount = Math.min(pieceCount, PIECES_MAX);
  return {
    pieceHashes: version === "v2" ? null : new Uint8Array(hashCount * PIECE_HASH_BYTES),
    pieceRoots: version === "v1" ? null : new Uint8Array(hashCount * BLOCK_HASH_BYTES),
  };
}

function named(skipped: readonly string[]): readonly string[] {
  let chars = 0;
  const fits = (name: string, index: number): boolean => {
    chars += name.length;
    return index < SKIPPED_NAMED_MAX && chars <= SKIPPED_NAMED_CHARS_MAX;
  };
  const cut = skipped.findIndex((name, index) => !fits(name, index));
  if (cut < 0) return skipped;
  return [...skipped.slice(0, cut), `… and ${skipped.length - cut} more`];
}
