import type { Bitfield } from "@seedfleet/bitfield";
import type { TorrentShape } from "./block-map.ts";
import type { Block, PickerPeer } from "./picker-peer.ts";

export type PickerConfig = {
  readonly shape: TorrentShape;
  /** The pieces that need not be downloaded; it is kept, and added to. */
  readonly there: Bitfield;
  /** `sequential` is for who looks at the content while it comes. */
  readonly order: "rarest" | "sequential";
  /** Whether one piece more may be begun beside so many: each takes memory. Without it always. */
  readonly mayBegin?: (begun: number) => boolean;
};

/** What a block is to us that a peer sent. */
export type Received =
  /** Nobody asked this peer for it, or not any more. */
  | { readonly kind: "unasked" }
  | {
      readonly kind: "taken";
      /** Peers that were asked for it too and should be told not to send it. */
      readonly cancel: readonly PickerPeer[];
      /** Whether its piece is whole now, and to be verified. */
      readonly isWhole: boolean;
    };

/** A piece that was begun and is not verified. */
export type BegunPiece = {
  readonly piece: number;
  /** Whether nobody is asked for anything of it. */
  readonly isIdle: boolean;
  /** Whether all of it came. */
  readonly isWhole: boolean;
};

/** A block that a peer is asked for. */
export type Asked = { readonly peer: PickerPeer; readonly block: Block };

/** Who is to blame for a piece that was not what it should be. */
export type Blame =
  /** All of it came from this peer. */
  | { readonly kind: "certain"; readonly peer: PickerPeer }
  /** Each of them gets pieces of its own until it is clear. */
  | { readonly kind: "suspects"; readonly peers: readonly PickerPeer[] };
