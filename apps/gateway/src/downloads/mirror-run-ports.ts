import type { Bus } from "@seedfleet/bus";
import type { Catalog } from "@seedfleet/fleet";
import type { Chance } from "@seedfleet/picker";
import type { PeerSide } from "../peer-side.ts";
import type { Swarms } from "../swarms/swarms.ts";
import type { Torrents } from "../torrents/torrents.ts";
import type { DownloadMemory } from "./download-memory.ts";
import type { DownloadPeersPorts } from "./download-peers.ts";
import type { OpenMirrorSources } from "./mirror-sources.ts";
import type { PieceStoringPorts } from "./piece-storing.ts";
import type { SameTorrentPorts } from "./same-torrent.ts";

export type MirrorRunPorts = Omit<DownloadPeersPorts, "peers"> &
  PieceStoringPorts & {
    readonly bus: Bus;
    readonly catalog: Catalog;
    readonly torrents: Pick<Torrents, "find" | "refresh" | "reread" | "got">;
    readonly swarms: Pick<Swarms, "downloadChanged">;
    readonly peers: Pick<
      PeerSide,
      "dialToDownload" | "downloadBegan" | "downloadEnded" | "sentBytesOf"
    >;
    /** Where mirrors are told by what else their torrents are known. */
    readonly names: SameTorrentPorts;
    readonly openSources: OpenMirrorSources;
    /** For the begun pieces of all mirrors. */
    readonly memory: DownloadMemory;
    readonly chance: Chance;
  };

export type MirrorRunConfig = {
  readonly gateway: string;
};

/** Block bytes that came, and those among them that were of no use. */
export type DownloadedBytes = { readonly downloadedBytes: number; readonly wastedBytes: number };
