import type { InfoHash, InfoHashV2 } from "@seedfleet/bytes";
import type { TorrentVersion } from "./metainfo.ts";

/** A peer that a magnet names (BEP 9, `x.pe`). An IPv6 host is without its brackets. */
export type MagnetPeer = { readonly host: string; readonly port: number };

/** What a magnet link says (BEP 9, 52, 53): a torrent's info hash and where to find its peers. */
export type Magnet = {
  readonly kind: "magnet";
  /** By which topics the torrent is named: a hybrid one by both. */
  readonly version: TorrentVersion;
  /** What trackers and peers are asked with: of v2 alone it is the head of `infoHashV2`. */
  readonly infoHash: InfoHash;
  readonly infoHashV2: InfoHashV2 | null;
  readonly name: string | null;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly MagnetPeer[];
  /** Which files are wanted (BEP 53, `so`), as it stands there: we seed all or nothing. */
  readonly selectOnly: string | null;
};
