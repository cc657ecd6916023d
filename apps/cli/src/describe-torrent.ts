import type {
  Magnet,
  MagnetPeer,
  Metainfo,
  MetainfoFile,
  TorrentVersion,
} from "@seedfleet/metainfo";

/** A file as `inspect` tells of it; one that is padding lies nowhere. */
export type DescribedFile = Pick<MetainfoFile, "padding" | "executable" | "hidden"> & {
  /** From the torrent's directory, with slashes. */
  readonly path: string;
  readonly size: number;
  /** Where a symbolic link points to, from the torrent's directory. */
  readonly symlink: string | null;
};

type DescribedHashes = {
  /** 40 hex digits; null where the torrent has none of version 1. */
  readonly infoHash: string | null;
  readonly infoHashV2: string | null;
  readonly version: TorrentVersion;
};

/** What a `.torrent` says, in the words that programs of other makers use for it. */
export type DescribedTorrent = DescribedHashes & {
  readonly kind: "torrent";
  readonly name: string;
  readonly single: boolean;
  readonly private: boolean;
  readonly pieceLength: number;
  readonly pieces: number;
  /** With padding. */
  readonly totalSize: number;
  readonly files: readonly DescribedFile[];
  /** Tier by tier. */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly httpSeeds: readonly string[];
  readonly source: string | null;
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** In seconds since 1970, as it stands in the file. */
  readonly creationDate: number | null;
  readonly similar: readonly string[];
  readonly collections: readonly string[];
};

export type DescribedMagnet = DescribedHashes & {
  readonly kind: "magnet";
  readonly name: string | null;
  /** A link knows no tiers; as other readers have it, each tracker is one of its own. */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly MagnetPeer[];
  readonly selectOnly: string | null;
};

export function describeTorrent(metainfo: Metainfo): DescribedTorrent {
  const { name, single, sizeBytes, pieceLengthBytes, pieceCount, files } = metainfo;
  const { trackers, webSeeds, httpSeeds, similar, collections } = metainfo;
  const { source, comment, createdBy, creationDateSeconds } = metainfo;
  return {
    kind: "torrent",
    name,
    ...hashesOf(metainfo),
    ...{ single, private: metainfo.private },
    ...{ pieceLength: pieceLengthBytes, pieces: pieceCount, totalSize: sizeBytes },
    ...{ trackers, webSeeds, httpSeeds },
    ...{ source, comment, createdBy, creationDate: creationDateSeconds },
    ...{ similar, collections },
    files: files.map(describeFile),
  };
}

export function describeMagnet(magnet: Magnet): DescribedMagnet {
  const { name, trackers, webSeeds, peers, selectOnly } = magnet;
  return {
    kind: "magnet",
    name,
    ...hashesOf(magnet),
    trackers: trackers.map((tracker) => [tracker]),
    ...{ webSeeds, peers, selectOnly },
  };
}

/** What is but the head of the v2 info hash is the name of no torrent of version 1. */
function hashesOf({
  version,
  infoHash,
  infoHashV2,
}: Pick<Metainfo, "version" | "infoHash" | "infoHashV2">): DescribedHashes {
  return { infoHash: version === "v2" ? null : infoHash, infoHashV2, version };
}

function describeFile(file: MetainfoFile): DescribedFile {
  const { path, lengthBytes, padding, executable, hidden, symlink } = file;
  return {
    ...{ path: path.join("/"), size: lengthBytes, padding, executable, hidden },
    symlink: symlink?.join("/") ?? null,
  };
}
