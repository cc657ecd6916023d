import { type InfoHash, type InfoHashV2, truncatedInfoHash } from "@seedfleet/bytes";
import {
  METAINFO_BYTES_MAX,
  type Metainfo,
  type MetainfoViolation,
  metainfoFromInfo,
  parseMetainfo,
} from "@seedfleet/metainfo";
import type { HashRange } from "@seedfleet/wire";
import {
  type MetadataAsk,
  MetadataDownload,
  type MetadataNames,
  type MetadataProgress,
  type ReceivedPiece,
} from "./metadata-download.ts";
import { HYBRID_LAYERS_MS_MAX } from "./metadata-limits.ts";
import type { MetadataState } from "./metadata-status.ts";
import type { PeerFault } from "./peer-fault.ts";
import { type HashAsk, PieceLayersDownload, pieceLayersBytes } from "./piece-layers-download.ts";

/** `without-layers` is a hybrid by the SHA-1 of its pieces alone. */
export type MetadataOutcome =
  | { readonly kind: "fetched" | "without-layers"; readonly bytes: Uint8Array }
  | { readonly kind: "unusable"; readonly violation: MetainfoViolation["code"] }
  | { readonly kind: "stopped" };

type Layers = {
  readonly download: PieceLayersDownload;
  readonly infoBytes: Uint8Array;
  /** When there is enough without; null of v2 alone, which needs them. */
  readonly untilMs: number | null;
};

/**
 * From a torrent's names to its .torrent file, sans-IO: first the info dictionary, then, where it
 * has files longer than a piece and a v2 side, their piece layers.
 */
export class MetadataWork {
  readonly #info: MetadataDownload;
  readonly #takesHashes = new Set<number>();
  #infoHashV2: InfoHashV2 | null;
  #layers: Layers | null = null;
  #outcome: MetadataOutcome | null = null;

  constructor(names: MetadataNames) {
    this.#info = new MetadataDownload(names);
    this.#infoHashV2 = names.infoHashV2;
  }

  get state(): MetadataState {
    if (this.#outcome === null) return this.#layers === null ? "metadata" : "piece-layers";
    return this.#outcome.kind === "without-layers" ? "fetched" : this.#outcome.kind;
  }

  get outcome(): MetadataOutcome | null {
    return this.#outcome;
  }

  /** The name of the torrent's v2 side on the wire, once that is known. */
  get nameV2(): InfoHash | null {
    return this.#infoHashV2 === null ? null : truncatedInfoHash(this.#infoHashV2);
  }

  progress(): MetadataProgress | null {
    return this.#info.progress();
  }

  layers(): { readonly got: number; readonly count: number } | null {
    if (this.#layers === null) return null;
    const { got, count } = this.#layers.download;
    return { got, count };
  }

  joined(peer: number, takesHashes: boolean): void {
    if (!takesHashes) return;
    this.#takesHashes.add(peer);
    this.#layers?.download.join(peer);
  }

  left(peer: number): void {
    this.#takesHashes.delete(peer);
    this.#info.leave(peer);
    this.#layers?.download.leave(peer);
  }

  hasMetadata(peer: number, sizeBytes: number): void {
    if (this.state === "metadata") this.#info.join(peer, sizeBytes);
  }

  metadataCame(peer: number, received: ReceivedPiece): boolean {
    return this.#info.receive(peer, received);
  }

  metadataRejected(peer: number, piece: number, nowMs: number): void {
    this.#info.reject(peer, piece, nowMs);
  }

  hashesCame(peer: number, range: HashRange, hashes: Uint8Array): boolean {
    return this.#layers?.download.receive(peer, range, hashes) ?? false;
  }

  hashesRejected(peer: number, range: HashRange, nowMs: number): void {
    this.#layers?.download.reject(peer, range, nowMs);
  }

  expire(nowMs: number): void {
    this.#info.expire(nowMs);
    this.#layers?.download.expire(nowMs);
  }

  /** Nobody is there, or will be soon: what there is must do, if it can. */
  nobodyIsLeft(): void {
    if (this.#layers !== null && this.#layers.untilMs !== null) this.#goWithout(this.#layers);
  }

  stop(): void {
    this.#outcome ??= { kind: "stopped" };
  }

  /** Goes as far as it can; true when from now on piece layers are wanted. */
  advance(nowMs: number): boolean {
    if (this.#outcome !== null) return false;
    if (this.#layers !== null) {
      this.#advanceLayers(this.#layers, nowMs);
      return false;
    }
    const infoBytes = this.#info.info;
    return infoBytes !== null && this.#read(infoBytes, nowMs);
  }

  takeFaults(): readonly PeerFault[] {
    return [...this.#info.takeFaults(), ...(this.#layers?.download.takeFaults() ?? [])];
  }

  metadataAsks(nowMs: number): readonly MetadataAsk[] {
    return this.state === "metadata" ? this.#info.asks(nowMs) : [];
  }

  hashAsks(nowMs: number): readonly HashAsk[] {
    if (this.#layers === null || this.#outcome !== null) return [];
    return this.#layers.download.asks(nowMs);
  }

  #read(infoBytes: Uint8Array, nowMs: number): boolean {
    const bytes = metainfoFromInfo(infoBytes, []);
    const metainfo = parseMetainfo(bytes);
    if (metainfo.kind === "violation") return this.#refuse(metainfo.code);
    if (metainfo.version === "v1" || metainfo.pieceRoots !== null) {
      this.#outcome = { kind: "fetched", bytes };
      return false;
    }
    this.#infoHashV2 = metainfo.infoHashV2;
    if (bytes.length + pieceLayersBytes(metainfo) > METAINFO_BYTES_MAX) {
      if (metainfo.version === "v2") return this.#refuse("metainfo-too-large");
      this.#outcome = { kind: "without-layers", bytes };
      return false;
    }
    this.#layers = layersOf(metainfo, nowMs);
    for (const peer of this.#takesHashes) this.#layers.download.join(peer);
    return true;
  }

  #advanceLayers(layers: Layers, nowMs: number): void {
    const { download, infoBytes, untilMs } = layers;
    if (download.isDone) {
      const bytes = metainfoFromInfo(infoBytes, download.layers());
      const metainfo = parseMetainfo(bytes);
      // As where two files say to have one tree, and are not of one length.
      if (metainfo.kind === "metainfo") this.#outcome = { kind: "fetched", bytes };
      else if (untilMs === null) this.#refuse(metainfo.code);
      else this.#goWithout(layers);
    } else if (untilMs !== null && nowMs >= untilMs) this.#goWithout(layers);
  }

  #goWithout({ infoBytes }: Layers): void {
    this.#outcome = { kind: "without-layers", bytes: metainfoFromInfo(infoBytes, []) };
  }

  #refuse(violation: MetainfoViolation["code"]): false {
    this.#outcome = { kind: "unusable", violation };
    return false;
  }
}

function layersOf(metainfo: Metainfo, nowMs: number): Layers {
  return {
    download: new PieceLayersDownload(metainfo),
    infoBytes: metainfo.infoBytes,
    untilMs: metainfo.version === "hybrid" ? nowMs + HYBRID_LAYERS_MS_MAX : null,
  };
}
