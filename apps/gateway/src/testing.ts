import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type InfoHash, type PeerId, peerIdFromBytes } from "@seedfleet/bytes";
import { type CatalogEntry, type PieceRead, readPieceCall } from "@seedfleet/contracts";
import { type Catalog, openCatalog } from "@seedfleet/fleet";
import { type Metainfo, pieceLengthAt } from "@seedfleet/metainfo";
import { loadConfig, SeedfleetError } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { advanceUntil, turn, VirtualClock } from "@seedfleet/testkit";
import {
  BLOCK_BYTES,
  type Block,
  encodeHandshake,
  encodeMessage,
  type Handshake,
  HandshakeDecoder,
  type PeerMessage,
  WireDecoder,
} from "@seedfleet/wire";
import type { CloseReason } from "./close-reason.ts";
import { gatewayConfig } from "./config.ts";
import { type NamedGatewayConfig, type RunningGateway, startGateway } from "./gateway.ts";
import { type GivenTorrent, HOLDER } from "./testing-torrent.ts";

/** Nothing that is waited for takes so long: a test that would hang fails instead. */
const PATIENCE_MS = 10_000;

/** The blocks of a torrent in their order, as a client asks for them. */
export function blocksOf(metainfo: Metainfo, lengthMax: number = BLOCK_BYTES): Block[] {
  return Array.from({ length: metainfo.pieceCount }, (_, piece) => {
    const pieceLength = pieceLengthAt(metainfo, piece);
    return Array.from({ length: Math.ceil(pieceLength / lengthMax) }, (_, index) => {
      const begin = index * lengthMax;
      return { piece, begin, length: Math.min(lengthMax, pieceLength - begin) };
    });
  }).flat();
}

export function givenPeerId(name: string): PeerId {
  return peerIdFromBytes(Buffer.from(`-TE0001-${name}`.padEnd(20, "0")));
}

export function storeRefuses(code: string): SeedfleetError {
  return new SeedfleetError(`Cannot read: ${code}`, { code });
}

/** Lets the event loop turn until something holds that nobody tells of. */
export async function until(holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (; !holds(); await turn()) assert(performance.now() < untilMs, `never held: ${holds}`);
}

type Sendable = Parameters<typeof encodeMessage>[0];

/** A BitTorrent client of a few lines: says what it is told to, and keeps what it hears. */
export class TestPeer implements Disposable {
  readonly socket: Socket;
  /** All but the pieces' data, which is in `blocks`. */
  readonly heard: PeerMessage[] = [];
  readonly blocks: (Block & { readonly data: Buffer })[] = [];
  handshaken: Handshake | null = null;
  choked = true;
  readonly #handshakes = new HandshakeDecoder();
  readonly #messages = new WireDecoder({ lengthMax: 1024 * 1024 });
  readonly #waiting = new Set<() => void>();

  /** `allowHalfOpen` is a client that does not notice that the other end is done. */
  constructor(options: { port: number; allowHalfOpen?: boolean }) {
    this.socket = connect({ host: "127.0.0.1", noDelay: true, ...options });
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.socket.on("close", () => this.#look());
  }

  get closed(): Promise<void> {
    return this.until(() => this.socket.closed);
  }

  handshake(infoHash: InfoHash, peerId: PeerId = givenPeerId("peer")): void {
    this.socket.write(encodeHandshake({ infoHash, peerId, reserved: new Uint8Array(8) }));
  }

  send(...messages: readonly Sendable[]): void {
    this.socket.write(Buffer.concat(messages.map(encodeMessage)));
  }

  request(...blocks: readonly Block[]): void {
    this.send(...blocks.map((block) => ({ kind: "request" as const, ...block })));
  }

  count(kind: PeerMessage["kind"]): number {
    return this.heard.filter((message) => message.kind === kind).length;
  }

  /** Resolves when it holds; rejects when the connection ends before, or it takes too long. */
  async until(holds: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (holds()) resolve();
      else if (this.socket.destroyed) reject(new Error(`closed before: ${holds}`));
    };
    const timer = setTimeout(() => reject(new Error(`never held: ${holds}`)), PATIENCE_MS);
    this.#waiting.add(look);
    look();
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }

  greeted(): Promise<void> {
    return this.until(() => this.count("bitfield") > 0);
  }

  async interested(): Promise<void> {
    this.send({ kind: "interested" });
    await this.until(() => !this.choked);
  }

  /** The bytes of these blocks, which are in their order, asked for `depth` at a time. */
  async download(blocks: readonly Block[], depth = 64): Promise<Buffer> {
    const before = this.blocks.length;
    for (let asked = 0; asked < blocks.length; asked += depth) {
      const batch = blocks.slice(asked, asked + depth);
      this.request(...batch);
      await this.until(() => this.blocks.length >= before + asked + batch.length);
    }
    const found = this.blocks.slice(before);
    found.sort((a, b) => a.piece - b.piece || a.begin - b.begin);
    return Buffer.concat(found.map(({ data }) => data));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#messages.push(this.handshaken === null ? this.#greet(bytes) : bytes);
    for (let next = this.#messages.next(); next !== null; next = this.#messages.next()) {
      assert(next.kind !== "violation");
      if (next.kind === "choke" || next.kind === "unchoke") this.choked = next.kind === "choke";
      if (next.kind === "piece") {
        const { piece, begin } = next;
        const data = Buffer.from(next.data);
        this.blocks.push({ piece, begin, length: data.length, data });
      } else if (next.kind === "bitfield") this.heard.push({ ...next, bits: next.bits.slice() });
      else this.heard.push(next);
    }
    this.#look();
  }

  #greet(bytes: Uint8Array): Uint8Array {
    this.#handshakes.push(bytes);
    const next = this.#handshakes.next();
    if (next === null) return Buffer.of();
    assert(!("kind" in next));
    this.handshaken = next;
    return this.#handshakes.takeRest();
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

const FREE_PORT = { peerPort: 0, id: "gateway-1" };
export const DEFAULTS: NamedGatewayConfig = { ...loadConfig(gatewayConfig, {}), ...FREE_PORT };

/** A gateway on a free port over an embedded bus, and the store it reads from. */
export class GivenGateway implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly telemetry: RecordingTelemetry = recordingTelemetry();
  readonly bus: Bus;
  readonly reads: PieceRead[] = [];
  /** What the store answers; a test may put its own here. */
  serve: (read: PieceRead) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly #torrents = new Map<string, GivenTorrent>();
  readonly #peers: TestPeer[] = [];
  #running: { readonly gateway: RunningGateway; readonly catalog: Catalog } | null = null;

  private constructor() {
    const { clock, telemetry } = this;
    this.bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
    this.serve = (read) => [this.content(read)];
    this.bus.serveStream(readPieceCall, { params: { holder: HOLDER } }, (read) => {
      this.reads.push(read);
      return this.serve(read);
    });
  }

  static async start(
    torrents: readonly GivenTorrent[],
    config: Partial<NamedGatewayConfig> = {},
  ): Promise<GivenGateway> {
    const given = new GivenGateway();
    const catalog = await openCatalog(given.bus, given.telemetry.log);
    const gateway = await startGateway(given, { ...DEFAULTS, ...config });
    given.#running = { gateway, catalog };
    for (const torrent of torrents) await given.publish(torrent);
    return given;
  }

  get gateway(): RunningGateway {
    assert(this.#running !== null);
    return this.#running.gateway;
  }

  async publish(torrent: GivenTorrent, differing: Partial<CatalogEntry> = {}): Promise<void> {
    this.#torrents.set(torrent.metainfo.infoHash, torrent);
    await this.#running?.catalog.publish({ ...torrent.entry, ...differing }, torrent.bytes);
  }

  /** The true bytes of a read. */
  content({ infoHash, piece, begin, length }: PieceRead): Buffer {
    const torrent = this.#torrents.get(infoHash);
    assert(torrent !== undefined);
    const at = piece * torrent.metainfo.pieceLengthBytes + begin;
    return torrent.content.subarray(at, at + length);
  }

  async connect(options: { port?: number; allowHalfOpen?: boolean } = {}): Promise<TestPeer> {
    const peer = new TestPeer({ port: this.gateway.peerAddress.port, ...options });
    await once(peer.socket, "connect");
    this.#peers.push(peer);
    return peer;
  }

  /** A peer whose handshake is done. */
  async join({ metainfo }: GivenTorrent, name = "peer"): Promise<TestPeer> {
    const peer = await this.connect();
    peer.handshake(metainfo.infoHash, givenPeerId(name));
    await peer.greeted();
    return peer;
  }

  closed(reason: CloseReason): number {
    return this.telemetry.recorded.total("seedfleet_gateway_closed_connections", { reason }) ?? 0;
  }

  gauge(name: string): number {
    return this.telemetry.recorded.gauge(`seedfleet_gateway_${name}`) ?? Number.NaN;
  }

  logged(message: string): number {
    return this.telemetry.recorded.logs.filter((line) => line.message === message).length;
  }

  stop(): Promise<void> {
    return Promise.resolve(this.gateway[Symbol.asyncDispose]());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer[Symbol.dispose]();
    await advanceUntil(this.clock, 100, this.stop());
    await advanceUntil(this.clock, 100, this.bus.close());
  }
}
