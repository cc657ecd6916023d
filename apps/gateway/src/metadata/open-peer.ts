import type { Socket } from "node:net";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import { encodeHandshake, reservedBytes } from "@seedfleet/wire";
import { connectTo } from "../peers/announced-peers.ts";
import type { CloseReason } from "../peers/close-reason.ts";
import { dialEachWay } from "../peers/dial-each-way.ts";
import { type GreetedPeer, introduceOurselves } from "../peers/greet-peer.ts";
import { HandshakeReads } from "../peers/handshake-reads.ts";
import type { EncryptionPolicy } from "../peers/open-stream.ts";

export type OpenPeerPorts = {
  readonly clock: Clock;
  /** Is given every socket while it is open, so that it can be closed at any time. */
  readonly opened: (socket: Socket) => void;
  /** Whether nobody is to be dialled any more. */
  readonly isStopped: () => boolean;
};

export type OpenPeerOptions = {
  readonly infoHash: InfoHash;
  /** Says that we would go on by the torrent's v2 hash (BEP 52). */
  readonly v2: boolean;
  /** Whether it is another name of the torrent, by which a peer may answer. */
  readonly hasName: (infoHash: InfoHash) => boolean;
  readonly ownPeerId: PeerId;
  readonly encryption: EncryptionPolicy;
};

export type OpenedPeer = { readonly socket: Socket; readonly greeted: GreetedPeer };

/** Goes to a peer for a torrent of which only the name is known, up to behind the handshake. */
export async function openPeer(
  ports: OpenPeerPorts,
  address: HostPort,
  options: OpenPeerOptions,
): Promise<OpenedPeer | CloseReason> {
  let opened = null as OpenedPeer | null;
  const reason = await dialEachWay(options.encryption, async (encrypt) => {
    const reached = await openOnce(ports, address, { ...options, encrypt });
    if (typeof reached === "string") return reached;
    opened = reached;
    return null;
  });
  return opened ?? reason ?? "peer-closed";
}

async function openOnce(
  { clock, opened, isStopped }: OpenPeerPorts,
  address: HostPort,
  options: OpenPeerOptions & { readonly encrypt: boolean },
): Promise<OpenedPeer | CloseReason> {
  if (isStopped()) return "draining";
  const socket = await connectTo(clock, address);
  if (socket === null) return "unreachable";
  // A reset is an end like any other; "close" follows it.
  socket.on("error", () => {});
  opened(socket);
  // No bit of BEP 6: we have no pieces to tell of, which a silence says as well.
  const reserved = reservedBytes({ fast: false, extended: true, v2: options.v2, dht: false });
  const { infoHash, ownPeerId } = options;
  const handshake = encodeHandshake({ infoHash, peerId: ownPeerId, reserved });
  using reads = new HandshakeReads(clock, socket);
  const greeted = await introduceOurselves(reads, socket, { ...options, handshake });
  if (greeted.kind === "greeted") return { socket, greeted };
  socket.destroy();
  return greeted.reason;
}
