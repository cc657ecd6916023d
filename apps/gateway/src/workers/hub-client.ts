import type { InfoHash } from "@seedfleet/bytes";
import type { PeerKey } from "@seedfleet/choker";
import { parseMetainfo } from "@seedfleet/metainfo";
import type { FillOutcome, FillWaiter, PieceSource } from "../fills/piece-source.ts";
import type { PeerControl, PeerIdentity } from "../swarms/swarm-member.ts";
import type { Introduction, SwarmSide } from "../swarms/swarms.ts";
import { Torrent } from "../torrents/torrent.ts";
import type { FoundTorrent } from "../torrents/torrents.ts";
import type { BatchedPort } from "./batched-port.ts";
import type { LeasedPieces } from "./leased-pieces.ts";
import { RemoteDownload } from "./remote-download.ts";
import type { FromWorker, PeerProgress, ToldTorrent, ToWorker } from "./worker-messages.ts";

/** Who waits for a piece that was asked for by this call. */
type Wanted = { readonly call: number; readonly waiters: FillWaiter[] };

/** What is taken for known of a peer that was just told of. */
const NO_PROGRESS: PeerProgress = { takenBytes: 0, havePieces: 0, uploadOnly: false };

type Found = (ToWorker & { readonly kind: "found" })["found"];

/**
 * The gateway as a peer thread sees it: torrents, pieces and swarms, all of them by messages to the
 * thread that knows the fleet. Torrents are called by the number that thread gave them.
 */
export class HubClient implements PieceSource, SwarmSide {
  readonly #port: BatchedPort<FromWorker>;
  readonly #pieces: LeasedPieces;
  readonly #torrents = new Map<number, Torrent>();
  readonly #numbers = new WeakMap<Torrent, number>();
  readonly #finding = new Map<number, (found: FoundTorrent) => void>();
  readonly #resolving = new Map<number, (infoHash: InfoHash | null) => void>();
  /** By torrent and piece; also of torrents that are forgotten meanwhile, until it is answered. */
  readonly #wanted = new Map<number, Map<number, Wanted>>();
  readonly #peers = new Map<PeerKey, PeerControl>();
  /** What was said of each last. */
  readonly #reported = new Map<PeerKey, PeerProgress>();
  #lastCall = 0;

  constructor(port: BatchedPort<FromWorker>, pieces: LeasedPieces) {
    this.#port = port;
    this.#pieces = pieces;
  }

  /** The torrent that is called by this number here; null once it is forgotten. */
  torrentAt(number: number): Torrent | null {
    return this.#torrents.get(number) ?? null;
  }

  find(infoHash: InfoHash): Promise<FoundTorrent> {
    const { promise, resolve } = Promise.withResolvers<FoundTorrent>();
    const call = this.#nextCall();
    this.#finding.set(call, resolve);
    this.#port.post({ kind: "find", call, infoHash });
    return promise;
  }

  findObfuscated(hash: Uint8Array): Promise<InfoHash | null> {
    const { promise, resolve } = Promise.withResolvers<InfoHash | null>();
    const call = this.#nextCall();
    this.#resolving.set(call, resolve);
    this.#port.post({ kind: "find-obfuscated", call, hash });
    return promise;
  }

  want(
    torrent: Torrent,
    piece: number,
    { traceId, waiter }: { readonly traceId: string; readonly waiter: FillWaiter },
  ): void {
    const number = this.numberOf(torrent);
    const ofTorrent = this.#wanted.get(number) ?? new Map<number, Wanted>();
    this.#wanted.set(number, ofTorrent);
    const wanted = ofTorrent.get(piece);
    if (wanted !== undefined) return void wanted.waiters.push(waiter);
    const call = this.#nextCall();
    ofTorrent.set(piece, { call, waiters: [waiter] });
    this.#port.post({ kind: "want", call, torrent: number, piece, traceId });
  }

  prefetch(torrent: Torrent, piece: number): void {
    this.#port.post({ kind: "prefetch", torrent: this.numberOf(torrent), piece });
  }

  join(torrent: Torrent, identity: PeerIdentity, control: PeerControl): void {
    const { peerKey, peerId, askedAs, host, superSeeded, fast } = identity;
    this.#peers.set(peerKey, control);
    const peer = { peerKey, peerId, askedAs, host, superSeeded, fast };
    const isSource = control.download !== null;
    this.#port.post({ kind: "joined", torrent: this.numberOf(torrent), peer, isSource });
  }

  interestChanged(_torrent: Torrent, peerKey: PeerKey, interested: boolean): void {
    this.#port.post({ kind: "interest", peerKey, interested });
  }

  introduced(_torrent: Torrent, peerKey: PeerKey, peer: Introduction): void {
    this.#port.post({ kind: "introduced", peerKey, peer });
  }

  had(_torrent: Torrent, peerKey: PeerKey, pieces: readonly number[]): void {
    this.#port.post({ kind: "had", peerKey, pieces });
  }

  leave(_torrent: Torrent, peerKey: PeerKey): void {
    this.#peers.delete(peerKey);
    this.#reported.delete(peerKey);
    this.#port.post({ kind: "left", peerKey });
  }

  /** Says how far peers have come since it was said last, and what they want no more. */
  report(sentBytes: number): void {
    this.#unwant();
    const peers: (readonly [PeerKey, PeerProgress])[] = [];
    for (const [peerKey, { takenBytes, havePieces, uploadOnly }] of this.#peers) {
      const last = this.#reported.get(peerKey) ?? NO_PROGRESS;
      const isSame = last.takenBytes === takenBytes && last.havePieces === havePieces;
      if (isSame && last.uploadOnly === uploadOnly) continue;
      const progress = { takenBytes, havePieces, uploadOnly };
      this.#reported.set(peerKey, progress);
      peers.push([peerKey, progress]);
    }
    this.#port.post({ kind: "sent", sentBytes, peers });
  }

  /** What of the messages is about torrents, pieces and peers. */
  receive(message: ToWorker): void {
    switch (message.kind) {
      case "found":
        return this.#found(message.call, message.found);
      case "found-obfuscated":
        this.#resolving.get(message.call)?.(message.infoHash);
        this.#resolving.delete(message.call);
        return;
      case "piece":
        return this.#pieceLent(message);
      case "no-piece":
        return this.#noPiece(message);
      case "evicted":
        return this.#pieces.evicted(message.lease);
      case "forget":
        this.#torrents.delete(message.torrent);
        return;
      case "download-began":
        return this.#downloadBegan(message.torrent);
      case "choke":
      case "unchoke":
        return this.#peers.get(message.peerKey)?.[message.kind]();
      case "say":
        return this.#peers.get(message.peerKey)?.say(message.bytes);
      case "exchange-peers":
        return this.#peers.get(message.peerKey)?.exchangePeers(message.payload);
      case "tell":
        return this.#peers.get(message.peerKey)?.tell(message.pieces);
      case "close":
        return this.#peers.get(message.peerKey)?.close(message.reason);
      default:
        return;
    }
  }

  #found(call: number, found: Found): void {
    const tell = this.#finding.get(call);
    this.#finding.delete(call);
    if ("refused" in found) tell?.({ kind: "refused", reason: found.refused });
    else {
      const torrent = this.#torrentOf(found);
      if (torrent === null) tell?.({ kind: "refused", reason: "torrent-unreadable" });
      else tell?.({ kind: "torrent", torrent });
    }
  }

  #torrentOf({ torrent: number, downloading, told }: ToldTorrent): Torrent | null {
    const known = this.#torrents.get(number);
    if (known !== undefined || told === null) return known ?? null;
    const metainfo = parseMetainfo(told.metainfo);
    if (metainfo.kind !== "metainfo") return null;
    const torrent = new Torrent(metainfo, told.entry);
    for (const piece of told.gone) torrent.have.remove(piece);
    if (downloading) torrent.remoteDownload = new RemoteDownload(this.#port, number);
    this.#torrents.set(number, torrent);
    this.#numbers.set(torrent, number);
    return torrent;
  }

  /** Peers that are here already are not downloaded from, as where there is one thread. */
  #downloadBegan(number: number): void {
    const torrent = this.#torrents.get(number);
    if (torrent !== undefined) torrent.remoteDownload = new RemoteDownload(this.#port, number);
  }

  #pieceLent(lent: ToWorker & { readonly kind: "piece" }): void {
    const { torrent: number, piece, lease } = lent;
    const torrent = this.#torrents.get(number);
    if (torrent === undefined) {
      // Forgotten meanwhile: the lease goes back as it came.
      this.#port.post({ kind: "give-back", lease });
      return this.#tell(number, piece, "gave-up");
    }
    this.#pieces.take({ shelf: torrent.shelf, piece }, lent);
    this.#tell(number, piece, "filled");
  }

  #noPiece({ torrent: number, piece, outcome }: ToWorker & { readonly kind: "no-piece" }): void {
    if (outcome === "gone") this.#torrents.get(number)?.have.remove(piece);
    this.#tell(number, piece, outcome);
  }

  #tell(number: number, piece: number, outcome: FillOutcome): void {
    const { waiters } = this.#wanted.get(number)?.get(piece) ?? { waiters: [] };
    this.#settled(number, piece);
    for (const waiter of waiters) waiter.tell(outcome);
  }

  #settled(number: number, piece: number): void {
    const ofTorrent = this.#wanted.get(number);
    ofTorrent?.delete(piece);
    if (ofTorrent?.size === 0) this.#wanted.delete(number);
  }

  /** Pieces of peers that are gone, or choked, or have cancelled need not be brought. */
  #unwant(): void {
    for (const [number, ofTorrent] of this.#wanted) {
      for (const [piece, { call, waiters }] of ofTorrent) {
        if (waiters.some((waiter) => waiter.waits())) continue;
        this.#settled(number, piece);
        this.#port.post({ kind: "unwant", call });
      }
    }
  }

  numberOf(torrent: Torrent): number {
    return this.#numbers.get(torrent) ?? -1;
  }

  #nextCall(): number {
    this.#lastCall += 1;
    return this.#lastCall;
  }
}
