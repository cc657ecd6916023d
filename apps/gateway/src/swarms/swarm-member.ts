import { createHash } from "node:crypto";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import { type LeechPeer, type PeerKey, peerKey } from "@seedfleet/choker";
import type { RoundPeer } from "@seedfleet/fleet";
import type { CloseReason } from "../peers/close-reason.ts";
import { RollingRate } from "./rolling-rate.ts";
import type { TellsPieces } from "./seeded-leechers.ts";

/** What a peer gives us, as tit for tat goes by. */
export type PeerGiving = {
  /** Block bytes that it sent. */
  readonly receivedBytes: number;
  readonly amInterested: boolean;
  /** Since when it lets us download; null while it chokes us. */
  readonly unchokedUsAtMs: number | null;
  /** When its last block came; null if never. */
  readonly blockAtMs: number | null;
};

/** What a swarm has done at a peer's connection, which may be another thread's. */
export interface PeerControl extends TellsPieces {
  /** Bytes of blocks that the peer's side has taken, as far as is known here. */
  readonly takenBytes: number;
  /** How many pieces it says it has. */
  readonly havePieces: number;
  /** It wants nothing more, whatever it says of its interest (BEP 21). */
  readonly uploadOnly: boolean;
  /** What is downloaded from it; null where nothing is. */
  readonly download: PeerGiving | null;
  /** Says this to the peer, as it is. */
  say(bytes: Uint8Array): void;
  choke(): void;
  unchoke(): void;
  /** Passes a message of PEX on (BEP 11), if the peer takes any. */
  exchangePeers(payload: Uint8Array): void;
  close(reason: CloseReason): void;
}

/** Who a peer is, as its connection found out. */
export type PeerIdentity = {
  /** Never used twice by this gateway, unlike the peer id, which a peer chooses. */
  readonly peerKey: PeerKey;
  readonly peerId: PeerId;
  /** The hash it knows the torrent by. */
  readonly askedAs: InfoHash;
  /** Its IP address, as we see it. */
  readonly host: string;
  /** Whether it was told of nothing yet, of a super-seeded torrent (BEP 16). */
  readonly superSeeded: boolean;
  /** Whether both sides speak the fast extension (BEP 6). */
  readonly fast: boolean;
};

/** Enough of a hash that no two leechers of a swarm have the same by chance. */
const LEECHER_HASH_BYTES = 12;

/** A client's name in a peer id: the first eight bytes (BEP 20). */
const CLIENT_NAME_DIGITS = 16;

/** One peer as its swarm sees it: whether it wants a slot, and whether it has one. */
export class SwarmMember {
  readonly peerKey: PeerKey;
  readonly peerId: PeerId;
  readonly host: string;
  readonly #identity: PeerIdentity;
  #leecher: PeerKey;
  #listenPort: number | null = null;
  readonly #control: PeerControl;
  readonly #connectedAtMs: number;
  readonly #uploadRate: RollingRate;
  #uploadBytesPerSecond = 0;
  readonly #downloadRate: RollingRate | null;
  #downloadBytesPerSecond = 0;
  #unchokedAtMs: number | null = null;
  /** What it had taken when it last got a slot. */
  #turnFromBytes = 0;
  #amChoking = true;
  peerInterested = false;
  takesPex = false;

  constructor(identity: PeerIdentity, control: PeerControl, nowMs: number) {
    this.peerKey = identity.peerKey;
    this.peerId = identity.peerId;
    this.host = identity.host;
    this.#identity = identity;
    this.#leecher = leecherOf(identity, null);
    this.#control = control;
    this.#connectedAtMs = nowMs;
    this.#uploadRate = new RollingRate(nowMs);
    this.#downloadRate = control.download === null ? null : new RollingRate(nowMs);
  }

  /** Who it is at every gateway. */
  get leecher(): PeerKey {
    return this.#leecher;
  }

  get askedAs(): InfoHash {
    return this.#identity.askedAs;
  }

  /** Where it listens, as far as is known. */
  get listenPort(): number | null {
    return this.#listenPort;
  }

  /** Only the first port counts: with another one later it would be another leecher each time. */
  listensAt(port: number | null): void {
    if (this.#listenPort !== null) return;
    this.#listenPort = port;
    this.#leecher = leecherOf(this.#identity, port);
  }

  get amChoking(): boolean {
    return this.#amChoking;
  }

  /** Whether a slot would be of use to it. */
  get wantsSlot(): boolean {
    return this.peerInterested && !this.#control.uploadOnly;
  }

  /** Whether it wants something of a torrent of so many pieces, now or later. */
  isLeecher(pieceCount: number): boolean {
    return !this.#control.uploadOnly && this.#control.havePieces < pieceCount;
  }

  /** Renews the rolling rates; once a choke round. */
  sampleRate(nowMs: number): void {
    const { takenBytes, download } = this.#control;
    this.#uploadBytesPerSecond = this.#uploadRate.sample(takenBytes, nowMs);
    if (download === null || this.#downloadRate === null) return;
    this.#downloadBytesPerSecond = this.#downloadRate.sample(download.receivedBytes, nowMs);
  }

  /** The peer as a round of tit for tat sees it. */
  leechSnapshot(pieceLengthBytes: number): LeechPeer {
    const { download } = this.#control;
    return {
      ...this.snapshot(pieceLengthBytes),
      downloadBytesPerSecond: this.#downloadBytesPerSecond,
      amInterested: download?.amInterested ?? false,
      unchokedUsAtMs: download?.unchokedUsAtMs ?? null,
      pieceAtMs: download?.blockAtMs ?? null,
    };
  }

  /** The peer as a choke round sees it. */
  snapshot(pieceLengthBytes: number): RoundPeer {
    const { takenBytes, havePieces, uploadOnly } = this.#control;
    return {
      peerKey: this.peerKey,
      leecher: this.leecher,
      amChoking: this.#amChoking,
      peerInterested: this.peerInterested,
      uploadOnly,
      uploadBytesPerSecond: this.#uploadBytesPerSecond,
      connectedAtMs: this.#connectedAtMs,
      unchokedAtMs: this.#unchokedAtMs,
      sentBytes: takenBytes,
      // What the socket still holds counts its headers too, so the total may fall by a little.
      turnBytes: Math.max(0, takenBytes - this.#turnFromBytes),
      haveBytes: havePieces * pieceLengthBytes,
    };
  }

  choke(): void {
    if (this.#amChoking) return;
    this.#amChoking = true;
    this.#control.choke();
  }

  unchoke(nowMs: number): void {
    if (!this.#amChoking) return;
    this.#amChoking = false;
    this.#unchokedAtMs = nowMs;
    this.#turnFromBytes = this.#control.takenBytes;
    this.#control.unchoke();
  }

  exchangePeers(payload: Uint8Array): void {
    this.#control.exchangePeers(payload);
  }

  close(reason: CloseReason): void {
    this.#control.close(reason);
  }
}

/**
 * libtorrent has another peer id for each connection, of which the client's name alone stays. So
 * whose port is known is told by that from others at its address, and whose is not by its id.
 */
function leecherOf({ peerId, host }: PeerIdentity, listenPort: number | null): PeerKey {
  const who = listenPort === null ? peerId : `${peerId.slice(0, CLIENT_NAME_DIGITS)} ${listenPort}`;
  const hash = createHash("sha1").update(`${who} ${host}`).digest();
  return peerKey(hash.toString("base64url", 0, LEECHER_HASH_BYTES));
}
