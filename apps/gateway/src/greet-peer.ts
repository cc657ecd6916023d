import type { Socket } from "node:net";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { Clock } from "@seedfleet/runtime";
import { encodeHandshake, type Handshake, HandshakeDecoder } from "@seedfleet/wire";
import type { CloseReason } from "./close-reason.ts";
import { HANDSHAKE_TIMEOUT_MS } from "./peer-limits.ts";
import type { Torrent } from "./torrent.ts";
import type { Torrents } from "./torrents.ts";

/** No extension bits yet (BEP 6 and 10 name theirs here). */
const RESERVED = new Uint8Array(8);

export type GreetPorts = {
  readonly clock: Clock;
  readonly torrents: Torrents;
  readonly ownPeerId: PeerId;
};

export type Greeted =
  | {
      readonly kind: "greeted";
      readonly torrent: Torrent;
      readonly infoHash: InfoHash;
      readonly peerId: PeerId;
      /** What the peer sent behind its handshake. */
      readonly rest: Uint8Array;
    }
  | { readonly kind: "refused"; readonly reason: CloseReason };

/**
 * The handshake of a peer that connected to us (BEP 3): reads its, finds the torrent, answers. The
 * socket is paused meanwhile, so that a peer can make us hold one read and no more. Leaves it
 * paused, without listeners.
 */
export async function greetPeer(ports: GreetPorts, socket: Socket): Promise<Greeted> {
  const received = await receiveHandshake(ports.clock, socket);
  if (typeof received === "string") return { kind: "refused", reason: received };
  const { handshake, rest } = received;
  if (handshake.peerId === ports.ownPeerId) return { kind: "refused", reason: "own-peer-id" };

  const found = await ports.torrents.find(handshake.infoHash);
  if (found.kind === "refused") return found;
  if (socket.destroyed) return { kind: "refused", reason: "peer-closed" };
  const { infoHash, peerId } = handshake;
  socket.write(encodeHandshake({ infoHash, peerId: ports.ownPeerId, reserved: RESERVED }));
  return { kind: "greeted", torrent: found.torrent, infoHash, peerId, rest };
}

/**
 * The handshake with a peer we connected to (BEP 3): says ours first, for a torrent that we have,
 * and reads its. Leaves the socket paused, without listeners.
 */
export async function greetAnnounced(
  ports: GreetPorts,
  socket: Socket,
  infoHash: InfoHash,
): Promise<Greeted> {
  const found = await ports.torrents.find(infoHash);
  if (found.kind === "refused") return found;
  socket.write(encodeHandshake({ infoHash, peerId: ports.ownPeerId, reserved: RESERVED }));
  const received = await receiveHandshake(ports.clock, socket);
  if (typeof received === "string") return { kind: "refused", reason: received };
  const { peerId } = received.handshake;
  if (peerId === ports.ownPeerId) return { kind: "refused", reason: "own-peer-id" };
  if (received.handshake.infoHash !== infoHash) {
    return { kind: "refused", reason: "torrent-other" };
  }
  return { kind: "greeted", torrent: found.torrent, infoHash, peerId, rest: received.rest };
}

type Received = { readonly handshake: Handshake; readonly rest: Uint8Array };

function receiveHandshake(clock: Clock, socket: Socket): Promise<Received | CloseReason> {
  const decoder = new HandshakeDecoder();
  return new Promise((resolve) => {
    const settle = (outcome: Received | CloseReason): void => {
      cancel();
      socket.pause();
      socket.off("data", receive).off("close", leave);
      resolve(outcome);
    };
    const leave = (): void => settle("peer-closed");
    const receive = (bytes: Buffer): void => {
      decoder.push(bytes);
      const next = decoder.next();
      if (next === null) return;
      if ("kind" in next) return settle(next.code);
      settle({ handshake: next, rest: decoder.takeRest() });
    };
    const cancel = clock.after(HANDSHAKE_TIMEOUT_MS, () => settle("handshake-timeout"));
    socket.on("data", receive).on("close", leave).resume();
  });
}
