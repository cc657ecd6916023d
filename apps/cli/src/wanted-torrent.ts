import type { InfoHash, InfoHashV2 } from "@seedfleet/bytes";
import {
  type FileRange,
  type HostPort,
  MIRROR_FILE_RANGES_MAX,
  MIRROR_PEERS_MAX,
  MIRROR_WEB_SEEDS_MAX,
  type Mirror,
  type MirrorChoice,
} from "@seedfleet/contracts";
import { mergeTiers } from "@seedfleet/fleet";
import {
  type Magnet,
  type Metainfo,
  parseMagnet,
  parseMetainfo,
  parseSelection,
} from "@seedfleet/metainfo";
import { SeedfleetError } from "@seedfleet/runtime";
import { downloadTorrent, isWebUrl } from "./download-torrent.ts";
import { metainfoRefused } from "./metainfo-refused.ts";
import { printable } from "./printable.ts";
import { nameOf, type ReadTorrent, readMetainfo } from "./read-torrent.ts";
import { isTrackerUrl, type SwarmOptions } from "./swarm-options.ts";

const MAGNET = /^\s*magnet:/i;
const HOST_LENGTH_MAX = 253;
const NAME_LENGTH_MAX = 1_024;

/** A torrent of somebody else's, and where to find its swarm. */
export type WantedTorrent = {
  readonly infoHash: InfoHash;
  readonly infoHashV2: InfoHashV2 | null;
  readonly name: string | null;
  /** False of a magnet, which does not say. */
  readonly private: boolean;
  readonly trackers: Mirror["trackers"];
  readonly webSeeds: readonly string[];
  readonly peers: readonly HostPort[];
  /** Which files alone are wanted (BEP 53); null is all. */
  readonly files: readonly FileRange[] | null;
  /** Null of a magnet: its metainfo is peers' to give. */
  readonly torrent: ReadTorrent | null;
};

/** Reads what a magnet link, a `.torrent` file or the URL of one says. Throws why it does not. */
export async function wantedTorrent(named: string): Promise<WantedTorrent> {
  if (MAGNET.test(named)) return wantedByMagnet(named);
  if (!isWebUrl(named)) return wantedByTorrent(await readMetainfo(named));
  const bytes = await downloadTorrent(named);
  const metainfo = parseMetainfo(bytes);
  if (metainfo.kind === "violation") throw metainfoRefused(nameOf(named), metainfo);
  return wantedByTorrent({ bytes, metainfo });
}

/** The same of several, each once. */
export async function wantedTorrents(named: readonly string[]): Promise<readonly WantedTorrent[]> {
  const wanted = new Map<InfoHash, WantedTorrent>();
  for (const each of named) {
    const torrent = await wantedTorrent(each);
    wanted.set(torrent.infoHash, torrent);
  }
  return [...wanted.values()];
}

function wantedByMagnet(link: string): WantedTorrent {
  const magnet = parseMagnet(link.trim());
  if (magnet.kind === "violation") throw metainfoRefused("the magnet link", magnet);
  const { infoHash, infoHashV2, name, trackers, webSeeds, peers } = magnet;
  // Each is a tier of its own: a magnet does not say which belong together.
  const tiers = trackers.map((tracker) => [tracker]);
  return {
    ...{ infoHash, infoHashV2, name: name?.slice(0, NAME_LENGTH_MAX) ?? null, private: false },
    ...{ trackers: tiers, webSeeds, peers, files: selectedFiles(magnet), torrent: null },
  };
}

/** Throws `magnet-selection` where it cannot be read: everything would be the wrong guess. */
function selectedFiles({ selectOnly }: Magnet): readonly FileRange[] | null {
  if (selectOnly === null) return null;
  const ranges = parseSelection(selectOnly);
  if (ranges !== null && ranges.length <= MIRROR_FILE_RANGES_MAX) return ranges;
  const message = `Cannot tell which files the magnet link wants: its so= is no list such as \
0,2,4-6 of at most ${MIRROR_FILE_RANGES_MAX} parts; leave it out and choose with --only`;
  throw new SeedfleetError(message, { code: "magnet-selection" });
}

function wantedByTorrent(torrent: ReadTorrent): WantedTorrent {
  const { infoHash, infoHashV2, name, private: isPrivate, trackers, webSeeds } = torrent.metainfo;
  return {
    ...{ infoHash, infoHashV2, name, private: isPrivate, trackers, webSeeds },
    ...{ peers: [], files: null },
    // One without the hashes of its pieces is not of more use than a magnet.
    torrent: hasPieceHashes(torrent.metainfo) ? torrent : null,
  };
}

function hasPieceHashes({ pieceHashes, pieceRoots }: Metainfo): boolean {
  return pieceHashes !== null || pieceRoots !== null;
}

type MirrorTerms = SwarmOptions &
  Pick<Mirror, "holder" | "purpose" | "addedAtMs" | "choice"> & {
    /** Null where nobody says. */
    readonly announce: boolean | null;
  };

/**
 * The record by which gateways download it, within the limits of one: what was said on the command
 * line comes first. Throws `torrent-private` where the DHT is asked for but forbidden (BEP 27).
 */
export function mirrorOf(wanted: WantedTorrent, terms: MirrorTerms): Mirror {
  const { infoHash, infoHashV2, name } = wanted;
  const { holder, purpose, gateways, dht, addedAtMs, announce } = terms;
  const choice = choiceOf(wanted, terms);
  if (wanted.private && dht) throw torrentPrivate(name ?? infoHash);
  const named = terms.trackers.map((tracker) => [tracker]);
  const tiers = wanted.trackers.map((tier) => tier.filter(isTrackerUrl));
  const peers = [...terms.peers, ...wanted.peers].filter(
    ({ host }) => host.length <= HOST_LENGTH_MAX,
  );
  return {
    ...{ infoHash, infoHashV2, name, holder, purpose, gateways, dht, addedAtMs },
    ...(choice === undefined ? {} : { choice }),
    trackers: mergeTiers(named, tiers),
    webSeeds: wanted.webSeeds.filter(isWebUrl).slice(0, MIRROR_WEB_SEEDS_MAX),
    peers: peers.slice(0, MIRROR_PEERS_MAX),
    ...(announce === null ? {} : { announce }),
  };
}

/** What is said on the command line is all that holds. */
function choiceOf(
  { files }: Pick<WantedTorrent, "files">,
  { choice }: Pick<MirrorTerms, "choice">,
): MirrorChoice | undefined {
  if (files === null || (choice !== undefined && choice.only.length > 0)) return choice;
  return { only: [], first: [], sequential: false, ...choice, files };
}

function torrentPrivate(name: string): SeedfleetError {
  const message = `Cannot seek peers of ${printable(name)} in the DHT: it is private`;
  return new SeedfleetError(message, { code: "torrent-private" });
}
