import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { type InfoHash, type InfoHashV2, truncatedInfoHash } from "@seedfleet/bytes";
import { METAINFO_BYTES_MAX } from "@seedfleet/metainfo";
import { METADATA_PIECE_BYTES } from "@seedfleet/wire";
import { ANSWER_TIMEOUT_MS, AskablePeers } from "./askable-peers.ts";
import { MetadataTry } from "./metadata-try.ts";
import type { PeerFault, PeerFaultCode } from "./peer-fault.ts";
import { Suspicions } from "./suspicions.ts";

/**
 * As much as libtorrent takes of peers (30 MiB), rounded up. It is hashed and read in one turn of
 * the event loop, which takes 5 ms a MiB; a longer one may still come as a .torrent.
 */
export const INFO_BYTES_MAX: number = 32 * 1024 * 1024;

/** Pieces that are held and asked for, of all tries: any two info dictionaries that we take fit. */
export const METADATA_HELD_BYTES_MAX: number = METAINFO_BYTES_MAX;

export type MetadataAsk = { readonly peer: number; readonly piece: number };

export type MetadataNames = {
  /** As it goes on the wire: the SHA-1, or of a torrent known by v2 alone the head of that. */
  readonly infoHash: InfoHash;
  readonly infoHashV2: InfoHashV2 | null;
};

export type MetadataProgress = {
  readonly sizeBytes: number;
  readonly pieceCount: number;
  readonly piecesGot: number;
};

/**
 * Gets an info dictionary from peers that have it (BEP 9), sans-IO: which piece is asked of whom.
 * Peers are numbers of the caller's, one for an address however often it comes.
 *
 * What a peer says of the size is its claim, so those who claim the same are asked together, each
 * group for itself. Where what a group sent is wrong, any of several may have lied: from then on
 * each of its peers is asked for all of it alone, so that the next wrong one is known for certain;
 * and once the right bytes are there, so are those who sent others. Never more than
 * `METADATA_HELD_BYTES_MAX` are held: a smaller try takes the room of a larger one, so the smallest
 * always goes on, and who holds it up with lies is soon known.
 */
export class MetadataDownload {
  readonly #names: MetadataNames;
  readonly #peers = new AskablePeers();
  readonly #sizes = new Map<number, number>();
  readonly #shared = new Map<number, MetadataTry>();
  readonly #alone = new Map<number, MetadataTry>();
  /** Sizes of which all together sent something wrong. */
  readonly #refuted = new Set<number>();
  readonly #suspicions = new Suspicions();
  #faults: PeerFault[] = [];
  #info: Uint8Array | null = null;

  constructor(names: MetadataNames) {
    this.#names = names;
  }

  /** The info dictionary, once it is there and has the hashes that it must have. */
  get info(): Uint8Array | null {
    return this.#info;
  }

  /** How far the try is that has the most; null as long as nobody claimed to have it. */
  progress(): MetadataProgress | null {
    const [first = null] = this.#tries().sort((one, other) => other.piecesGot - one.piecesGot);
    if (first !== null) return pickProgress(first);
    const [sizeBytes] = this.#sizes.values();
    return sizeBytes === undefined ? null : pickProgress(new MetadataTry(sizeBytes, null));
  }

  /** What is held of all tries, and what may come any moment; `METADATA_HELD_BYTES_MAX` at most. */
  get heldBytes(): number {
    return this.#tries().reduce((sum, each) => sum + each.heldBytes, 0);
  }

  /** A peer says that it has the metadata, of this size; it may say so again. */
  join(peer: number, sizeBytes: number): void {
    const before = this.#sizes.get(peer);
    if (before === sizeBytes) return;
    if (before !== undefined) return this.#blame(peer, "size-changed");
    if (sizeBytes < 1 || sizeBytes > INFO_BYTES_MAX) return this.#blame(peer, "size-out-of-range");
    this.#sizes.set(peer, sizeBytes);
    this.#peers.join(peer);
  }

  /** The peer's connection is gone. What it sent to all is kept, as what others send fits it. */
  leave(peer: number): void {
    const attempt = this.#attemptOf(peer);
    for (const piece of attempt?.piecesAskedOf(peer) ?? []) attempt?.giveUp(piece);
    const sizeBytes = this.#sizes.get(peer);
    this.#alone.delete(peer);
    this.#sizes.delete(peer);
    this.#peers.leave(peer);
    if (attempt?.piecesGot === 0 && !this.#hasMember(sizeBytes)) {
      this.#shared.delete(attempt.sizeBytes);
    }
  }

  /** A piece has come; false of one that was not asked for, or not any more. */
  receive(peer: number, { piece, totalSizeBytes, data }: ReceivedPiece): boolean {
    const attempt = this.#attemptOf(peer);
    if (this.#info !== null || !attempt?.isAskedOf(peer, piece)) return false;
    if (totalSizeBytes !== attempt.sizeBytes) {
      this.#blame(peer, "size-changed");
      return true;
    }
    this.#peers.answered(peer);
    attempt.receive(peer, piece, data);
    if (attempt.isComplete) this.#judge(attempt);
    return true;
  }

  /** The peer will not give a piece; false of one that was not asked for. */
  reject(peer: number, piece: number, nowMs: number): boolean {
    const attempt = this.#attemptOf(peer);
    if (!attempt?.isAskedOf(peer, piece)) return false;
    attempt.giveUp(piece);
    if (this.#peers.inVain(peer, nowMs)) this.#blame(peer, "unhelpful");
    return true;
  }

  /** Waits no longer for what has been asked for long ago. */
  expire(nowMs: number): void {
    for (const attempt of this.#tries()) {
      for (const { piece, peer } of attempt.askedUpTo(nowMs - ANSWER_TIMEOUT_MS)) {
        // With the one before it the peer may have gone, and all that it was asked for.
        if (!attempt.isAskedOf(peer, piece)) continue;
        attempt.giveUp(piece);
        if (this.#peers.inVain(peer, nowMs)) this.#blame(peer, "unhelpful");
      }
    }
  }

  /** What to ask for now: a piece of each peer in turn, as many as they and the room allow. */
  asks(nowMs: number): readonly MetadataAsk[] {
    if (this.#info !== null) return [];
    const asks: MetadataAsk[] = [];
    for (let before = -1; before < asks.length; ) {
      before = asks.length;
      for (const peer of this.#peers.free(nowMs)) {
        const piece = this.#ask(peer, nowMs);
        if (piece !== null) asks.push({ peer, piece });
      }
    }
    // What was asked for first in this very call may have lost its room to a smaller try.
    return asks.filter(({ peer, piece }) => this.#attemptOf(peer)?.isAskedOf(peer, piece));
  }

  /** What peers did wrong since this was last asked; each is to be let go. */
  takeFaults(): readonly PeerFault[] {
    const faults = this.#faults;
    this.#faults = [];
    return faults;
  }

  #ask(peer: number, nowMs: number): number | null {
    const attempt = this.#attemptOf(peer) ?? this.#begin(peer);
    if (!attempt.hasMore || !this.#hasRoomFor(attempt)) return null;
    this.#peers.asked(peer);
    return attempt.ask(peer, nowMs);
  }

  #begin(peer: number): MetadataTry {
    const sizeBytes = this.#sizes.get(peer);
    assert(sizeBytes !== undefined);
    const isAlone = this.#refuted.has(sizeBytes);
    const attempt = new MetadataTry(sizeBytes, isAlone ? peer : null);
    if (isAlone) this.#alone.set(peer, attempt);
    else this.#shared.set(sizeBytes, attempt);
    return attempt;
  }

  /** Makes room for a piece by forgetting larger tries, those first of whom nobody is left. */
  #hasRoomFor(attempt: MetadataTry): boolean {
    let heldBytes = this.heldBytes + METADATA_PIECE_BYTES;
    if (heldBytes <= METADATA_HELD_BYTES_MAX) return true;
    const inTheWay = this.#tries()
      .filter((each) => each.heldBytes > 0 && each !== attempt)
      .map((each) => ({ each, isLeft: !this.#isAttended(each) }))
      .filter(({ each, isLeft }) => isLeft || each.sizeBytes > attempt.sizeBytes)
      .sort((a, b) => Number(b.isLeft) - Number(a.isLeft) || b.each.sizeBytes - a.each.sizeBytes);
    for (const { each } of inTheWay) {
      heldBytes -= each.heldBytes;
      this.#forget(each);
      if (heldBytes <= METADATA_HELD_BYTES_MAX) return true;
    }
    return false;
  }

  #judge(attempt: MetadataTry): void {
    const bytes = attempt.bytes();
    if (!this.#isRight(bytes)) {
      const senders = new Set(attempt.parts().map(({ peer }) => peer));
      this.#forget(attempt);
      const [only] = senders;
      if (senders.size === 1 && only !== undefined) return this.#blame(only, "corrupt");
      this.#suspicions.add(attempt);
      this.#refuted.add(attempt.sizeBytes);
      return;
    }
    this.#info = bytes;
    for (const peer of this.#suspicions.guilty(bytes)) this.#blame(peer, "corrupt");
    for (const each of this.#tries()) this.#forget(each);
  }

  #isRight(bytes: Uint8Array): boolean {
    const { infoHash, infoHashV2 } = this.#names;
    if (infoHashV2 !== null && hash("sha256", bytes) !== infoHashV2) return false;
    // Of v2 alone it is the same hash, cut.
    if (infoHashV2 !== null && truncatedInfoHash(infoHashV2) === infoHash) return true;
    return hash("sha1", bytes) === infoHash;
  }

  /** Ends a try; whoever was asked is not to blame. */
  #forget(attempt: MetadataTry): void {
    for (const { peer } of attempt.askedUpTo(Number.POSITIVE_INFINITY)) {
      this.#peers.forgotten(peer);
    }
    if (attempt.alone === null) this.#shared.delete(attempt.sizeBytes);
    else this.#alone.delete(attempt.alone);
  }

  #blame(peer: number, code: PeerFaultCode): void {
    this.#faults.push({ peer, code });
    this.leave(peer);
  }

  #attemptOf(peer: number): MetadataTry | undefined {
    const sizeBytes = this.#sizes.get(peer);
    if (sizeBytes === undefined) return undefined;
    return this.#refuted.has(sizeBytes) ? this.#alone.get(peer) : this.#shared.get(sizeBytes);
  }

  #tries(): MetadataTry[] {
    return [...this.#shared.values(), ...this.#alone.values()];
  }

  #isAttended({ alone, sizeBytes }: MetadataTry): boolean {
    return alone !== null || this.#hasMember(sizeBytes);
  }

  #hasMember(sizeBytes: number | undefined): boolean {
    return this.#sizes.values().some((size) => size === sizeBytes);
  }
}

export type ReceivedPiece = {
  readonly piece: number;
  readonly totalSizeBytes: number;
  readonly data: Uint8Array;
};

function pickProgress({ sizeBytes, pieceCount, piecesGot }: MetadataTry): MetadataProgress {
  return { sizeBytes, pieceCount, piecesGot };
}
