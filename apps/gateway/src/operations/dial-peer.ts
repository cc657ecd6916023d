import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { type InfoHash, infoHashFromBytes, type PeerId, peerIdFromBytes } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import { type Clock, delay, errorCode } from "@seedfleet/runtime";
import { encodeHandshake } from "@seedfleet/wire";
import { dialEachWay } from "../peers/dial-each-way.ts";
import { introduceOurselves } from "../peers/greet-peer.ts";
import { HandshakeReads } from "../peers/handshake-reads.ts";
import type { EncryptionPolicy } from "../peers/open-stream.ts";

/** What came of dialling an address as a peer does. */
export type DialledPeer =
  /** Somebody has the torrent there. */
  | { readonly kind: "answered"; readonly peerId: PeerId }
  /** There was a connection, and no handshake of BitTorrent's for this torrent. */
  | { readonly kind: "no-handshake" }
  /** There was none: a code of the system's, or `timeout`. */
  | { readonly kind: "failed"; readonly code: string };

/**
 * Dials an address, says a torrent's handshake, encrypted where the policy wants that, and leaves
 * as soon as it is answered. With no torrent one is made up, which nobody answers.
 */
export async function dialPeer(
  clock: Clock,
  address: HostPort,
  {
    infoHash = infoHashFromBytes(randomBytes(20)),
    encryption,
    timeoutMs,
  }: {
    readonly infoHash?: InfoHash | undefined;
    readonly encryption: EncryptionPolicy;
    /** For each connection. */
    readonly timeoutMs: number;
  },
): Promise<DialledPeer> {
  let dialled: DialledPeer = { kind: "failed", code: "unknown" };
  await dialEachWay(encryption, async (encrypt) => {
    dialled = await dialOnce(clock, address, { infoHash, encrypt, timeoutMs });
    if (dialled.kind === "answered") return null;
    return dialled.kind === "failed" ? "unreachable" : "peer-closed";
  });
  return dialled;
}

type Dial = {
  readonly infoHash: InfoHash;
  readonly encrypt: boolean;
  readonly timeoutMs: number;
};

async function dialOnce(clock: Clock, address: HostPort, dial: Dial): Promise<DialledPeer> {
  const socket = connect({ ...address, noDelay: true }).pause();
  const settled = new AbortController();
  const { promise: failure, resolve: fail } = Promise.withResolvers<DialledPeer>();
  const { promise: connected, resolve: tell } = Promise.withResolvers<true>();
  socket.once("connect", () => tell(true));
  // Also of a connection that stood: its end is no failure to connect.
  socket.on("error", (error) => fail({ kind: "failed", code: errorCode(error) ?? "unknown" }));
  const late = delay(clock, dial.timeoutMs, settled.signal);
  const lateDial = late.then((): DialledPeer => ({ kind: "failed", code: "timeout" }));
  try {
    const first = await Promise.race([connected, failure, lateDial]);
    if (first !== true) return first;
    const silent = Promise.race([late, failure]).then((): DialledPeer => NO_HANDSHAKE);
    return await Promise.race([greet(clock, socket, dial), silent]);
  } finally {
    settled.abort();
    socket.destroy();
  }
}

const NO_HANDSHAKE: DialledPeer = { kind: "no-handshake" };

async function greet(
  clock: Clock,
  socket: Socket,
  { infoHash, encrypt }: Dial,
): Promise<DialledPeer> {
  const ownPeerId = peerIdFromBytes(randomBytes(20));
  const reserved = new Uint8Array(8);
  using reads = new HandshakeReads(clock, socket);
  const greeted = await introduceOurselves(reads, socket, {
    ...{ infoHash, encrypt, ownPeerId },
    handshake: encodeHandshake({ infoHash, peerId: ownPeerId, reserved }),
    hasName: () => true,
  });
  return greeted.kind === "refused" ? NO_HANDSHAKE : { kind: "answered", peerId: greeted.peerId };
}
