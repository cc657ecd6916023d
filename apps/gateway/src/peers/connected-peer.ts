import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { ReservedBits } from "@seedfleet/wire";
import type { Torrent } from "../torrents/torrent.ts";
import type { PeerStream } from "./peer-stream.ts";

/** Who is at the other end, from its handshake. */
export type ConnectedPeer = {
  readonly stream: PeerStream;
  readonly torrent: Torrent;
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly reserved: ReservedBits;
  /** Its IP address, as we see it. */
  readonly host: string;
  /** Where it listens, if it is we who went there; clients do not say it then. */
  readonly port: number | null;
  /** Whether it is we who want something of it, and leave it for others where it gives nothing. */
  readonly makesRoom: boolean;
  /** Never used twice by this gateway, unlike the peer id, which a peer chooses. */
  readonly serial: number;
  /** The port that peers reach us by. */
  readonly ownPort: number;
};
