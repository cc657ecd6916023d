import type { InfoHash } from "@seedfleet/bytes";

/** A peer that a magnet names (BEP 9, `x.pe`). An IPv6 host is without its brackets. */
export type MagnetPeer = { readonly host: string; readonly port: number };

/** What a magnet link says (BEP 9, 53): a torrent's info hash and where to find its peers. */
export type Magnet = {
  readonly kind: "magnet";
  readonly infoHash: InfoHash;
  /** 64 lower-case hex digits of a hybrid torrent's other hash (BEP 52). */
  readonly infoHashV2: string | null;
  readonly name: string | null;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly MagnetPeer[];
  /** Which files are wanted (BEP 53, `so`), as it stands there: we seed all or nothing. */
  readonly selectOnly: string | null;
};
