/** Requests out to one peer at most (libtorrent's default). */
export const REQUESTS_OUT_MAX = 500;

/** So many before anything is known of a peer's rate. */
export const REQUESTS_OUT_MIN = 2;

/** As many blocks as come in this time are asked for ahead. */
const QUEUE_MS = 3_000;

/** A peer that sends nothing for so long although it may is snubbing us (libtorrent). */
export const PIECE_TIMEOUT_MS = 20_000;

/** A request without an answer for so long is given to another. */
export const REQUEST_TIMEOUT_MS = 60_000;

const BLOCK_BYTES = 16_384;

/** What of a download from one peer the queue follows. */
export type DownloadProgress = {
  readonly bytesPerSecond: number;
  /** When the last block came, or the peer unchoked us. */
  readonly heardAtMs: number;
  /** Blocks that are asked for. */
  readonly outstanding: number;
  /** At first the queue grows with every block that comes. */
  readonly isStarting: boolean;
  /** How many the last decision allowed. */
  readonly queueLength: number;
};

/** Whether a peer that is asked and may send does not. */
export function isSlow({ heardAtMs, outstanding }: DownloadProgress, nowMs: number): boolean {
  return outstanding > 0 && nowMs - heardAtMs >= PIECE_TIMEOUT_MS;
}

/** Whether what it is asked for is better asked of others. */
export function isTimedOut({ heardAtMs, outstanding }: DownloadProgress, nowMs: number): boolean {
  return outstanding > 0 && nowMs - heardAtMs >= REQUEST_TIMEOUT_MS;
}

/**
 * How many blocks a peer may be asked for at once: what it sends in three seconds, one more for
 * each block that came while its rate is not known yet, and one when it is slow.
 */
export function queueLength(progress: DownloadProgress, nowMs: number): number {
  if (isSlow(progress, nowMs)) return 1;
  const byRate = Math.ceil((progress.bytesPerSecond * QUEUE_MS) / 1_000 / BLOCK_BYTES);
  const grown = progress.isStarting ? Math.max(byRate, progress.queueLength + 1) : byRate;
  return Math.min(REQUESTS_OUT_MAX, Math.max(REQUESTS_OUT_MIN, grown));
}
