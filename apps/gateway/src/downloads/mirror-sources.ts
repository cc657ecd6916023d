import type { HostPort, Mirror } from "@seedfleet/contracts";
import type { Metainfo } from "@seedfleet/metainfo";
import type { DownloadCounts, TrackerAnnounces } from "../announcing/tracker-announces.ts";
import type { TorrentDownload } from "./torrent-download.ts";

/** What sources of peers and of bytes want of a mirror, and tell it. */
export type MirrorSourceEvents = {
  readonly peersFound: (addresses: readonly HostPort[]) => void;
  readonly wantsPeers: () => boolean;
  readonly counts: () => DownloadCounts;
  /** Null until the metadata is there, and when the download is over. */
  readonly download: () => TorrentDownload | null;
};

/** Where a mirror's metadata, peers and bytes come from: trackers, the DHT, peers, web seeds. */
export interface MirrorSources {
  /** What is waited for, for people; null if nothing is. */
  readonly reason: string | null;
  /** May be called again. */
  start(): void;
  /**
   * Peers may be sought everywhere, but of a private torrent at its trackers alone (BEP 27); null
   * where nobody knows yet whether it is one.
   */
  seek(isPrivate: boolean | null): void;
  /** The bytes of the `.torrent`; null when it was stopped before. */
  metadata(signal: AbortSignal): Promise<Uint8Array | null>;
  /** The torrent is known, and blocks are asked for from now on. */
  downloadBegan(metainfo: Metainfo, download: TorrentDownload): void;
  /** It is complete, or stopped. */
  downloadEnded(): void;
  completed(): void;
  /** Whoever asked for it named more: trackers, peers, web seeds, or the torrent's other hash. */
  renew(mirror: Mirror): void;
  /** Ends all but the announces, which are the asker's from then on. */
  handOver(): readonly TrackerAnnounces[];
  stop(withinMs: number): Promise<void>;
}

export type OpenMirrorSources = (mirror: Mirror, events: MirrorSourceEvents) => MirrorSources;
