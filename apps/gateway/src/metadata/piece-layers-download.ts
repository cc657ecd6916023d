import assert from "node:assert/strict";
import {
  BLOCK_HASH_BYTES,
  HASH_REQUEST_LENGTH_MAX,
  type HashTreeShape,
  hashTreeShape,
  type Metainfo,
  verifyHashes,
} from "@seedfleet/metainfo";
import type { HashRange } from "@seedfleet/wire";
import { ANSWER_TIMEOUT_MS, AskablePeers } from "./askable-peers.ts";
import type { PeerFault, PeerFaultCode } from "./peer-fault.ts";

export type HashAsk = { readonly peer: number; readonly range: HashRange };

/** What hashes are asked for of, from what an info dictionary says. */
export type LayeredFiles = Pick<Metainfo, "files" | "pieceLengthBytes">;

/** A file whose piece layer is to be had. */
type LayeredFile = {
  readonly piecesRoot: Uint8Array;
  readonly pieceCount: number;
  readonly shape: HashTreeShape;
};

type Asked = {
  readonly peer: number;
  readonly atMs: number;
  readonly file: LayeredFile;
  readonly range: HashRange;
};

/**
 * Gets the piece layers of a torrent from peers that have them (BEP 52), sans-IO: which hashes are
 * asked of whom. Every answer is proven up to its file's pieces root, so a wrong one is its
 * sender's for certain. A file's layer takes memory once some of it is there.
 */
export class PieceLayersDownload {
  readonly #peers = new AskablePeers();
  readonly #layers = new Map<string, Uint8Array>();
  readonly #asked = new Map<string, Asked>();
  readonly #ranges: Iterator<{ readonly file: LayeredFile; readonly range: HashRange }>;
  readonly #returned: { readonly file: LayeredFile; readonly range: HashRange }[] = [];
  #faults: PeerFault[] = [];
  readonly count: number;
  #got = 0;

  constructor({ files, pieceLengthBytes }: LayeredFiles) {
    const layered = layeredFiles({ files, pieceLengthBytes });
    this.count = layered.reduce((sum, file) => sum + requestCount(file), 0);
    this.#ranges = rangesOf(layered);
  }

  /** How many of the `count` answers are there. */
  get got(): number {
    return this.#got;
  }

  get isDone(): boolean {
    return this.#got === this.count;
  }

  /** Pieces root → layer, 32 bytes a piece; whole once `isDone`. */
  layers(): readonly (readonly [piecesRoot: Uint8Array, layer: Uint8Array])[] {
    return Array.from(this.#layers, ([root, layer]) => [Buffer.from(root, "latin1"), layer]);
  }

  /** A peer that may be asked for hashes. */
  join(peer: number): void {
    this.#peers.join(peer);
  }

  leave(peer: number): void {
    for (const [key, asked] of this.#asked) {
      if (asked.peer === peer) this.#giveUp(key, asked);
    }
    this.#peers.leave(peer);
  }

  /** An answer has come; false of one that was not asked for, or not any more. */
  receive(peer: number, range: HashRange, hashes: Uint8Array): boolean {
    const key = keyOf(range);
    const asked = this.#asked.get(key);
    if (asked?.peer !== peer) return false;
    if (!verifyHashes(asked.range, hashes, asked.file.shape)) {
      this.#blame(peer, "corrupt");
      return true;
    }
    this.#asked.delete(key);
    this.#peers.answered(peer);
    this.#keep(asked, hashes);
    this.#got += 1;
    return true;
  }

  /** The peer does not give hashes; false of a range that was not asked for. */
  reject(peer: number, range: HashRange, nowMs: number): boolean {
    const key = keyOf(range);
    const asked = this.#asked.get(key);
    if (asked?.peer !== peer) return false;
    this.#inVain(key, asked, nowMs);
    return true;
  }

  /** Waits no longer for what has been asked for long ago. */
  expire(nowMs: number): void {
    for (const [key, asked] of this.#asked) {
      if (asked.atMs + ANSWER_TIMEOUT_MS <= nowMs) this.#inVain(key, asked, nowMs);
    }
  }

  /** What to ask for now, of each peer in turn. */
  asks(nowMs: number): readonly HashAsk[] {
    const asks: HashAsk[] = [];
    for (let before = -1; before < asks.length; ) {
      before = asks.length;
      for (const peer of this.#peers.free(nowMs)) {
        const next = this.#returned.pop() ?? this.#ranges.next().value;
        if (next === undefined) return asks;
        this.#asked.set(keyOf(next.range), { peer, atMs: nowMs, ...next });
        this.#peers.asked(peer);
        asks.push({ peer, range: next.range });
      }
    }
    return asks;
  }

  /** What peers did wrong since this was last asked; each is to be let go. */
  takeFaults(): readonly PeerFault[] {
    const faults = this.#faults;
    this.#faults = [];
    return faults;
  }

  #keep({ file, range }: Asked, hashes: Uint8Array): void {
    const root = textOf(file.piecesRoot);
    const layer = this.#layers.get(root) ?? new Uint8Array(file.pieceCount * BLOCK_HASH_BYTES);
    this.#layers.set(root, layer);
    const own = Math.min(range.length, file.pieceCount - range.index);
    layer.set(hashes.subarray(0, own * BLOCK_HASH_BYTES), range.index * BLOCK_HASH_BYTES);
  }

  #inVain(key: string, asked: Asked, nowMs: number): void {
    this.#giveUp(key, asked);
    if (this.#peers.inVain(asked.peer, nowMs)) this.#blame(asked.peer, "unhelpful");
  }

  #giveUp(key: string, { file, range }: Asked): void {
    this.#asked.delete(key);
    this.#returned.push({ file, range });
  }

  #blame(peer: number, code: PeerFaultCode): void {
    this.#faults.push({ peer, code });
    this.leave(peer);
  }
}

/** How many bytes the piece layers take that an info dictionary leaves out. */
export function pieceLayersBytes(files: LayeredFiles): number {
  const pieces = layeredFiles(files).reduce((sum, { pieceCount }) => sum + pieceCount, 0);
  return pieces * BLOCK_HASH_BYTES;
}

/** Files longer than a piece, one for all of the same bytes: those have the same tree. */
function layeredFiles({ files, pieceLengthBytes }: LayeredFiles): readonly LayeredFile[] {
  const byRoot = new Map<string, LayeredFile>();
  for (const { piecesRoot, lengthBytes } of files) {
    if (piecesRoot === null || lengthBytes <= pieceLengthBytes) continue;
    byRoot.set(textOf(piecesRoot), {
      piecesRoot,
      pieceCount: Math.ceil(lengthBytes / pieceLengthBytes),
      shape: hashTreeShape(lengthBytes, pieceLengthBytes),
    });
  }
  return [...byRoot.values()];
}

function requestCount({ pieceCount }: LayeredFile): number {
  return Math.ceil(pieceCount / HASH_REQUEST_LENGTH_MAX);
}

/**
 * As libtorrent asks, which is what others know to answer: 512 pieces, at the end the power of two
 * that holds what is left, and proof up to below the root. But for the last of 513 pieces it asks
 * with a length of 1, and answers that without the hash beside it, which proves nothing.
 */
function* rangesOf(
  files: readonly LayeredFile[],
): Generator<{ readonly file: LayeredFile; readonly range: HashRange }, undefined> {
  for (const file of files) {
    const { piecesRoot, pieceCount, shape } = file;
    const proofLayers = shape.height - shape.pieceLayer - 1;
    assert(proofLayers >= 0);
    for (let index = 0; index < pieceCount; index += HASH_REQUEST_LENGTH_MAX) {
      const left = pieceCount - index;
      const length = Math.min(
        HASH_REQUEST_LENGTH_MAX,
        2 ** Math.ceil(Math.log2(Math.max(2, left))),
      );
      const range = { piecesRoot, baseLayer: shape.pieceLayer, index, length, proofLayers };
      yield { file, range };
    }
  }
  return undefined;
}

function keyOf({ piecesRoot, baseLayer, index, length, proofLayers }: HashRange): string {
  return `${textOf(piecesRoot)} ${baseLayer} ${index} ${length} ${proofLayers}`;
}

function textOf(root: Uint8Array): string {
  return Buffer.from(root.buffer, root.byteOffset, root.byteLength).toString("latin1");
}
