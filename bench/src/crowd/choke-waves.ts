import assert from "node:assert/strict";

/** Rounds are ten seconds apart; messages of one come within a fraction of a second. */
const WAVE_GAP_MS = 2_000;

/** The messages of one choke round to the peers of one torrent that one process has. */
export type Wave = {
  readonly torrent: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly chokes: number;
  readonly unchokes: number;
};

/** What the peers saw of one round, over all torrents and processes. */
export type Round = {
  readonly chokes: number;
  readonly unchokes: number;
  /** For how long messages of it came; where torrents have theirs apart, together. */
  readonly sentMs: number;
  /** When the last one came to a peer of each torrent. */
  readonly lastMs: ReadonlyMap<number, number>;
};

/** Gathers the choke and unchoke messages of a process into waves, torrent by torrent. */
export class WaveRecorder {
  readonly #waves = new Map<number, Wave[]>();

  get waves(): readonly Wave[] {
    return [...this.#waves.values()].flat();
  }

  add(torrent: number, unchoked: boolean, nowMs: number): void {
    const waves = this.#waves.get(torrent) ?? [];
    this.#waves.set(torrent, waves);
    const last = waves.at(-1);
    const isSame = last !== undefined && nowMs - last.lastMs < WAVE_GAP_MS;
    const wave = isSame ? last : { torrent, firstMs: nowMs, lastMs: nowMs, ...NOTHING };
    waves[isSame ? waves.length - 1 : waves.length] = {
      ...wave,
      lastMs: nowMs,
      chokes: wave.chokes + Number(!unchoked),
      unchokes: wave.unchokes + Number(unchoked),
    };
  }
}

const NOTHING = { chokes: 0, unchokes: 0 };

/** The first wave of every torrent in every process is the first round's, and so on. */
export function roundsOf(processes: readonly (readonly Wave[])[]): readonly Round[] {
  const numbered = processes.flatMap((waves) => numberWaves(waves));
  const count = Math.max(0, ...numbered.map(({ round }) => round + 1));
  return Array.from({ length: count }, (_, at) =>
    roundOf(numbered.filter(({ round }) => round === at).map(({ wave }) => wave)),
  );
}

function numberWaves(waves: readonly Wave[]): readonly { wave: Wave; round: number }[] {
  const seen = new Map<number, number>();
  return waves.map((wave) => {
    const round = seen.get(wave.torrent) ?? 0;
    seen.set(wave.torrent, round + 1);
    return { wave, round };
  });
}

function roundOf(waves: readonly Wave[]): Round {
  assert(waves.length > 0);
  const lastMs = new Map<number, number>();
  for (const { torrent, lastMs: at } of waves) {
    lastMs.set(torrent, Math.max(lastMs.get(torrent) ?? at, at));
  }
  return {
    chokes: waves.reduce((sum, { chokes }) => sum + chokes, 0),
    unchokes: waves.reduce((sum, { unchokes }) => sum + unchokes, 0),
    sentMs: unionMs(waves),
    lastMs,
  };
}

/** How long any of the waves was going on. */
function unionMs(waves: readonly Wave[]): number {
  let total = 0;
  let coveredMs = Number.NEGATIVE_INFINITY;
  for (const { firstMs, lastMs } of waves.toSorted((a, b) => a.firstMs - b.firstMs)) {
    const fromMs = Math.max(firstMs, coveredMs);
    total += Math.max(0, lastMs - fromMs);
    coveredMs = Math.max(coveredMs, lastMs);
  }
  return total;
}
