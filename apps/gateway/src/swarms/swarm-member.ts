import type { PeerId } from "@seedfleet/bytes";
import type { PeerKey, PeerSnapshot } from "@seedfleet/choker";
import type { CloseReason } from "../peers/close-reason.ts";
import type { TellsPieces } from "./seeded-leechers.ts";
import { UploadRate } from "./upload-rate.ts";

/** What a swarm has done at a peer's connection, which may be another thread's. */
export interface PeerControl extends TellsPieces {
  /** Bytes of blocks that the peer's side has taken, as far as is known here. */
  readonly takenBytes: number;
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
  /** Its IP address, as we see it. */
  readonly host: string;
  /** Whether it was told of nothing yet, of a super-seeded torrent (BEP 16). */
  readonly superSeeded: boolean;
};

/** One peer as its swarm sees it: whether it wants a slot, and whether it has one. */
export class SwarmMember {
  readonly peerKey: PeerKey;
  readonly peerId: PeerId;
  readonly #control: PeerControl;
  readonly #connectedAtMs: number;
  readonly #uploadRate: UploadRate;
  #uploadBytesPerSecond = 0;
  #unchokedAtMs: number | null = null;
  #amChoking = true;
  peerInterested = false;
  takesPex = false;

  constructor({ peerKey, peerId }: PeerIdentity, control: PeerControl, nowMs: number) {
    this.peerKey = peerKey;
    this.peerId = peerId;
    this.#control = control;
    this.#connectedAtMs = nowMs;
    this.#uploadRate = new UploadRate(nowMs);
  }

  get amChoking(): boolean {
    return this.#amChoking;
  }

  /** Renews the rolling upload rate; once a choke round. */
  sampleRate(nowMs: number): void {
    this.#uploadBytesPerSecond = this.#uploadRate.sample(this.#control.takenBytes, nowMs);
  }

  snapshot(): PeerSnapshot {
    return {
      peerKey: this.peerKey,
      amChoking: this.#amChoking,
      peerInterested: this.peerInterested,
      uploadBytesPerSecond: this.#uploadBytesPerSecond,
      connectedAtMs: this.#connectedAtMs,
      unchokedAtMs: this.#unchokedAtMs,
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
    this.#control.unchoke();
  }

  exchangePeers(payload: Uint8Array): void {
    this.#control.exchangePeers(payload);
  }

  close(reason: CloseReason): void {
    this.#control.close(reason);
  }
}
