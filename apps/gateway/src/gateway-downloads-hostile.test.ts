import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import {
  havePiecesCall,
  type Mirror,
  manageCall,
  offeredPieceCall,
  writePieceCall,
} from "@seedfleet/contracts";
import { openMirrors } from "@seedfleet/fleet";
import type { PeerMessage } from "@seedfleet/wire";
import { UNASKED_BLOCKS_MAX } from "./downloads/peer-download.ts";
import { type SeedConnection, TestSeed } from "./metadata/testing-seed.ts";
import type { CloseReason } from "./peers/close-reason.ts";
import { GivenGateway, untilAsTimePasses } from "./testing.ts";
import { givenPeerId } from "./testing-peer.ts";
import { type GivenTorrent, givenTorrent, HOLDER } from "./testing-torrent.ts";

type Request = { readonly piece: number; readonly begin: number; readonly length: number };

/** What a peer of the download does; what is not told here it does as an honest seed. */
type Peer = {
  readonly bits?: (pieceCount: number) => Uint8Array;
  readonly greeted?: (connection: SeedConnection) => void;
  readonly asked?: (connection: SeedConnection, request: Request, right: Buffer) => void;
};

/** A gateway that is to download a torrent, and the store that takes its pieces. */
class GivenMirror implements AsyncDisposable {
  readonly given: GivenGateway;
  readonly torrent: GivenTorrent;
  readonly there: Bitfield;
  readonly #seeds: TestSeed[] = [];

  private constructor(given: GivenGateway, torrent: GivenTorrent) {
    this.given = given;
    this.torrent = torrent;
    const { content, metainfo, entry } = torrent;
    const { infoHash, pieceCount, pieceLengthBytes } = metainfo;
    this.there = Bitfield.empty(pieceCount);
    const at = { params: { holder: HOLDER } };
    const { bus } = given;
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

  static async start(): Promise<GivenMirror> {
    const mirrored = new GivenMirror(await GivenGateway.start([]), givenTorrent("mirrored"));
    await mirrored.given.publish(mirrored.torrent, { incomplete: true });
    return mirrored;
  }

  async peer(name: string, { bits, greeted, asked }: Peer): Promise<TestSeed> {
    const { content, metainfo } = this.torrent;
    const { infoHash, infoBytes, pieceCount, pieceLengthBytes } = metainfo;
    const heard = (connection: SeedConnection, message: PeerMessage): void => {
      if (message.kind !== "request") return;
      const { piece, begin, length } = message;
      const from = piece * pieceLengthBytes + begin;
      const data = content.subarray(from, from + length);
      if (asked !== undefined) asked(connection, { piece, begin, length }, data);
      else connection.say({ kind: "piece", piece, begin, data });
    };
    const seed = await TestSeed.start({
      ...{ infoHash, infoBytes, peerId: givenPeerId(name), heard },
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

  async mirror(seeds: readonly TestSeed[]): Promise<void> {
    const { bus, telemetry } = this.given;
    const { infoHash, name } = this.torrent.metainfo;
    const mirror: Mirror = {
      ...{ infoHash, infoHashV2: null, name, trackers: [], webSeeds: [], holder: HOLDER },
      ...{ peers: seeds.map(({ address }) => address), purpose: "mirror", gateways: 1 },
      ...{ dht: false, addedAtMs: 0 },
    };
    await (await openMirrors(bus, telemetry.log)).add(mirror);
  }

  until(holds: () => boolean): Promise<void> {
    return untilAsTimePasses(this.given.clock, holds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const seed of this.#seeds) await seed[Symbol.asyncDispose]();
    await this.given[Symbol.asyncDispose]();
  }
}

function wrong(data: Buffer): Buffer {
  const bytes = Buffer.from(data);
  bytes[0] = 1 + (bytes[0] ?? 0);
  return bytes;
}

const UNASKED = { kind: "piece", piece: 0, begin: 0, data: Buffer.alloc(16) } as const;

const hostile: readonly (readonly [what: string, peer: Peer, closes: CloseReason | null])[] = [
  [
    "sends corrupt blocks",
    {
      asked: (connection, { piece, begin }, right) =>
        connection.say({ kind: "piece", piece, begin, data: wrong(right) }),
    },
    "piece-corrupt",
  ],
  [
    "sends many blocks that nobody asked for",
    {
      greeted: (connection) =>
        connection.say(...Array.from({ length: UNASKED_BLOCKS_MAX + 1 }, () => UNASKED)),
    },
    "blocks-unasked",
  ],
  [
    "has a piece that there is not",
    { greeted: (connection) => connection.say({ kind: "have", piece: 1_000_000 }) },
    "piece-out-of-range",
  ],
  [
    "has a bitfield of another length",
    { bits: (pieceCount) => new Uint8Array(pieceCount) },
    "bitfield-wrong",
  ],
  [
    "sends blocks of another length",
    {
      asked: (connection, { piece, begin }, right) =>
        connection.say({ kind: "piece", piece, begin, data: right.subarray(1) }),
    },
    null,
  ],
  ["stalls", { asked() {} }, null],
  [
    "chokes and unchokes in turns",
    { asked: (connection) => connection.say({ kind: "choke" }, { kind: "unchoke" }) },
    null,
  ],
];

for (const [what, peer, closes] of hostile) {
  test(`a download completes beside a peer that ${what}`, async () => {
    await using mirrored = await GivenMirror.start();
    const { given } = mirrored;
    let isMet = false;
    const liar = await mirrored.peer("hostile", {
      ...peer,
      asked(connection, request, right) {
        isMet = true;
        if (peer.asked !== undefined) peer.asked(connection, request, right);
      },
    });
    // The honest one lets us only when the other has done what it does.
    const waiting: SeedConnection[] = [];
    const honest = await mirrored.peer("honest", {
      greeted: (connection) => waiting.push(connection),
    });
    await mirrored.mirror([liar, honest]);
    await mirrored.until(() => {
      const isDone = closes === null ? isMet : given.closed(closes) > 0;
      return isDone && waiting.length > 0;
    });
    for (const connection of waiting) connection.say({ kind: "unchoke" });
    await mirrored.until(() => mirrored.there.isFull);
    await mirrored.until(() => given.logged("mirror complete") === 1);
    if (closes !== null) equal(given.closed(closes), 1);
    else ok(given.closed("piece-corrupt") + given.closed("blocks-unasked") === 0);
  });
}
