import { connect, type Socket } from "node:net";
import { type PeerId, peerIdFromBytes } from "@seedfleet/bytes";
import type { Metainfo } from "@seedfleet/metainfo";
import { encodeHandshake, encodeMessage, HandshakeDecoder } from "@seedfleet/wire";
import { BenchError } from "../bench-error.ts";
import { BlockFraming, type FramingListener } from "./block-framing.ts";
import type { BlockRoute } from "./block-route.ts";
import { PieceSample } from "./piece-sample.ts";
import type { RequestPlan } from "./request-plan.ts";

const CHOKE_ID = 0;
const UNCHOKE_ID = 1;

/** A read takes what the socket has, up to this; larger ones were no cheaper a byte. */
const READ_BYTES_MAX = 256 * 1024;

/** One for all connections: a read is used up before the next begins. */
const readBuffer = Buffer.allocUnsafe(READ_BYTES_MAX);

export type ConnectionPlan = {
  readonly metainfo: Metainfo;
  readonly requests: RequestPlan;
  readonly port: number;
  readonly host: string;
  /** Which of the connections this is, from 0. */
  readonly serial: number;
  /** Requests outstanding. */
  readonly pipeline: number;
  /** What is asked for, in its order. */
  readonly route: BlockRoute;
  /** How many blocks to ask for in all. */
  readonly blocksMax: number;
  readonly isSampled: (piece: number) => boolean;
};

export type ConnectionEvents = {
  /** The first block came. */
  readonly flowing: () => void;
  /** All `blocksMax` blocks came. */
  readonly complete: () => void;
  readonly failed: (error: Error) => void;
};

/** A leecher that asks for block after block, and throws away what it gets. */
export class LoadConnection implements FramingListener {
  readonly #plan: ConnectionPlan;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  readonly #handshake = new HandshakeDecoder();
  readonly #framing = new BlockFraming(this);
  readonly #sample: PieceSample;
  /** 1 for each block that is asked for and has not come. */
  readonly #asked: Uint8Array;
  #greeted = false;
  #closed = false;
  #askedCount = 0;
  #receivedCount = 0;
  #receivedBytes = 0;
  #piece = 0;
  #at = 0;
  #blockLength = 0;

  constructor(plan: ConnectionPlan, events: ConnectionEvents) {
    this.#plan = plan;
    this.#events = events;
    this.#sample = new PieceSample(plan.metainfo);
    this.#asked = new Uint8Array(plan.requests.blockCount);
    this.#socket = connect({
      host: plan.host,
      port: plan.port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          this.#received(readBuffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => this.#fail(`connection failed: ${error.message}`));
    this.#socket.on("close", () => this.#fail("the seeder closed the connection"));
    const peerId = loadPeerId(plan.serial);
    const { infoHash } = plan.metainfo;
    this.#socket.write(encodeHandshake({ infoHash, peerId, reserved: new Uint8Array(8) }));
    this.#socket.write(encodeMessage({ kind: "interested" }));
  }

  /** Bytes of blocks that came whole. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get verifiedCount(): number {
    return this.#sample.verifiedCount;
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  blockBegins(piece: number, begin: number, length: number): boolean {
    const index = this.#plan.requests.indexOf(piece, begin, length);
    if (index === null || this.#asked[index] !== 1) {
      throw new BenchError(`block ${piece}:${begin}+${length} came and was not asked for`);
    }
    this.#asked[index] = 0;
    this.#piece = piece;
    this.#at = begin;
    this.#blockLength = length;
    return this.#plan.isSampled(piece);
  }

  blockBytes(bytes: Uint8Array): void {
    this.#sample.add(this.#piece, this.#at, bytes);
    this.#at += bytes.length;
  }

  blockEnds(): void {
    this.#receivedBytes += this.#blockLength;
    this.#receivedCount += 1;
  }

  message(id: number): void {
    if (id === CHOKE_ID && this.#askedCount > 0) throw new BenchError("the seeder choked us");
    if (id === UNCHOKE_ID && this.#askedCount === 0) this.#ask(this.#plan.pipeline);
  }

  #received(read: Uint8Array): void {
    if (this.#closed) return;
    const before = this.#receivedCount;
    try {
      this.#framing.push(this.#greeted ? read : this.#afterHandshake(read));
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      return this.#fail(error.message);
    }
    if (before === this.#receivedCount) return;
    if (before === 0) this.#events.flowing();
    if (this.#receivedCount === this.#plan.blocksMax) this.#events.complete();
    else this.#ask(this.#receivedCount - before);
  }

  #afterHandshake(read: Uint8Array): Uint8Array {
    this.#handshake.push(read);
    const next = this.#handshake.next();
    if (next === null) return new Uint8Array(0);
    if ("kind" in next) throw new BenchError(`no handshake of BitTorrent: ${next.code}`);
    this.#greeted = true;
    return this.#handshake.takeRest().slice();
  }

  #ask(count: number): void {
    const { requests, route, blocksMax } = this.#plan;
    let rest = Math.min(count, blocksMax - this.#askedCount);
    this.#askedCount += rest;
    while (rest > 0) {
      const row = route(rest);
      this.#asked.fill(1, row.first, row.first + row.count);
      this.#socket.write(requests.requests(row));
      rest -= row.count;
    }
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#events.failed(new BenchError(`connection ${this.#plan.serial}: ${reason}`));
  }
}

/** Twenty bytes, another for each connection: a seeder may drop a peer it knows already. */
function loadPeerId(serial: number): PeerId {
  return peerIdFromBytes(Buffer.from(`-SFLOAD-${String(serial).padStart(12, "0")}`));
}
