import type { Socket } from "node:net";
import type { Clock } from "@seedfleet/runtime";
import { type Block, PIECE_HEADER_BYTES, writePieceHeader } from "@seedfleet/wire";
import { BATCH_BYTES_MAX, REQUESTS_QUEUED_MAX } from "./peer-limits.ts";
import type { PeerSession } from "./peer-session.ts";
import type { PieceCache } from "./piece-cache.ts";
import type { FillOutcome, PieceFills } from "./piece-fills.ts";
import type { Torrent } from "./torrent.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

export type BlockPathPorts = {
  readonly clock: Clock;
  readonly cache: PieceCache;
  readonly fills: PieceFills;
};

export type BlockPathPeer = {
  readonly socket: Socket;
  readonly session: PeerSession;
  readonly torrent: Torrent;
  readonly traceId: string;
  /** A piece the peer waits for cannot be had. */
  readonly pieceMissing: (outcome: Exclude<FillOutcome, "filled">) => void;
};

/**
 * Answers one peer's requests from the cache: header and slice of the cached piece in turn, one
 * `writev` per batch, so that a block's bytes are never copied in this process.
 *
 * While the socket is full, or too many requests wait, the peer is not read from: a peer that asks
 * faster than it takes fills its own window, not our memory.
 */
export class BlockPath {
  readonly #ports: BlockPathPorts;
  readonly #peer: BlockPathPeer;
  #sentBytes = 0;
  #tookAtMs: number;
  #full = false;
  #scheduled = false;

  constructor(ports: BlockPathPorts, peer: BlockPathPeer) {
    this.#ports = ports;
    this.#peer = peer;
    this.#tookAtMs = ports.clock.nowMs();
  }

  /** Bytes of blocks the peer's side of the connection has taken. */
  get takenBytes(): number {
    return Math.max(0, this.#sentBytes - this.#peer.socket.writableLength);
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Since when the socket takes nothing; null while it does. */
  get fullSinceMs(): number | null {
    return this.#full ? this.#tookAtMs : null;
  }

  /** Answers what can be answered now, a batch at most; the rest follows by itself. */
  flush(): void {
    const { socket, session } = this.#peer;
    if (this.#full || session.requestCount === 0 || socket.destroyed) return;
    let batchBytes = 0;
    socket.cork();
    while (batchBytes < BATCH_BYTES_MAX) {
      const block = session.takeRequest();
      if (block === null) break;
      batchBytes += this.#answer(block);
    }
    socket.uncork();
    this.#sentBytes += batchBytes;
    if (socket.writableLength > 0) {
      this.#full = true;
      this.#tookAtMs = this.#ports.clock.nowMs();
      // "drain" is told only of a socket that held more than its high water mark; this always.
      socket.write(NOTHING, (error) => {
        if (!error) this.#drained();
      });
    } else if (batchBytes >= BATCH_BYTES_MAX) this.#flushLater();
    this.readOrNot();
  }

  /** Reads from the peer only while its answers go out and not too much of it is unanswered. */
  readOrNot(): void {
    const { socket, session } = this.#peer;
    const reads = !this.#full && session.requestCount < REQUESTS_QUEUED_MAX;
    if (reads && socket.isPaused()) socket.resume();
    else if (!reads) socket.pause();
  }

  /** The bytes queued: none when the piece must be brought first. */
  #answer(block: Block): number {
    const { cache } = this.#ports;
    const { socket, torrent } = this.#peer;
    const cached = cache.get(torrent.shelf, block.piece);
    if (cached === null) {
      this.#bring(block);
      return 0;
    }
    const header = Buffer.allocUnsafe(PIECE_HEADER_BYTES);
    writePieceHeader(header, 0, block);
    socket.write(header);
    socket.write(cached.bytes.subarray(block.begin, block.begin + block.length));
    return block.length;
  }

  #bring(block: Block): void {
    const { session, torrent, traceId, pieceMissing } = this.#peer;
    const { piece } = block;
    const alreadyAsked = session.isAwaiting(piece);
    session.awaitPiece(block);
    if (alreadyAsked) return;
    const waiter = {
      // A choke or a cancel may have dropped the requests meanwhile.
      waits: () => session.isAwaiting(piece),
      tell: (outcome: FillOutcome): void => {
        if (!session.isAwaiting(piece)) return;
        if (outcome !== "filled") return pieceMissing(outcome);
        session.pieceArrived(piece);
        this.flush();
      },
    };
    this.#ports.fills.want(torrent, piece, { traceId, waiter });
  }

  #drained(): void {
    this.#full = false;
    this.flush();
    this.readOrNot();
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
