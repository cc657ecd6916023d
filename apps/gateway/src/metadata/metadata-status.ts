import type { MetadataProgress } from "./metadata-download.ts";

export type MetadataState = "metadata" | "piece-layers" | "fetched" | "unusable" | "stopped";

/** Where a fetch stands, as its status and its reason are made from. */
export type MetadataStanding = {
  readonly state: MetadataState;
  readonly peersKnown: number;
  readonly peersConnected: number;
  /** Peers that ever answered our handshake. */
  readonly peersAnswered: number;
  /** Peers that sent what is wrong for certain. */
  readonly peersCorrupt: number;
  /** Null as long as nobody says to have the metadata. */
  readonly progress: MetadataProgress | null;
  /** Null until it is known how many there are. */
  readonly layers: { readonly got: number; readonly count: number } | null;
};

export type MetadataStatus = MetadataStanding & {
  /** What it waits for, or why it ended; for people. */
  readonly reason: string;
};

export function metadataStatus(standing: MetadataStanding): MetadataStatus {
  return { ...standing, reason: reasonOf(standing) };
}

function reasonOf(standing: MetadataStanding): string {
  switch (standing.state) {
    case "metadata":
      return whatIsMissing(standing);
    case "piece-layers":
      return layersMissing(standing);
    case "fetched":
      return "the metadata is there";
    case "unusable":
      return "the torrent's metadata is not one that can be used";
    case "stopped":
      return "stopped";
  }
}

function whatIsMissing(standing: MetadataStanding): string {
  const { peersKnown, peersConnected, peersAnswered, peersCorrupt, progress } = standing;
  const wrong = peersCorrupt === 0 ? "" : `; wrong metadata from ${peers(peersCorrupt)} so far`;
  if (progress !== null) {
    return `${progress.piecesGot} of ${progress.pieceCount} pieces of the metadata${wrong}`;
  }
  if (peersKnown === 0)
    return `no peer is known ${peersAnswered === 0 ? "yet" : "any more"}${wrong}`;
  if (peersAnswered === 0) return `no peer has answered yet, of ${peersKnown} known`;
  if (peersConnected === 0) return `no peer is connected, of ${peersKnown} known${wrong}`;
  return `${peers(peersConnected)} connected, none of which has the metadata${wrong}`;
}

function layersMissing({ layers, peersConnected }: MetadataStanding): string {
  const from = peersConnected === 0 ? "no peer is connected" : `${peers(peersConnected)} connected`;
  return `${layers?.got ?? 0} of ${layers?.count ?? 0} parts of the piece layers; ${from}`;
}

function peers(count: number): string {
  return count === 1 ? "1 peer" : `${count} peers`;
}
