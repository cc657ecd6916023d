import type { Clock } from "@seedfleet/runtime";
import type { FillOutcome, PieceSource } from "../fills/piece-source.ts";
import { ReadAhead } from "../fills/read-ahead.ts";
import { BATCH_BYTES_MIN, REQUESTS_QUEUED_MAX } from "../peers/peer-limits.ts";
import type { PeerSession } from "../peers/peer-session.ts";
import type { PeerStream } from "../peers/peer-stream.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { Sender, SenderShare, UploadLimiter } from "../upload/upload-limiter.ts";
import type { BatchSize, Counted } from "./batch-size.ts";
import { BlockBatch, type BlockBatchPorts } from "./block-batch.ts";
import type { CachedPiece } from "./cached-piece.ts";
import type { Framed } from "./framed-piece.ts";
import type { TakenBlock } from "./request-queue.ts";

/** Metadata and hashes of one flush. */
const ANSWERS_BYTES_MAX = 128 * 1024;

/** Threads tell each other every second who is sent what. */
const ANSWERED_LATELY_MS = 2_000;

/** A socket that takes this long for a batch gets smaller ones. */
const SLOW_DRAIN_MS = 50;

export type BlockPathPorts = BlockBatchPorts & {
  readonly clock: Clock;
  readonly fills: PieceSource;
  readonly limiter: UploadLimiter;
  readonly batchSize: BatchSize;
};

export type BlockPathPeer = {
  readonly stream: PeerStream;
  readonly session: PeerSession;
  readonly torrent: Torrent;
  /** Answers that are no blocks, each a whole message: metadata, hashes. */
  readonly nextAnswer: () => Uint8Array | null;
  readonly traceId: string;
  /** Its mark at the pieces it asks for. */
  readonly mark: number;
  /** Told of each block, where somebody wants to know. */
  readonly blockSent: ((piece: number, lengthBytes: number) => void) | null;
  /** A piece the peer waits for cannot be had. */
  readonly pieceMissing: (piece: number, outcome: Exclude<FillOutcome, "filled">) => void;
};

/**
 * Answers one peer's requests from the cache, a batch at a time. Pieces are cached as they go over
 * the wire, so blocks that were asked for in order are one slice of memory, and a batch is one
 * write: nothing is copied in this process, and nothing is made per block.
 *
 * While too many requests wait, or the socket is full, the peer is not read from, unless it owes
 * us blocks: one that asks faster than it takes fills its own window, not our memory. What a full
 * socket still holds is pinned until it has been taken; a slow socket is given little at a time, so
 * it pins little.
 */
export class BlockPath implements Sender, Counted {
  countedIn = -1;
  readonly #ports: BlockPathPorts;
  readonly #peer: BlockPathPeer;
  readonly #block: TakenBlock = { piece: 0, begin: 0, length: 0 };
  readonly #readAhead = new ReadAhead();
  readonly #share: SenderShare;
  /** Metadata or hashes that wait for the limits; further ones are made when these have gone. */
  #answerAtHand: Uint8Array | null = null;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  readonly #batch: BlockBatch;
  #batchBytesMax = BATCH_BYTES_MIN;
  #sentBytes = 0;
  #tookAtMs: number;
  #full = false;
  #scheduled = false;

  constructor(ports: BlockPathPorts, peer: BlockPathPeer) {
    this.#ports = ports;
    this.#peer = peer;
    this.#batch = new BlockBatch(ports, peer.stream);
    this.#share = ports.limiter.join(peer.torrent, this);
    this.#tookAtMs = ports.clock.nowMs();
  }

  /** Bytes of blocks the peer's side of the connection has taken. */
  get takenBytes(): number {
    return Math.max(0, this.#sentBytes - this.#peer.stream.waitingBytes);
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** The connection has ended. */
  close(): void {
    this.#ports.limiter.leave(this.#share);
  }

  get isAnswering(): boolean {
    return this.#answerAtHand !== null;
  }

  /** Whether metadata or hashes take some of the limits. */
  answersLately(nowMs: number): boolean {
    return this.isAnswering || nowMs - this.#answeredAtMs < ANSWERED_LATELY_MS;
  }

  /** Since when the socket takes nothing; null while it does. */
  get fullSinceMs(): number | null {
    return this.#full ? this.#tookAtMs : null;
  }

  /** Answers what can be answered now, a batch at most; the rest follows by itself. */
  flush(): void {
    const { stream, session } = this.#peer;
    if (stream.isDestroyed) return;
    if (this.#full) return this.readOrNot();
    stream.cork();
    for (const message of session.takeOutgoing()) stream.write(message);
    const answerBytes = this.#sendAnswers();
    const blockBytes = this.#sendBatch();
    stream.uncork();
    this.#sentBytes += blockBytes;
    if (stream.waitingBytes > 0) this.#awaitDrain();
    else {
      this.#batch.taken();
      if (blockBytes >= this.#batchBytesMax) {
        this.#batchBytesMax *= 2;
        this.#flushLater();
      } else if (answerBytes >= ANSWERS_BYTES_MAX) this.#flushLater();
    }
    this.readOrNot();
  }

  /**
   * Reads from the peer only while its answers go out and not too much of it is unanswered. One
   * that owes us blocks is read from also while they do not: it may do as we do, and read nothing
   * until we have taken what it sends.
   */
  readOrNot(): void {
    const { stream, session } = this.#peer;
    const goesOn = !this.#full || session.awaitsPeer;
    stream.readOrNot(goesOn && session.requests.count < REQUESTS_QUEUED_MAX);
  }

  /** Bytes of what is no block; the rest waits for the next turn, or for a limit as blocks do. */
  #sendAnswers(): number {
    const { nextAnswer, stream } = this.#peer;
    const { limiter } = this.#ports;
    let sentBytes = 0;
    while (sentBytes < ANSWERS_BYTES_MAX) {
      const answer = this.#answerAtHand ?? nextAnswer();
      this.#answerAtHand = answer;
      if (answer === null) break;
      const givenBytes = limiter.take(this.#share, answer.length);
      if (givenBytes === 0) break;
      limiter.correct(this.#share, answer.length - givenBytes);
      this.#answerAtHand = null;
      stream.write(answer);
      sentBytes += answer.length;
    }
    if (sentBytes > 0) this.#answeredAtMs = this.#ports.clock.nowMs();
    return sentBytes;
  }

  /** Blocks as far as the batch and the limits reach; what waits for a limit is flushed again. */
  #sendBatch(): number {
    const { batchSize, clock, limiter } = this.#ports;
    const { requests } = this.#peer.session;
    if (requests.queuedBytes === 0) return 0;
    const mostBytes = batchSize.bytesFor(this, clock.nowMs());
    this.#batchBytesMax = Math.min(this.#batchBytesMax, mostBytes);
    let batchBytes = 0;
    while (batchBytes < this.#batchBytesMax && requests.queuedBytes > 0) {
      const wantedBytes = Math.min(requests.queuedBytes, this.#batchBytesMax - batchBytes);
      const givenBytes = limiter.take(this.#share, wantedBytes);
      if (givenBytes === 0) break;
      const sentBytes = this.#sendBlocks(givenBytes);
      limiter.correct(this.#share, sentBytes - givenBytes);
      batchBytes += sentBytes;
    }
    this.#batch.writeRun();
    return batchBytes;
  }

  /** Whole blocks until so many bytes are sent, or none is left. */
  #sendBlocks(bytes: number): number {
    const { requests } = this.#peer.session;
    let sentBytes = 0;
    while (sentBytes < bytes && requests.take(this.#block)) sentBytes += this.#answer();
    return sentBytes;
  }

  /** The bytes queued for the block at hand: none when its piece must be brought first. */
  #answer(): number {
    const { piece, length } = this.#block;
    const framed = this.#batch.at(this.#block) ?? this.#find();
    if (framed === null) {
      this.#bring();
      return 0;
    }
    this.#batch.add(framed, this.#block);
    this.#peer.blockSent?.(piece, length);
    return length;
  }

  /** Where the block at hand lies: in the cache, or it passes through; else null. */
  #find(): Framed | null {
    const { cache, passing } = this.#ports;
    const cached = cache.get(this.#peer.torrent.shelf, this.#block.piece);
    if (cached !== null) {
      this.#use(cached);
      return cached;
    }
    const stretch = passing?.take(this.#peer, this.#block) ?? null;
    if (stretch !== null) this.#batch.use(stretch);
    return stretch;
  }

  #use(cached: CachedPiece): void {
    const { torrent, mark } = this.#peer;
    this.#ports.cache.touch(cached, mark);
    if (!this.#batch.use(cached)) return;
    for (const next of this.#readAhead.reads(cached.piece, torrent.metainfo)) {
      if (this.#ports.cache.get(torrent.shelf, next) === null) {
        this.#ports.fills.prefetch(torrent, next);
      }
    }
  }

  #bring(): void {
    const { session, torrent, traceId, pieceMissing } = this.#peer;
    const { piece } = this.#block;
    const alreadyAsked = session.requests.isAwaiting(piece);
    session.requests.awaitPiece(this.#block);
    if (alreadyAsked) return;
    const waiter = {
      // A choke or a cancel may have dropped the requests meanwhile.
      waits: () => session.requests.isAwaiting(piece),
      tell: (outcome: FillOutcome): void => {
        if (!session.requests.isAwaiting(piece)) return;
        if (outcome !== "filled") return pieceMissing(piece, outcome);
        session.requests.pieceArrived(piece);
        this.flush();
      },
    };
    this.#ports.fills.want(torrent, piece, { traceId, waiter });
  }

  /** "drain" is told only of a socket that held more than its high water mark; this always. */
  #awaitDrain(): void {
    const unpin = this.#batch.pin();
    const took = this.#ports.batchSize.waits(this.#peer.stream.waitingBytes);
    this.#full = true;
    this.#tookAtMs = this.#ports.clock.nowMs();
    this.#peer.stream.afterWrites((failed) => {
      took();
      unpin();
      if (!failed) this.#drained();
    });
  }

  #drained(): void {
    this.#full = false;
    const isSlow = this.#ports.clock.nowMs() - this.#tookAtMs > SLOW_DRAIN_MS;
    if (isSlow) this.#batchBytesMax = Math.max(this.#batchBytesMax / 2, BATCH_BYTES_MIN);
    this.flush();
  }

  /** Other peers get their turn first. */
  #flushLater(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
