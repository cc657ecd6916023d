/** What a replica counts, as plain data that goes from thread to thread. */
export type ReplicaCounts = {
  /** By outcome: `answered`, or a violation's code. */
  readonly httpAnnounces: Readonly<Record<string, number>>;
  readonly httpScrapes: Readonly<Record<string, number>>;
  readonly httpRefusals: Readonly<Record<string, number>>;
  readonly udpAnnounces: number;
  readonly udpScrapes: number;
  readonly udpConnects: number;
  readonly udpRefusals: Readonly<Record<string, number>>;
  readonly udpSilences: Readonly<Record<string, number>>;
  readonly connections: number;
  readonly swarms: number;
  readonly peers: number;
  readonly torrents: number;
  /** Memory of the swarms' arrays. */
  readonly storeBytes: number;
};

export const NO_COUNTS: ReplicaCounts = {
  ...{ httpAnnounces: {}, httpScrapes: {}, httpRefusals: {} },
  ...{ udpAnnounces: 0, udpScrapes: 0, udpConnects: 0, udpRefusals: {}, udpSilences: {} },
  ...{ connections: 0, swarms: 0, peers: 0, torrents: 0, storeBytes: 0 },
};

/** Counts by name, which are few. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

/** Of several threads: added up, but for the torrents, which each knows. */
export function joinCounts(all: readonly ReplicaCounts[]): ReplicaCounts {
  const sum = (of: (counts: ReplicaCounts) => number): number =>
    all.reduce((total, counts) => total + of(counts), 0);
  const sums = (of: (counts: ReplicaCounts) => Readonly<Record<string, number>>) => {
    const total: Record<string, number> = {};
    for (const [name, count] of all.flatMap((counts) => Object.entries(of(counts)))) {
      total[name] = (total[name] ?? 0) + count;
    }
    return total;
  };
  return {
    httpAnnounces: sums((counts) => counts.httpAnnounces),
    httpScrapes: sums((counts) => counts.httpScrapes),
    httpRefusals: sums((counts) => counts.httpRefusals),
    udpAnnounces: sum((counts) => counts.udpAnnounces),
    udpScrapes: sum((counts) => counts.udpScrapes),
    udpConnects: sum((counts) => counts.udpConnects),
    udpRefusals: sums((counts) => counts.udpRefusals),
    udpSilences: sums((counts) => counts.udpSilences),
    connections: sum((counts) => counts.connections),
    swarms: sum((counts) => counts.swarms),
    peers: sum((counts) => counts.peers),
    torrents: Math.max(0, ...all.map((counts) => counts.torrents)),
    storeBytes: sum((counts) => counts.storeBytes),
  };
}
