import { Bitfield } from "@seedfleet/bitfield";
import type { Metainfo } from "@seedfleet/metainfo";
import { BLOCK_BYTES, type Block, type PickerPeer } from "@seedfleet/picker";
import type { CancelTimer } from "@seedfleet/runtime";
import type { BlockSource } from "./block-source.ts";
import {
  type FetchRangePorts,
  fetchRange,
  type RangeOutcome,
  WebSeedAgents,
  type WebSeedFault,
} from "./fetch-range.ts";
import type { TorrentDownload } from "./torrent-download.ts";
import { partsOf, webSeedUrl } from "./web-seed-parts.ts";

/** Requests of one web seed at once. */
export const WEB_SEED_REQUESTS_MAX = 2;

/** What one is asked for at a time: of small pieces several, of large ones a part. */
export const WEB_SEED_BYTES_MIN: number = 256 * 1_024;
export const WEB_SEED_BYTES_MAX: number = 2 * 1_024 * 1_024;

/** After a failure it is left alone for so long, and twice as long each time. */
export const WEB_SEED_REST_MS = 5_000;
export const WEB_SEED_REST_MS_MAX = 600_000;

/** Why a web seed is left alone for good. */
export type WebSeedEnd = WebSeedFault | "piece-corrupt";

export type WebSeedPorts = FetchRangePorts & {
  /** A request is done. */
  readonly asked: (outcome: RangeOutcome) => void;
  /** It is left alone for good; it asks for nothing more. */
  readonly left: (end: WebSeedEnd, reason: string) => void;
};

/** What is fetched at once, and of it the blocks that are still wanted. */
type Errand = { readonly open: Map<string, Block>; readonly stopping: AbortController };

/** An HTTP server that has a torrent's files (BEP 19), as a source of all of its blocks. */
export class WebSeed implements BlockSource {
  readonly url: string;
  readonly #ports: WebSeedPorts;
  readonly #download: TorrentDownload;
  readonly #metainfo: Metainfo;
  readonly #agents = new WebSeedAgents();
  readonly #peer: PickerPeer;
  readonly #errands = new Set<Errand>();
  readonly #blocksAtOnce: number;
  #cancelRest: CancelTimer | null = null;
  #failures = 0;
  #ended = false;
  #reason: string | null = null;

  constructor(
    ports: WebSeedPorts,
    { url, metainfo }: { readonly url: string; readonly metainfo: Metainfo },
    download: TorrentDownload,
  ) {
    this.url = url;
    this.#ports = ports;
    this.#metainfo = metainfo;
    this.#download = download;
    const { pieceLengthBytes, pieceCount } = metainfo;
    const bytes = Math.min(WEB_SEED_BYTES_MAX, Math.max(WEB_SEED_BYTES_MIN, pieceLengthBytes));
    this.#blocksAtOnce = Math.ceil(bytes / BLOCK_BYTES);
    this.#peer = download.join(this);
    download.setPieces(this.#peer, Bitfield.full(pieceCount));
  }

  /** Why it sends nothing at the moment; null while it does. */
  get reason(): string | null {
    return this.#reason;
  }

  cancel(block: Block): void {
    const key = keyOf(block);
    for (const { open, stopping } of this.#errands) {
      if (open.delete(key) && open.size === 0) stopping.abort();
    }
  }

  wake(): void {
    if (this.#ended || this.#cancelRest !== null) return;
    while (this.#errands.size < WEB_SEED_REQUESTS_MAX) {
      const blocks = this.#download.ask(this.#peer, this.#blocksAtOnce);
      if (blocks.length === 0) return;
      const open = new Map(blocks.map((block) => [keyOf(block), block]));
      const errand = { open, stopping: new AbortController() };
      this.#errands.add(errand);
      void this.#run(errand, runsOf(blocks));
    }
  }

  ban(): void {
    this.#leave("piece-corrupt", "it sends another content");
  }

  /** The download is over. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelRest?.();
    for (const { stopping } of this.#errands) stopping.abort();
    this.#download.leave(this.#peer);
    this.#agents[Symbol.dispose]();
  }

  async #run(errand: Errand, runs: readonly (readonly Block[])[]): Promise<void> {
    for (const blocks of runs) {
      const wanted = blocks.filter((block) => errand.open.has(keyOf(block)));
      const outcome = wanted.length === 0 ? null : await this.#fetch(errand, blocks);
      if (this.#ended) return;
      if (outcome === null) continue;
      if (outcome.kind !== "bytes") {
        this.#errands.delete(errand);
        return this.#failed(errand, outcome);
      }
      this.#failures = 0;
      this.#reason = null;
      this.#deliver(errand, blocks, outcome.bytes);
    }
    this.#errands.delete(errand);
    this.wake();
  }

  /** Blocks that follow each other. */
  async #fetch({ stopping }: Errand, blocks: readonly Block[]): Promise<RangeOutcome> {
    const fromByte = this.#offsetOf(blocks[0]);
    const length = blocks.reduce((sum, block) => sum + block.length, 0);
    const fetched: Buffer[] = [];
    for (const part of partsOf(this.#metainfo, fromByte, length)) {
      const { file, lengthBytes } = part;
      if (file === null) {
        fetched.push(Buffer.alloc(lengthBytes));
        continue;
      }
      const url = webSeedUrl(this.url, this.#metainfo, file);
      if (url === null) return { kind: "fault", fault: "not-there", reason: "its URL is none" };
      const ports = { ...this.#ports, agents: this.#agents };
      const wanted = { url, fromByte: part.fromByte, lengthBytes, fileBytes: file.lengthBytes };
      const outcome = await fetchRange(ports, wanted, stopping.signal);
      this.#ports.asked(outcome);
      if (outcome.kind !== "bytes") return outcome;
      fetched.push(outcome.bytes);
    }
    return { kind: "bytes", bytes: Buffer.concat(fetched) };
  }

  #deliver({ open }: Errand, blocks: readonly Block[], bytes: Buffer): void {
    let at = 0;
    for (const block of blocks) {
      const { piece, begin, length } = block;
      const data = bytes.subarray(at, at + length);
      at += length;
      if (this.#ended || !open.delete(keyOf(block))) continue;
      this.#download.receive(this.#peer, { piece, begin, data });
    }
  }

  #failed({ open }: Errand, outcome: Exclude<RangeOutcome, { readonly kind: "bytes" }>): void {
    if (outcome.kind === "fault") return this.#leave(outcome.fault, outcome.reason);
    if (outcome.kind === "away") this.#rest(outcome);
    for (const block of open.values()) this.#download.giveUp(this.#peer, block);
    this.#download.wake();
  }

  #rest({ reason, waitMs }: Extract<RangeOutcome, { readonly kind: "away" }>): void {
    this.#reason = reason;
    if (this.#cancelRest !== null) return;
    const restMs = WEB_SEED_REST_MS * 2 ** Math.min(10, this.#failures);
    // One that is asked again at once, and fails again, is not asked in circles.
    const isFirst = this.#failures === 0;
    this.#failures += 1;
    const asWanted = waitMs === 0 && !isFirst ? null : waitMs;
    const forMs = asWanted ?? Math.min(WEB_SEED_REST_MS_MAX, restMs);
    this.#cancelRest = this.#ports.clock.after(forMs, () => {
      this.#cancelRest = null;
      this.wake();
    });
  }

  #leave(end: WebSeedEnd, reason: string): void {
    if (this.#ended) return;
    this.end();
    this.#ports.left(end, reason);
  }

  #offsetOf(block: Block | undefined): number {
    if (block === undefined) return 0;
    return block.piece * this.#metainfo.pieceLengthBytes + block.begin;
  }
}

/** Parts of pieces, each without a gap. */
function runsOf(blocks: readonly Block[]): readonly (readonly Block[])[] {
  const runs: Block[][] = [];
  let run: Block[] = [];
  let next: Block | null = null;
  for (const block of blocks.toSorted((a, b) => a.piece - b.piece || a.begin - b.begin)) {
    const follows = next !== null && block.piece === next.piece && block.begin === next.begin;
    if (!follows) {
      run = [];
      runs.push(run);
    }
    run.push(block);
    next = { ...block, begin: block.begin + block.length };
  }
  return runs;
}

function keyOf({ piece, begin }: Block): string {
  return `${piece} ${begin}`;
}
