import type { Socket } from "node:net";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { Clock } from "@seedfleet/runtime";
import {
  encodeHandshake,
  type Handshake,
  HandshakeDecoder,
  type ReservedBits,
  reservedBits,
  reservedBytes,
} from "@seedfleet/wire";
import type { Torrent } from "../torrents/torrent.ts";
import type { FoundTorrent } from "../torrents/torrents.ts";
import type { CloseReason } from "./close-reason.ts";
import { HandshakeReads } from "./handshake-reads.ts";
import {
  acceptStream,
  type EncryptionPolicy,
  encryptStream,
  type FindObfuscated,
  type OpenedStream,
} from "./open-stream.ts";
import type { StreamCiphers } from "./peer-stream.ts";

/** Finds the torrent that has this info hash, or a name that leads to it. */
export type FindTorrent = (infoHash: InfoHash) => Promise<FoundTorrent>;

export type GreetPorts = {
  readonly clock: Clock;
  readonly findTorrent: FindTorrent;
  readonly findObfuscated: FindObfuscated;
  /** True of the info hash by which the gateway looks whether it can be reached. */
  readonly isProbe: (infoHash: InfoHash) => boolean;
  readonly ownPeerId: PeerId;
  readonly encryption: EncryptionPolicy;
};

/** A peer that has said who it is. */
export type GreetedPeer = {
  readonly kind: "greeted";
  /** As the peer has it: the torrent's, or an alias. */
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly reserved: ReservedBits;
  readonly ciphers: StreamCiphers | null;
  /** What the peer sent behind its handshake. */
  readonly rest: Uint8Array;
};

export type RefusedPeer = { readonly kind: "refused"; readonly reason: CloseReason };

export type Greeted = (GreetedPeer & { readonly torrent: Torrent }) | RefusedPeer;

/** What we say of ourselves to a peer that we connected to, and what it may answer. */
export type Introduction = {
  readonly infoHash: InfoHash;
  readonly handshake: Uint8Array;
  readonly encrypt: boolean;
  readonly ownPeerId: PeerId;
  /** Whether another info hash is a name of the torrent, too. */
  readonly hasName: (infoHash: InfoHash) => boolean;
};

/**
 * The handshake of a peer that connected to us (BEP 3), encrypted or not: reads its, finds the
 * torrent, answers. Leaves the socket paused, without listeners.
 */
export async function greetPeer(ports: GreetPorts, socket: Socket): Promise<Greeted> {
  using reads = new HandshakeReads(ports.clock, socket);
  const { encryption: policy, findObfuscated: find } = ports;
  const stream = await acceptStream(reads, socket, { policy, find });
  if (typeof stream === "string") return refused(stream);
  const received = await receiveHandshake(reads, stream);
  if (typeof received === "string") return refused(received);
  const { handshake, rest } = received;
  const { infoHash, peerId } = handshake;
  if (peerId === ports.ownPeerId) {
    return refused(ports.isProbe(infoHash) ? "probe" : "own-peer-id");
  }

  const found = await ports.findTorrent(infoHash);
  if (found.kind === "refused") return found;
  if (socket.destroyed) return refused("peer-closed");
  const { torrent } = found;
  const answer = ourHandshake(ports, infoHash, torrent);
  stream.ciphers?.outgoing.cryptInto(answer, answer, 0);
  socket.write(answer);
  const reserved = reservedBits(handshake.reserved);
  return { kind: "greeted", torrent, infoHash, peerId, reserved, ciphers: stream.ciphers, rest };
}

/**
 * The handshake with a peer we connected to (BEP 3): says ours first, for a torrent that we have,
 * and reads its. Leaves the socket paused, without listeners.
 */
export async function greetAnnounced(
  ports: GreetPorts,
  socket: Socket,
  { infoHash, encrypt }: { readonly infoHash: InfoHash; readonly encrypt: boolean },
): Promise<Greeted> {
  using reads = new HandshakeReads(ports.clock, socket);
  const found = await ports.findTorrent(infoHash);
  if (found.kind === "refused") return found;
  const { torrent } = found;
  const introduced = await introduceOurselves(reads, socket, {
    ...{ infoHash, encrypt, ownPeerId: ports.ownPeerId },
    handshake: ourHandshake(ports, infoHash, torrent),
    hasName: (name) => hasName(torrent, name),
  });
  return introduced.kind === "refused" ? introduced : { ...introduced, torrent };
}

/**
 * Says our handshake on a connection that we opened, and reads the peer's. Whoever has the `reads`
 * ends them.
 */
export async function introduceOurselves(
  reads: HandshakeReads,
  socket: Socket,
  { infoHash, handshake: ours, encrypt, ownPeerId, hasName: isName }: Introduction,
): Promise<GreetedPeer | RefusedPeer> {
  if (!encrypt) socket.write(ours);
  const stream = encrypt
    ? await encryptStream(reads, socket, { infoHash, initialPayload: ours })
    : { ciphers: null, received: new Uint8Array(0) };
  if (typeof stream === "string") return refused(stream);
  const received = await receiveHandshake(reads, stream);
  if (typeof received === "string") return refused(received);
  const { handshake, rest } = received;
  const { peerId } = handshake;
  if (peerId === ownPeerId) return refused("own-peer-id");
  const theirs = handshake.infoHash;
  if (theirs !== infoHash && !isName(theirs)) return refused("torrent-other");
  const reserved = reservedBits(handshake.reserved);
  const { ciphers } = stream;
  return { kind: "greeted", infoHash: theirs, peerId, reserved, ciphers, rest };
}

/** Asked by a hybrid's v1 hash, a peer may answer by the one of v2 (BEP 52): libtorrent does. */
function hasName({ infoHash, entry }: Torrent, name: InfoHash): boolean {
  return name === infoHash || entry.aliases.includes(name);
}

/** A hybrid says by the v2 bit that it has a tree of hashes, whichever hash it is asked by. */
export function ourHandshake(
  { ownPeerId }: Pick<GreetPorts, "ownPeerId">,
  infoHash: InfoHash,
  { metainfo }: Pick<Torrent, "metainfo">,
): Uint8Array {
  const v2 = metainfo.version === "hybrid";
  const reserved = reservedBytes({ fast: true, extended: true, v2, dht: false });
  return encodeHandshake({ infoHash, peerId: ownPeerId, reserved });
}

type Received = { readonly handshake: Handshake; readonly rest: Uint8Array };

async function receiveHandshake(
  reads: HandshakeReads,
  { ciphers, received }: OpenedStream,
): Promise<Received | CloseReason> {
  const decoder = new HandshakeDecoder();
  decoder.push(received);
  for (let next = decoder.next(); ; next = decoder.next()) {
    if (next !== null) {
      return "kind" in next ? next.code : { handshake: next, rest: decoder.takeRest() };
    }
    const bytes = await reads.next();
    if (typeof bytes === "string") return bytes;
    ciphers?.incoming.crypt(bytes);
    decoder.push(bytes);
  }
}

function refused(reason: CloseReason): RefusedPeer {
  return { kind: "refused", reason };
}
