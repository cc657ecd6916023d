import { BenchError } from "../bench-error.ts";
import { checkAnswer, type LoadParts } from "./announce-load.ts";
import {
  closeSocket,
  openUdp,
  type PinnedBytes,
  pinned,
  receiveMessages,
  type SocketEnds,
  sendBytes,
  sendMessages,
} from "./libc.ts";
import { PacketBatch } from "./packet-batch.ts";
import { ANNOUNCE_BYTES, AnnouncePackets, connectPacket, UdpReply } from "./udp-packets.ts";

/** No answer is longer: 20 bytes and 200 peers. */
const RECEIVED_BYTES_MAX = 2_048;

/** A datagram of the loopback is not late, it was dropped for want of room. */
const LOST_AFTER_MS = 500;

/** Clients keep a connection id for a minute (BEP 15). */
const CONNECTION_AGE_MS_MAX = 45_000;
const CONNECT_AGAIN_MS = 500;

/** The transaction id says which announce it is of: the place it was sent from, and which of it. */
const PLACE_BITS = 8;
const PLACES_MAX: number = 2 ** PLACE_BITS;
const TURNS_MASK = 0xff_ffff;

export type UdpSocketOptions = SocketEnds & {
  /** Which of the sources it is (from 0), and of all runs. */
  readonly source: number;
  readonly serial: number;
  /** How many announces may be without an answer. */
  readonly window: number;
  readonly hashes: readonly Uint8Array[];
};

/** One client's socket, with so many announces outstanding (BEP 15). */
export class UdpSocket implements Disposable {
  readonly socket: number;
  readonly #options: UdpSocketOptions;
  readonly #parts: LoadParts;
  readonly #packets: AnnouncePackets;
  readonly #sending: PacketBatch;
  readonly #received: PinnedBytes;
  readonly #receivedView: DataView;
  readonly #receiving: PacketBatch;
  readonly #reply = new UdpReply();
  /** Of each place: the swarm, or -1 when nothing is outstanding. */
  readonly #swarms: Int32Array;
  readonly #turns: Uint32Array;
  readonly #knownAtLeast: Uint32Array;
  readonly #dueMs: Float64Array;
  readonly #sentMs: Float64Array;
  readonly #free: Int32Array;
  #freeCount: number;
  readonly #connectionId = new Uint8Array(8);
  #connectedMs = Number.NEGATIVE_INFINITY;
  #connectSentMs = Number.NEGATIVE_INFINITY;
  readonly #connect: PinnedBytes;

  constructor(options: UdpSocketOptions, parts: LoadParts) {
    const { window, serial } = options;
    if (window > PLACES_MAX) throw new BenchError(`a window is at most ${PLACES_MAX}`);
    this.#options = options;
    this.#parts = parts;
    this.#packets = new AnnouncePackets({ count: window, numWant: parts.numWant });
    this.#sending = new PacketBatch(pinned(this.#packets.bytes), ANNOUNCE_BYTES);
    this.#received = pinned(new Uint8Array(window * RECEIVED_BYTES_MAX));
    this.#receivedView = new DataView(this.#received.bytes.buffer);
    this.#receiving = new PacketBatch(this.#received, RECEIVED_BYTES_MAX);
    this.#swarms = new Int32Array(window).fill(-1);
    this.#turns = new Uint32Array(window);
    this.#knownAtLeast = new Uint32Array(window);
    this.#dueMs = new Float64Array(window);
    this.#sentMs = new Float64Array(window);
    this.#free = Int32Array.from({ length: window }, (_, place) => place);
    this.#freeCount = window;
    this.#connect = pinned(connectPacket(serial) as Uint8Array<ArrayBuffer>);
    this.socket = openUdp(options);
  }

  /** Sends up to so many announces, and gives how many. */
  send(countMax: number, nowMs: number): number {
    if (nowMs - this.#connectedMs > CONNECTION_AGE_MS_MAX) this.#askForConnection(nowMs);
    if (this.#connectedMs === Number.NEGATIVE_INFINITY) return 0;
    const count = Math.min(countMax, this.#freeCount);
    if (count === 0) return 0;
    for (let index = 0; index < count; index += 1) {
      const place = this.#free[this.#freeCount - 1 - index] ?? 0;
      this.#write(place, nowMs);
      this.#sending.put(index, place);
    }
    // What the socket does not take is lost, as on the way.
    sendMessages(this.socket, this.#sending.pointer, count);
    this.#freeCount -= count;
    return count;
  }

  #write(place: number, nowMs: number): void {
    const { source, serial, hashes } = this.#options;
    const { peers, pace } = this.#parts;
    peers.next(source);
    const turn = ((this.#turns[place] ?? 0) + 1) & TURNS_MASK;
    this.#turns[place] = turn;
    this.#swarms[place] = peers.swarm;
    this.#knownAtLeast[place] = peers.answered(peers.swarm);
    this.#dueMs[place] = pace.take(nowMs);
    this.#sentMs[place] = nowMs;
    this.#packets.write(place, {
      connectionId: this.#connectionId,
      transaction: ((turn << PLACE_BITS) | place) >>> 0,
      hash: hashes[peers.swarm] ?? new Uint8Array(0),
      source: serial,
      port: peers.port,
    });
  }

  #askForConnection(nowMs: number): void {
    if (nowMs - this.#connectSentMs < CONNECT_AGAIN_MS) return;
    this.#connectSentMs = nowMs;
    sendBytes(this.socket, this.#connect.pointer, this.#connect.bytes.length);
  }

  /** Takes what has come, up to a window of it. */
  receive(nowMs: number): void {
    const { window } = this.#options;
    const count = receiveMessages(this.socket, this.#receiving.pointer, window);
    for (let index = 0; index < count; index += 1) {
      this.#reply.read(
        this.#receivedView,
        index * RECEIVED_BYTES_MAX,
        this.#receiving.length(index),
      );
      if (this.#reply.kind === "announced") this.#answer(nowMs);
      else if (this.#reply.kind === "connected") this.#connected(nowMs);
      else throw this.#refusal();
    }
  }

  #answer(nowMs: number): void {
    const { transaction, leechers, from, to } = this.#reply;
    const place = transaction & (PLACES_MAX - 1);
    const swarm = this.#swarms[place] ?? -1;
    const turn = this.#turns[place];
    if (turn === undefined || transaction >>> PLACE_BITS > turn) {
      throw new BenchError(`an answer has the transaction id ${transaction}, which nobody sent`);
    }
    // The answer to one that was given up.
    if (swarm < 0 || transaction >>> PLACE_BITS !== turn) return;
    const { bytes } = this.#received;
    const knownAtLeast = this.#knownAtLeast[place] ?? 0;
    checkAnswer({ swarm, leechers, bytes, from, to, knownAtLeast }, this.#parts);
    this.#parts.tally.latency.add(nowMs - (this.#dueMs[place] ?? 0));
    this.#release(place);
  }

  #connected(nowMs: number): void {
    const { connectionIdAt, transaction } = this.#reply;
    if (transaction !== this.#options.serial) {
      throw new BenchError(`a connection id came for ${transaction}, which nobody sent`);
    }
    this.#connectionId.set(this.#received.bytes.subarray(connectionIdAt, connectionIdAt + 8));
    this.#connectedMs = nowMs;
  }

  #refusal(): BenchError {
    const { kind, from, to } = this.#reply;
    const text = Buffer.from(this.#received.bytes.subarray(from, to)).toString("latin1");
    return new BenchError(`an answer by UDP is ${kind}: ${JSON.stringify(text)}`);
  }

  /** Gives up what has had no answer for long. */
  expire(nowMs: number): void {
    for (let place = 0; place < this.#swarms.length; place += 1) {
      if (this.#swarms[place] === -1) continue;
      if (nowMs - (this.#sentMs[place] ?? 0) <= LOST_AFTER_MS) continue;
      this.#parts.tally.lost += 1;
      this.#release(place);
    }
  }

  #release(place: number): void {
    this.#swarms[place] = -1;
    this.#free[this.#freeCount] = place;
    this.#freeCount += 1;
  }

  [Symbol.dispose](): void {
    closeSocket(this.socket);
  }
}
