const NONE = -1;
const NEVER_MS = Number.NEGATIVE_INFINITY;

/** Rates are averages over two choke rounds (BEP 3: 20 s). */
const WINDOW_SECONDS = 20;

/**
 * What is known of each pair of nodes, by the number of its link, `from` × nodes + `to`: whether
 * one unchokes the other, and what flowed.
 */
export class SwarmLinks {
  readonly nodeCount: number;
  readonly unchoked: Uint8Array;
  /** Whether `to` wants what `from` has; as it is told, not as it is. */
  readonly interested: Uint8Array;
  /** When `to` last got its slot; -Infinity if never. */
  readonly unchokedAtMs: Float64Array;
  readonly connectedAtMs: Float64Array;
  readonly maxBytesPerSecond: Float64Array;
  /** Since `to` came; and whoever it was before, in all. */
  readonly sentBytes: Float64Array;
  readonly totalBytes: Float64Array;
  readonly turnBytes: Float64Array;
  /** When bytes last came over it; -Infinity if never. */
  readonly sentAtMs: Float64Array;
  /** What is fetched over it; -1 for nothing. */
  readonly piece: Int32Array;
  /** How often `to` came to `from` under a new peer id. */
  readonly identity: Uint32Array;
  readonly #sent: readonly [Float64Array, Float64Array];
  readonly #received: readonly [Float64Array, Float64Array];

  constructor(nodeCount: number) {
    const links = nodeCount * nodeCount;
    this.nodeCount = nodeCount;
    this.unchoked = new Uint8Array(links);
    this.interested = new Uint8Array(links);
    this.unchokedAtMs = new Float64Array(links).fill(NEVER_MS);
    this.connectedAtMs = new Float64Array(links);
    this.maxBytesPerSecond = new Float64Array(links).fill(Number.POSITIVE_INFINITY);
    this.sentBytes = new Float64Array(links);
    this.totalBytes = new Float64Array(links);
    this.turnBytes = new Float64Array(links);
    this.sentAtMs = new Float64Array(links).fill(NEVER_MS);
    this.piece = new Int32Array(links).fill(NONE);
    this.identity = new Uint32Array(links);
    this.#sent = [new Float64Array(links), new Float64Array(links)];
    this.#received = [new Float64Array(links), new Float64Array(links)];
  }

  of(from: number, to: number): number {
    return from * this.nodeCount + to;
  }

  /** What `from` sent over it, an average over its last two rounds. */
  sentRate(link: number): number {
    return ((this.#sent[0][link] ?? 0) + (this.#sent[1][link] ?? 0)) / WINDOW_SECONDS;
  }

  /** The same as `to` sees it, whose rounds are at other times. */
  receivedRate(link: number): number {
    return ((this.#received[0][link] ?? 0) + (this.#received[1][link] ?? 0)) / WINDOW_SECONDS;
  }

  sent(link: number, bytes: number, nowMs: number): void {
    this.sentAtMs[link] = nowMs;
    const sums = [this.sentBytes, this.totalBytes, this.turnBytes];
    for (const sum of [...sums, this.#sent[0], this.#received[0]]) {
      sum[link] = (sum[link] ?? 0) + bytes;
    }
  }

  /** A node's round is over: what it sent and got until now is of the round before. */
  roundOver(node: number): void {
    for (let other = 0; other < this.nodeCount; other += 1) {
      const [out, into] = [this.of(node, other), this.of(other, node)];
      this.#sent[1][out] = this.#sent[0][out] ?? 0;
      this.#sent[0][out] = 0;
      this.#received[1][into] = this.#received[0][into] ?? 0;
      this.#received[0][into] = 0;
    }
  }

  /** `to` closes its connection to `from` and comes again as somebody else. */
  reconnect(from: number, to: number, nowMs: number): void {
    for (const link of [this.of(from, to), this.of(to, from)]) {
      this.connectedAtMs[link] = nowMs;
      this.unchoked[link] = 0;
      this.unchokedAtMs[link] = NEVER_MS;
      this.sentAtMs[link] = NEVER_MS;
      for (const sum of [this.sentBytes, this.turnBytes, ...this.#sent, ...this.#received]) {
        sum[link] = 0;
      }
    }
    const link = this.of(from, to);
    this.identity[link] = (this.identity[link] ?? 0) + 1;
  }
}
