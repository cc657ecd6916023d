import { downloadTraceId, type PeerId } from "@seedfleet/bytes";
import { type PeerKey, peerKey } from "@seedfleet/choker";
import { visitorMark } from "@seedfleet/eviction";
import { encodeDontHaveMessage, encodeMessage } from "@seedfleet/wire";
import { BlockPath, type BlockPathPorts } from "../blocks/block-path.ts";
import type { DownloadFromPeer } from "../downloads/download-from-peer.ts";
import type { FillOutcome } from "../fills/piece-source.ts";
import type { PeerControl } from "../swarms/swarm-member.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { allowedFastFor } from "./allowed-fast-for.ts";
import type { CloseReason } from "./close-reason.ts";
import type { ConnectedPeer } from "./connected-peer.ts";
import type { ConnectionEvents } from "./connection-events.ts";
import { downloadFor } from "./download-for.ts";
import { extensionsFor, onlyUploads } from "./extensions-for.ts";
import { HashAnswers } from "./hash-answers.ts";
import type { PeerExtensions } from "./peer-extensions.ts";
import { PeerLiveness } from "./peer-liveness.ts";
import { PeerSession } from "./peer-session.ts";
import { firstPieces, haves, suggestions } from "./say-pieces.ts";
import { ToldPieces } from "./told-pieces.ts";
import { whenPieceSent } from "./when-piece-sent.ts";

const CHOKE = encodeMessage({ kind: "choke" });
const UNCHOKE = encodeMessage({ kind: "unchoke" });
const KEEP_ALIVE = encodeMessage({ kind: "keep-alive" });

/** One peer's connection after its handshake: its socket, its protocol state, its life. */
export class PeerConnection implements PeerControl {
  readonly peerKey: PeerKey;
  /** What is downloaded from it; null where nothing is. */
  readonly download: DownloadFromPeer | null;
  readonly #ports: BlockPathPorts;
  readonly #peer: ConnectedPeer;
  readonly #events: ConnectionEvents;
  readonly #extensions: PeerExtensions | null;
  readonly #session: PeerSession;
  readonly #blocks: BlockPath;
  readonly #told: ToldPieces;
  readonly #traceId: string;
  #hashAnswers: HashAnswers | null = null;
  readonly #liveness: PeerLiveness;
  /** What was told of it: where it listens, and whether it takes PEX. */
  #introduced: readonly [number | null, boolean] = [null, false];
  #started = false;
  #closed = false;

  constructor(ports: BlockPathPorts, peer: ConnectedPeer, events: ConnectionEvents) {
    const { stream, torrent, peerId, serial, reserved } = peer;
    const { metainfo, have } = torrent;
    const nowMs = ports.clock.nowMs();
    this.peerKey = peerKey(`${peerId.slice(-16)}-${serial}`);
    this.#ports = ports;
    this.#peer = peer;
    this.#traceId = downloadTraceId(peer.infoHash, peerId);
    this.#events = events;
    this.#told = ToldPieces.of(torrent);
    this.download = downloadFor(peer, this, ports.clock);
    this.#extensions = reserved.extended ? extensionsFor(peer, this.#told, nowMs) : null;
    this.#session = new PeerSession({
      ...{ shape: metainfo, have, told: this.#told, fast: reserved.fast },
      ...{ extensions: this.#extensions, hasTree: metainfo.version !== "v1" },
      ...{ download: this.download, reusesReads: stream.reusesReads },
    });
    this.#blocks = new BlockPath(ports, {
      ...{ stream, torrent, session: this.#session, traceId: this.#traceId },
      ...{ mark: visitorMark(serial), nextAnswer: () => this.#nextAnswer() },
      blockSent: this.superSeeded
        ? whenPieceSent(metainfo, (piece) => events.had(this, [piece]))
        : null,
      pieceMissing: (piece, outcome) => this.#pieceMissing(piece, outcome),
    });
    this.#liveness = new PeerLiveness(nowMs);
  }

  /** Says what we have and begins to read, first what came behind the handshake. */
  start(rest: Uint8Array): void {
    if (this.#closed) return;
    const { stream, torrent, reserved } = this.#peer;
    stream.open(
      (bytes) => this.#receive(bytes),
      () => this.close("peer-closed"),
    );
    stream.cork();
    this.#started = true;
    stream.write(firstPieces(torrent, this.#told, reserved));
    if (this.#extensions !== null) stream.write(this.#extensions.hello());
    stream.uncork();
    if (rest.length > 0) this.#receive(rest);
    if (!this.#closed) this.#blocks.readOrNot();
  }

  get torrent(): Torrent {
    return this.#peer.torrent;
  }

  get peerId(): PeerId {
    return this.#peer.peerId;
  }

  get host(): string {
    return this.#peer.host;
  }

  /** Where it says that it listens; null until it does. */
  get listenPort(): number | null {
    return this.#extensions?.listenPort ?? this.#peer.port;
  }

  get fast(): boolean {
    return this.#peer.reserved.fast;
  }

  get takesPex(): boolean {
    return this.#extensions?.takesPex ?? false;
  }

  /** Whether it is told of single pieces, instead of all (BEP 16). */
  get superSeeded(): boolean {
    return !this.#told.isAll;
  }

  get peerInterested(): boolean {
    return this.#session.peerInterested;
  }

  get amChoking(): boolean {
    return this.#session.amChoking;
  }

  /** Block bytes handed to the socket since the connection began. */
  get sentBytes(): number {
    return this.#blocks.sentBytes;
  }

  /** Bytes of blocks that the peer's side has taken. */
  get takenBytes(): number {
    return this.#blocks.takenBytes;
  }

  get havePieces(): number {
    return this.#session.havePieces;
  }

  get uploadOnly(): boolean {
    return this.#extensions?.uploadOnly ?? false;
  }

  /** Whether it is sent metadata or hashes, which a choked peer gets too. */
  isAnswered(nowMs: number): boolean {
    return this.#blocks.answersLately(nowMs);
  }

  /** Takes no more requests, so that `isBusy` ends. */
  finish(): void {
    this.#session.finish();
  }

  /** True while requests wait for an answer or answers for the socket. */
  get isBusy(): boolean {
    const isAsking = this.#session.requests.count > 0 || this.#blocks.isAnswering;
    return isAsking || this.#peer.stream.waitingBytes > 0;
  }

  choke(): void {
    if (this.#session.amChoking || this.#closed) return;
    this.say(CHOKE);
    this.#session.choke();
    this.#blocks.flush();
  }

  unchoke(): void {
    if (!this.#session.amChoking || this.#closed) return;
    this.#session.unchoke();
    const wants = (piece: number) => this.#told.has(piece) && !this.#session.peerHas(piece);
    if (this.fast) this.say(suggestions(this.#peer.torrent, wants));
    this.say(UNCHOKE);
  }

  exchangePeers(payload: Uint8Array): void {
    this.say(this.#extensions?.pexMessage(payload) ?? null);
  }

  /** Says that we have these pieces, or all. What cannot be had, or the peer has, is left out. */
  tell(pieces: readonly number[] | "all"): void {
    const news = this.#told.tell(pieces);
    if (!this.#started) return;
    const { have } = this.#peer.torrent;
    const wanted = news.filter((piece) => have.has(piece) && !this.#session.peerHas(piece));
    this.say(haves(wanted));
  }

  /** A piece came to be there: says so to a peer that was told of all we had. */
  got(piece: number): void {
    if (!this.#started || !this.#told.isAll || this.#session.peerHas(piece)) return;
    this.say(haves([piece]));
  }

  /** Nothing more is wanted of the torrent: a peer that has it all as well goes. */
  downloadEnded(): void {
    this.download?.end();
    if (this.#closed) return;
    if (this.#isOfNoUse) return this.close("peer-is-seed");
    if (!onlyUploads(this.#peer.torrent, this.#told)) return;
    const news = this.#extensions?.onlyUpload() ?? null;
    if (this.#started) this.say(news);
  }

  /** Closes a peer that is gone and keeps alive one that only waits; called every few seconds. */
  checkAlive(nowMs: number): void {
    const { fullSinceMs, sentBytes } = this.#blocks;
    const found = this.#liveness.check({ fullSinceMs, sentBytes }, nowMs);
    if (found === "keep-alive") this.say(KEEP_ALIVE);
    else if (found !== null) this.close(found);
  }

  /** Ends the connection. What the socket already holds is still sent when we leave in peace. */
  close(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.choke();
    this.download?.end();
    this.#blocks.close();
    this.#hashAnswers?.stop();
    if (reason === "draining") this.#peer.stream.end(CHOKE);
    else this.#peer.stream.destroy();
    this.#events.closed(this, reason);
  }

  /** A peer that has everything and wants nothing holds a place that others need. */
  get #isOfNoUse(): boolean {
    const isSeed = this.#session.peerIsSeed || this.uploadOnly;
    return isSeed && !this.#session.peerInterested && !this.#peer.torrent.isDownloading;
  }

  #receive(bytes: Uint8Array): void {
    const session = this.#session;
    const wasInterested = session.peerInterested;
    const nowMs = this.#ports.clock.nowMs();
    this.#liveness.received(nowMs);
    const violation = session.receive(bytes, nowMs);
    if (violation !== null) return this.close(violation.code);
    if (this.#isOfNoUse) return this.close("peer-is-seed");
    this.#introduce();
    const news = session.takeNews();
    if (news !== null) this.#events.had(this, news);
    if (session.peerInterested !== wasInterested) this.#interestChanged();
    if (!this.#closed) this.#blocks.flush();
  }

  /** A peer may name its port in one extension handshake and its messages in another. */
  #introduce(): void {
    const { listenPort, takesPex } = this;
    if (this.#introduced[0] === listenPort && this.#introduced[1] === takesPex) return;
    this.#introduced = [listenPort, takesPex];
    this.#events.introduced(this);
  }

  /** Who knows of all, wants something and has to wait gets a few pieces (BEP 6). */
  #interestChanged(): void {
    this.#events.interestChanged(this);
    const session = this.#session;
    const isAllowed = this.fast && !this.superSeeded;
    if (!isAllowed || !session.peerInterested || !session.amChoking || this.#closed) return;
    session.allowFast(allowedFastFor(this.#peer, (piece) => session.peerHas(piece)));
  }

  /** A peer that can be told asks others; any other would wait for ever, so it is let go. */
  #pieceMissing(piece: number, outcome: Exclude<FillOutcome, "filled">): void {
    const reason = outcome === "gone" ? "pieces-gone" : "store-away";
    if (!this.#session.pieceFailed(piece)) return this.close(reason);
    const extensions = outcome === "gone" ? this.#extensions : null;
    this.say(extensions?.dontHaveMessage(encodeDontHaveMessage(piece)) ?? null);
    this.#blocks.flush();
  }

  #nextAnswer(): Uint8Array | null {
    const { torrent, infoHash } = this.#peer;
    const metadata = this.#extensions?.takeMetadata(torrent.infoBytesFor(infoHash)) ?? null;
    if (metadata !== null) return metadata;
    if (this.#hashAnswers === null && !this.#session.hasHashRequest) return null;
    this.#hashAnswers ??= new HashAnswers(this.#ports, {
      ...{ torrent, session: this.#session, traceId: this.#traceId },
      ready: () => this.#blocks.flush(),
    });
    return this.#hashAnswers.next();
  }

  /** Says this, if it is anything. */
  say(message: Uint8Array | null): void {
    if (this.#closed || message === null || message.length === 0) return;
    this.#peer.stream.write(message);
    this.#liveness.spoke(this.#ports.clock.nowMs());
    // It may have been asked for blocks just now.
    if (this.#started && this.download !== null) this.#blocks.readOrNot();
  }
}
