/** Origins that are remembered: some 150 bytes each, so 2.5 MB. */
export const OFFENDERS_MAX = 16_384;

/** So much later one offence is forgiven: twelve a minute for ever take no thousandth of a core. */
export const OFFENCE_FORGIVEN_MS = 5_000;

/** How long the first refusal lasts; each next one twice as long, up to the longest. */
export const REFUSAL_MS_MIN = 30_000;
export const REFUSAL_MS_MAX = 240_000;

/** So long after its last refusal an origin's next one is the first again. */
const REFUSALS_REMEMBERED_MS = 600_000;

type Offender = {
  /** Those not forgiven yet, at `atMs`. */
  readonly offences: number;
  readonly atMs: number;
  /** How many in a row there were. */
  readonly refusals: number;
  readonly refusedUntilMs: number;
};

/**
 * Which origins (`peerOrigin`) are refused for a while, because connections from there were closed
 * again and again for breaking the protocol: what such a connection costs is mostly the kernel's
 * work for it and a handshake, so it is best not let in at all.
 *
 * Many people may be behind one address, so it takes more than a broken client to shut it out (one
 * tries again once a minute or so, not ten times in some seconds), it lasts not much longer than
 * clients wait by themselves before they come again, and connections that are there go on. Only
 * who does the same after each refusal is refused for minutes.
 *
 * Whose offence is the longest ago is forgotten when there are too many.
 */
export class Offenders {
  readonly #offencesMax: number;
  readonly #offenders = new Map<string, Offender>();
  #own: string | null = null;

  /** Given 0 offences nobody is ever refused. */
  constructor(offencesMax: number) {
    this.#offencesMax = offencesMax;
  }

  /** A connection from there was closed for what its peer did. */
  offended(origin: string, nowMs: number): void {
    if (this.#offencesMax === 0) return;
    const before = this.#offenders.get(origin);
    // Connections that were let in before the refusal: they do not make it longer.
    if (before !== undefined && nowMs < before.refusedUntilMs) return;
    this.#offenders.delete(origin);
    this.#offenders.set(origin, this.#judged(before, nowMs));
    if (this.#offenders.size <= OFFENDERS_MAX) return;
    const [oldest = ""] = this.#offenders.keys();
    this.#offenders.delete(oldest);
  }

  refuses(origin: string, nowMs: number): boolean {
    const offender = this.#offenders.get(origin);
    return offender !== undefined && nowMs < offender.refusedUntilMs && origin !== this.#own;
  }

  /**
   * From there this gateway reached itself, so it is its own router, or a proxy through which every
   * peer comes: refused, everybody would be.
   */
  spare(origin: string): void {
    this.#own = origin;
  }

  #judged(before: Offender | undefined, nowMs: number): Offender {
    const { offences = 0, atMs = nowMs, refusedUntilMs = 0 } = before ?? {};
    const left = Math.max(0, offences - (nowMs - atMs) / OFFENCE_FORGIVEN_MS) + 1;
    const isRemembered = nowMs - refusedUntilMs < REFUSALS_REMEMBERED_MS;
    const refusals = isRemembered ? (before?.refusals ?? 0) : 0;
    if (left <= this.#offencesMax) return { offences: left, atMs: nowMs, refusals, refusedUntilMs };
    const refusedMs = Math.min(REFUSAL_MS_MIN * 2 ** refusals, REFUSAL_MS_MAX);
    return {
      ...{ offences: 0, atMs: nowMs },
      ...{ refusals: refusals + 1, refusedUntilMs: nowMs + refusedMs },
    };
  }
}
