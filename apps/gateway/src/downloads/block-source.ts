import type { Block } from "@seedfleet/picker";

/** Where blocks come from: a peer, or a web seed. */
export interface BlockSource {
  /** A block that it was asked for came from elsewhere. */
  cancel(block: Block): void;
  /** There may be something to ask it for that was not there before. */
  wake(): void;
  /** It sent what is not the torrent's, for certain. */
  ban(): void;
}
