import type { PeerMessage } from "@seedfleet/wire";
import type { PeerPieces } from "../peers/peer-pieces.ts";
import type { PeerGiving } from "../swarms/swarm-member.ts";

/** A peer sent far more blocks than anybody asked it for. */
export type DownloadViolation = { readonly kind: "violation"; readonly code: "blocks-unasked" };

/** What a peer says it has, as a download takes it in. */
export type SaidPieces = Pick<PeerPieces, "isFull" | "toBytes">;

/** What is downloaded from one peer, as its connection tells it what the peer says. */
export interface DownloadFromPeer extends PeerGiving {
  /** Whether it gave a block that it was asked for. */
  readonly wasOfUse: boolean;
  /** Whether blocks that it was asked for have not come yet. */
  readonly isAwaiting: boolean;
  /** What the peer said that it has. */
  has(message: PeerMessage, pieces: SaidPieces): void;
  /** The peer lost a piece (BEP 54). */
  lost(piece: number): void;
  receive(message: PeerMessage): DownloadViolation | null;
  /** Asks others for what it does not send; to be called about once a second. */
  tick(nowMs: number): void;
  /** The connection is gone, or the download is. */
  end(): void;
}
