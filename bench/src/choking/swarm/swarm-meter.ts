import { type SimulatedSwarm, TICK_MS } from "./simulated-swarm.ts";

/** What became of one leecher. */
export type LeecherFigures = {
  readonly className: string;
  readonly isHonest: boolean;
  /** How long its download took; null if it never had everything. */
  readonly downloadMs: number | null;
  /** The longest that it wanted something of the gateways and had a slot at none. */
  readonly longestWaitMs: number;
  readonly fromGatewaysBytes: number;
  /** From everybody, over the time that counts. */
  readonly downloadBytesPerSecond: number;
};

/** One download from nothing to everything. */
export type Download = {
  readonly className: string;
  readonly isHonest: boolean;
  readonly beganAtMs: number;
  /** Null if it was not done at the end. */
  readonly tookMs: number | null;
};

export type SwarmFigures = {
  readonly seed: number;
  readonly leechers: readonly LeecherFigures[];
  readonly downloads: readonly Download[];
  /** When the last had everything. */
  readonly doneAtMs: number;
  /** Copies of the content that gateways uploaded before somebody had all of it. */
  readonly copiesBeforeSecondSeed: number;
  /** The share of the gateways' uplinks that was used while somebody wanted something. */
  readonly uplinkUse: number;
  /** How many gateways unchoke a leecher at one moment, of those that any does. */
  readonly unchokesPerLeecher: number;
};

/** Looks at a swarm once a second, and says what it saw. */
export class SwarmMeter {
  readonly #swarm: SimulatedSwarm;
  readonly #waitedMs: Float64Array;
  readonly #longestWaitMs: Float64Array;
  readonly #beganAtMs = new Map<number, number>();
  readonly #downloads: Download[] = [];
  #receivedBefore: readonly number[] = [];
  #copiesBeforeSecondSeed: number | null = null;
  #wantedMs = 0;
  #unchokes = 0;
  #served = 0;

  constructor(swarm: SimulatedSwarm) {
    this.#swarm = swarm;
    this.#waitedMs = new Float64Array(swarm.nodeCount);
    this.#longestWaitMs = new Float64Array(swarm.nodeCount);
    swarm.listeners.push({
      came: (node) => {
        if (swarm.pieces.countOf(node) === 0) this.#beganAtMs.set(node, swarm.nowMs);
      },
      finished: (node) => this.#note(node, swarm.nowMs),
    });
  }

  unfinishedCount(): number {
    return this.#swarm.doneAtMs.filter((doneAtMs) => doneAtMs === null).length;
  }

  look(): void {
    const swarm = this.#swarm;
    const { links } = swarm;
    if (swarm.nowMs === swarm.plan.countsFromMs) this.#receivedBefore = this.#received();
    let anyWants = false;
    for (const node of swarm.leechers()) {
      let [wanted, serving] = [0, 0];
      for (let gateway = 0; gateway < swarm.gatewayCount; gateway += 1) {
        const link = links.of(gateway, node);
        if (links.interested[link] === 0) continue;
        wanted += 1;
        serving += links.unchoked[link] ?? 0;
      }
      anyWants ||= wanted > 0;
      this.#unchokes += serving;
      this.#served += serving > 0 ? 1 : 0;
      const waits = wanted > 0 && serving === 0;
      const waitedMs = waits ? (this.#waitedMs[node] ?? 0) + TICK_MS : 0;
      this.#waitedMs[node] = waitedMs;
      this.#longestWaitMs[node] = Math.max(this.#longestWaitMs[node] ?? 0, waitedMs);
    }
    this.#wantedMs += anyWants ? TICK_MS : 0;
    const hasSecond = swarm.doneAtMs.some((at, node) => at !== null && !swarm.isGateway(node));
    if (hasSecond) this.#copiesBeforeSecondSeed ??= this.#copies();
  }

  figures(): SwarmFigures {
    const swarm = this.#swarm;
    const { gateways, leechers, seed, countsFromMs } = swarm.plan;
    const received = this.#received();
    const countedSeconds = (swarm.nowMs - countsFromMs) / 1_000;
    for (const node of [...this.#beganAtMs.keys()]) this.#note(node, null);
    const capacity = gateways.count * gateways.uploadBytesPerSecond * (this.#wantedMs / 1_000);
    return {
      seed,
      leechers: leechers.map(({ className, tricks, arrivesAtMs }, at): LeecherFigures => {
        const node = swarm.gatewayCount + at;
        const doneAtMs = swarm.doneAtMs[node] ?? null;
        return {
          className,
          isHonest: tricks.length === 0,
          downloadMs: doneAtMs === null ? null : doneAtMs - arrivesAtMs,
          longestWaitMs: this.#longestWaitMs[node] ?? 0,
          fromGatewaysBytes: this.#fromGateways(node),
          downloadBytesPerSecond:
            ((received[node] ?? 0) - (this.#receivedBefore[node] ?? 0)) / countedSeconds,
        };
      }),
      downloads: this.#downloads,
      doneAtMs: Math.max(...swarm.doneAtMs.map((at) => at ?? Number.POSITIVE_INFINITY)),
      copiesBeforeSecondSeed: this.#copiesBeforeSecondSeed ?? this.#copies(),
      uplinkUse: (this.#copies() * this.#contentBytes()) / capacity,
      unchokesPerLeecher: this.#unchokes / this.#served,
    };
  }

  #note(node: number, nowMs: number | null): void {
    const beganAtMs = this.#beganAtMs.get(node);
    const { className = "", tricks = [] } = this.#swarm.leecher(node) ?? {};
    this.#beganAtMs.delete(node);
    if (beganAtMs === undefined) return;
    const tookMs = nowMs === null ? null : nowMs - beganAtMs;
    this.#downloads.push({ className, isHonest: tricks.length === 0, beganAtMs, tookMs });
  }

  #received(): readonly number[] {
    const { links, nodeCount } = this.#swarm;
    const nodes = [...Array(nodeCount).keys()];
    return nodes.map((to) => {
      return nodes.reduce((sum, from) => sum + (links.totalBytes[links.of(from, to)] ?? 0), 0);
    });
  }

  #contentBytes(): number {
    return this.#swarm.plan.pieceCount * this.#swarm.plan.pieceLengthBytes;
  }

  #copies(): number {
    const nodes = this.#swarm.plan.leechers.map((_, at) => this.#swarm.gatewayCount + at);
    const bytes = nodes.reduce((sum, node) => sum + this.#fromGateways(node), 0);
    return bytes / this.#contentBytes();
  }

  #fromGateways(node: number): number {
    const { links, gatewayCount } = this.#swarm;
    return [...Array(gatewayCount).keys()].reduce((sum, gateway) => {
      return sum + (links.totalBytes[links.of(gateway, node)] ?? 0);
    }, 0);
  }
}
