import { readFileSync } from "node:fs";
import type { Bus, CallOptions } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import {
  type CatalogEntry,
  havePiecesCall,
  manageCall,
  offeredPieceCall,
  type PieceOffer,
  type TorrentOptions,
  writePieceCall,
} from "@seedfleet/contracts";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { Gathered } from "@seedfleet/testkit";
import {
  type GivenConfig,
  type GivenFiles,
  type GivenPorts,
  GivenStore,
  HOLDER,
} from "../testing.ts";

export const OFFERER = "gateway-1";

/** NATS takes a MiB at a time, with its headers. */
const CHUNK_BYTES = 512 * 1024;

/** A torrent whose metainfo and pieces somebody has, who is no piece-store. */
export type OfferedTorrent = {
  readonly infoHash: InfoHash;
  readonly metainfo: Metainfo;
  readonly metainfoBytes: Uint8Array;
  /** As on the wire, with padding. */
  readonly pieces: readonly Uint8Array[];
  readonly whole: Uint8Array;
};

export type GivenManagedOptions = {
  readonly root?: string;
  readonly config?: GivenConfig;
  readonly ports?: GivenPorts;
};

/** `signal` aborts when nobody waits for it any more. */
export type Give = (
  offer: PieceOffer,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Made by a store of its own, of which nothing is left. */
export async function givenTorrent(
  files: GivenFiles,
  options: Partial<TorrentOptions>,
): Promise<OfferedTorrent> {
  await using made = await GivenStore.start(files);
  const { entry } = await made.publish("d", options);
  const { infoHash, pieceLengthBytes } = entry;
  const metainfoBytes = (await made.catalog.metainfo(infoHash)) ?? Buffer.of();
  const metainfo = parseMetainfo(metainfoBytes);
  if (metainfo.kind !== "metainfo") throw new Error(metainfo.code);
  const whole = await made.readAll(entry);
  const pieces = Array.from({ length: entry.pieceCount }, (_, piece) =>
    whole.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes),
  );
  return { infoHash, metainfo, metainfoBytes, pieces, whole };
}

/** Somebody who has the pieces of torrents and gives them when asked. */
export class Offerer {
  readonly asked: Gathered<PieceOffer> = new Gathered();
  /** How many were being given at once, at most. */
  atOnceMost = 0;
  /** What is given; a test may have another idea of it. */
  give: Give;
  readonly #bus: Bus;
  readonly #subscription: { unsubscribe(): void };
  #atOnce = 0;

  constructor(bus: Bus, torrents: readonly OfferedTorrent[]) {
    this.#bus = bus;
    this.give = ({ infoHash, piece }) => {
      const bytes = torrents.find((torrent) => torrent.infoHash === infoHash)?.pieces[piece];
      return chunksOf(bytes ?? Buffer.of());
    };
    this.#subscription = bus.serveStream(
      offeredPieceCall,
      { params: { process: OFFERER } },
      (offer, _, signal) => this.#counted(offer, signal),
    );
  }

  /** Has the store take a piece. */
  async write(offer: PieceOffer, options: CallOptions = {}): Promise<"verified" | "corrupt"> {
    const request = { ...offer, offeredBy: OFFERER };
    return (await this.#bus.call(writePieceCall, { holder: HOLDER }, request, options)).outcome;
  }

  leave(): void {
    this.#subscription.unsubscribe();
  }

  async *#counted(offer: PieceOffer, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    this.#atOnce += 1;
    this.atOnceMost = Math.max(this.atOnceMost, this.#atOnce);
    this.asked.add(offer);
    try {
      yield* this.give(offer, signal);
    } finally {
      this.#atOnce -= 1;
    }
  }
}

/** A store with a root for managed content, and somebody who offers it these torrents. */
export class GivenManaged implements AsyncDisposable {
  readonly root: GivenDirectory;
  readonly given: GivenStore;
  readonly offerer: Offerer;

  private constructor(root: GivenDirectory, given: GivenStore, offerer: Offerer) {
    this.root = root;
    this.given = given;
    this.offerer = offerer;
  }

  /** `root` is where the content goes, if not into a directory of its own. */
  static async start(
    torrents: readonly OfferedTorrent[],
    { root, config = {}, ports = {} }: GivenManagedOptions = {},
  ): Promise<GivenManaged> {
    const directory = new GivenDirectory();
    const managedRoot = root ?? directory.at("managed");
    const given = await GivenStore.start({}, { managedRoot, ...config }, ports);
    return new GivenManaged(directory, given, new Offerer(given.bus, torrents));
  }

  /** The bytes of a torrent's file as they lie on the disk. */
  onDisk({ infoHash }: OfferedTorrent, path: string): Buffer {
    return readFileSync(this.root.at(`managed/${infoHash}/content/${path}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.given[Symbol.asyncDispose]();
    this.root[Symbol.dispose]();
  }
}

/** Puts the metainfo where it is found, and has a store make room for the torrent. */
export async function manage(
  { bus, catalog }: Pick<GivenStore, "bus" | "catalog">,
  { infoHash, metainfoBytes }: Pick<OfferedTorrent, "infoHash" | "metainfoBytes">,
): Promise<{ readonly entry: CatalogEntry; readonly havePieces: number }> {
  await catalog.putMetainfo(infoHash, metainfoBytes);
  return await bus.call(manageCall, { holder: HOLDER }, { infoHash });
}

/** The pieces that the store says it has. */
export async function havePiecesOf(bus: Bus, infoHash: InfoHash): Promise<number[]> {
  const stream = bus.stream(havePiecesCall, { holder: HOLDER }, { infoHash });
  const bits = Buffer.concat(await Array.fromAsync(stream));
  const pieces = Array.from({ length: bits.length * 8 }, (_, piece) => piece);
  return pieces.filter((piece) => ((bits[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0);
}

export function* chunksOf(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    yield bytes.subarray(at, at + CHUNK_BYTES);
  }
}
