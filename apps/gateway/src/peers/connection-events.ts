import type { CloseReason } from "./close-reason.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** What a connection tells whoever holds it. */
export interface ConnectionEvents {
  interestChanged(connection: PeerConnection): void;
  /** It said where it listens, and whether it takes PEX. */
  introduced(connection: PeerConnection): void;
  /** It said that it has these pieces, of a super-seeded torrent, or was sent them. */
  had(connection: PeerConnection, pieces: readonly number[]): void;
  closed(connection: PeerConnection, reason: CloseReason): void;
}
