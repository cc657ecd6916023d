import { Bitfield } from "@seedfleet/bitfield";
import {
  havePiecesCall,
  type Mirror,
  type MirrorProgress,
  manageCall,
  mirrorProgressEvent,
  offeredPieceCall,
  writePieceCall,
} from "@seedfleet/contracts";
import { openMirrors } from "@seedfleet/fleet";
import type { PeerMessage } from "@seedfleet/wire";
import { type SeedBehaviour, type SeedConnection, TestSeed } from "./metadata/testing-seed.ts";
import type { NamedGatewayConfig } from "./running-gateway.ts";
import { GivenGateway, untilAsTimePasses } from "./testing.ts";
import { givenPeerId } from "./testing-peer.ts";
import { type GivenTorrent, givenTorrent, HOLDER } from "./testing-torrent.ts";

type Request = { readonly piece: number; readonly begin: number; readonly length: number };

/** What a peer of the download does; what is not told here it does as an honest seed. */
export type GivenPeer = {
  readonly fast?: boolean;
  readonly connected?: SeedBehaviour["connected"];
  readonly bits?: (pieceCount: number) => Uint8Array;
  readonly greeted?: (connection: SeedConnection) => void;
  readonly asked?: (connection: SeedConnection, request: Request, right: Buffer) => void;
  /** Every message that is no request. */
  readonly heard?: (connection: SeedConnection, message: PeerMessage) => void;
};

/** A gateway that is to download a torrent, and the store that takes its pieces. */
export class GivenMirror implements AsyncDisposable {
  readonly given: GivenGateway;
  readonly torrent: GivenTorrent;
  readonly there: Bitfield;
  /** As the gateway told last. */
  progress: MirrorProgress | null = null;
  readonly #seeds: TestSeed[] = [];

  private constructor(given: GivenGateway, torrent: GivenTorrent) {
    this.given = given;
    this.torrent = torrent;
    const { content, metainfo, entry } = torrent;
    const { infoHash, pieceCount, pieceLengthBytes } = metainfo;
    this.there = Bitfield.empty(pieceCount);
    const at = { params: { holder: HOLDER } };
    const { bus } = given;
    bus.subscribe(mirrorProgressEvent, { params: { infoHash } }, (progress) => {
      this.progress = progress;
    });
    bus.serveStream(havePiecesCall, at, () => [this.there.toBytes()]);
    bus.serve(manageCall, at, () => ({
      ...{ entry: { ...entry, incomplete: true as const }, havePieces: this.there.count },
    }));
    bus.serve(writePieceCall, at, async ({ piece, offeredBy }) => {
      const chunks: Uint8Array[] = [];
      const offer = { infoHash, piece };
      for await (const chunk of bus.stream(offeredPieceCall, { process: offeredBy }, offer)) {
        chunks.push(Uint8Array.from(chunk));
      }
      const right = content.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes);
      if (!right.equals(Buffer.concat(chunks))) return { outcome: "corrupt" };
      this.there.add(piece);
      return { outcome: "verified" };
    });
  }

  static async start(
    torrent: GivenTorrent = givenTorrent("mirrored"),
    config: Partial<NamedGatewayConfig> = {},
  ): Promise<GivenMirror> {
    const mirrored = new GivenMirror(await GivenGateway.start([], config), torrent);
    await mirrored.given.publish(mirrored.torrent, { incomplete: true });
    return mirrored;
  }

  async peer(name: string, peer: GivenPeer): Promise<TestSeed> {
    const { bits, greeted, asked, fast = false, connected = () => "goes-on" } = peer;
    const { content, metainfo } = this.torrent;
    const { infoHash, infoBytes, pieceCount, pieceLengthBytes } = metainfo;
    const heard = (connection: SeedConnection, message: PeerMessage): void => {
      if (message.kind !== "request") return peer.heard?.(connection, message);
      const { piece, begin, length } = message;
      const from = piece * pieceLengthBytes + begin;
      const data = content.subarray(from, from + length);
      if (asked !== undefined) asked(connection, { piece, begin, length }, data);
      else connection.say({ kind: "piece", piece, begin, data });
    };
    const seed = await TestSeed.start({
      ...{ infoHash, infoBytes, peerId: givenPeerId(name), heard, fast, connected },
      greeted(connection) {
        const full = Bitfield.full(pieceCount).toBytes();
        connection.say({ kind: "bitfield", bits: bits?.(pieceCount) ?? full });
        if (greeted === undefined) connection.say({ kind: "unchoke" });
        else greeted(connection);
      },
    });
    this.#seeds.push(seed);
    return seed;
  }

  async mirror(
    seeds: readonly Pick<TestSeed, "address">[],
    webSeeds: readonly string[] = [],
    differing: Partial<Mirror> = {},
  ): Promise<void> {
    const { bus, telemetry } = this.given;
    const { infoHash, name } = this.torrent.metainfo;
    const mirror: Mirror = {
      ...{ infoHash, infoHashV2: null, name, trackers: [], webSeeds, holder: HOLDER },
      ...{ peers: seeds.map(({ address }) => address), purpose: "mirror", gateways: 1 },
      ...{ dht: false, addedAtMs: 0, ...differing },
    };
    await (await openMirrors(bus, telemetry.log)).add(mirror);
  }

  get isDownloading(): boolean {
    return this.progress?.state === "downloading";
  }

  /** What a store does once every piece is there. */
  async whole(): Promise<void> {
    await this.given.publish(this.torrent);
  }

  until(holds: () => boolean): Promise<void> {
    return untilAsTimePasses(this.given.clock, holds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const seed of this.#seeds) await seed[Symbol.asyncDispose]();
    await this.given[Symbol.asyncDispose]();
  }
}
