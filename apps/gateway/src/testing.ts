import assert from "node:assert/strict";
import { once } from "node:events";
import { type Bus, createBus, type Landing } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type CatalogEntry, type PieceRead, readPieceCall } from "@seedfleet/contracts";
import { type Catalog, openCatalog } from "@seedfleet/fleet";
import { type Metainfo, pieceLengthAt } from "@seedfleet/metainfo";
import { loadConfig, SeedfleetError } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { advanceUntil, turn, VirtualClock } from "@seedfleet/testkit";
import { BLOCK_BYTES, type Block } from "@seedfleet/wire";
import { gatewayConfig } from "./config.ts";
import type { CloseReason } from "./peers/close-reason.ts";
import type { NamedGatewayConfig, RunningGateway } from "./running-gateway.ts";
import { type BoundGateway, startGateway } from "./start-gateway.ts";
import { givenPeerId, type Introduces, PATIENCE_MS, TestPeer } from "./testing-peer.ts";
import { type GivenTorrent, HOLDER } from "./testing-torrent.ts";

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

export function storeRefuses(code: string): SeedfleetError {
  return new SeedfleetError(`Cannot read: ${code}`, { code });
}

/** Lets the event loop turn until something holds that nobody tells of. */
export async function until(holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (; !holds(); await turn()) assert(performance.now() < untilMs, `never held: ${holds}`);
}

/** So that what is waited for takes seconds of the virtual clock, and never a minute. */
const FASTER_THAN_TIME = 5;

/** As `until`, while the virtual clock goes on, faster than time does. */
export async function untilAsTimePasses(clock: VirtualClock, holds: () => boolean): Promise<void> {
  let beforeMs = performance.now();
  await until(() => {
    const nowMs = performance.now();
    clock.advance(FASTER_THAN_TIME * (nowMs - beforeMs));
    beforeMs = nowMs;
    return holds();
  });
}

const FREE_PORT = { peerPort: 0, id: "gateway-1" };
export const DEFAULTS: NamedGatewayConfig = { ...loadConfig(gatewayConfig, {}), ...FREE_PORT };

/** A gateway on a free port over an embedded bus, and the store it reads from. */
export class GivenGateway implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly telemetry: RecordingTelemetry = recordingTelemetry();
  readonly bus: Bus;
  readonly reads: PieceRead[] = [];
  /** How often the gateway asked for its process to end. */
  stopRequests = 0;
  readonly requestStop = (): void => {
    this.stopRequests += 1;
  };
  /** What the store answers; a test may put its own here. */
  serve: (
    read: PieceRead,
    landing: Landing<PieceRead> | null,
  ) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly #torrents = new Map<string, GivenTorrent>();
  readonly #peers: TestPeer[] = [];
  #running: { readonly gateway: RunningGateway; readonly catalog: Catalog } | null = null;

  private constructor() {
    const { clock, telemetry } = this;
    this.bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
    this.serve = (read) => [this.content(read)];
    this.bus.serveStream(readPieceCall, { params: { holder: HOLDER } }, (read, _, __, landing) => {
      this.reads.push(read);
      return this.serve(read, landing);
    });
  }

  static async start(
    torrents: readonly GivenTorrent[],
    config: Partial<NamedGatewayConfig> = {},
    bound?: BoundGateway,
  ): Promise<GivenGateway> {
    const given = new GivenGateway();
    const catalog = await openCatalog(given.bus, given.telemetry.log);
    const gateway = await startGateway(given, { ...DEFAULTS, ...config }, bound);
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

  async connect(
    options: { port?: number; allowHalfOpen?: boolean; localAddress?: string } = {},
  ): Promise<TestPeer> {
    const peer = new TestPeer({ port: this.gateway.peerAddress.port, ...options });
    await once(peer.socket, "connect");
    this.#peers.push(peer);
    return peer;
  }

  /** A peer whose handshake is done. */
  async join(
    { metainfo }: GivenTorrent,
    name = "peer",
    how: Omit<Introduces, "peerId"> = {},
  ): Promise<TestPeer> {
    const peer = await this.connect();
    peer.handshake(metainfo.infoHash, { ...how, peerId: givenPeerId(name) });
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
