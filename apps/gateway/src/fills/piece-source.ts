import type { Torrent } from "../torrents/torrent.ts";

/** How a fill ended. `gone`: these bytes cannot be had until the torrent is published again. */
export type FillOutcome = "filled" | "gone" | "gave-up";

export type FillWaiter = {
  /** False once it does not want the piece any more. */
  readonly waits: () => boolean;
  readonly tell: (outcome: FillOutcome) => void;
};

/** Brings pieces into the cache, from wherever. */
export interface PieceSource {
  /** Tells `waiter` once the piece is in the cache, or why it never will be. */
  want(
    torrent: Torrent,
    piece: number,
    options: { readonly traceId: string; readonly waiter: FillWaiter },
  ): void;
  /** Brings a piece nobody waits for yet, if there is nothing more urgent to do. */
  prefetch(torrent: Torrent, piece: number): void;
}
