import { contentChanged } from "@seedfleet/content";
import { errorCode, SeedfleetError } from "@seedfleet/runtime";
import type { TorrentBytes } from "../content/torrent-content.ts";

/** How long a source that failed, or was slow, is tried after the others. */
export const SOURCE_REST_MS = 10_000;

/** One source's bytes, once it was seen to be what was hashed. */
export type SourceBytes = TorrentBytes & {
  /** Whether the piece is there at all: what the fleet downloads comes piece by piece. */
  readonly has: (piece: number) => boolean;
  /** The same of all pieces, as a `bitfield` message has them, a copy; null where all are there. */
  readonly bitfield: (() => Uint8Array) | null;
  /** Ours to write as we like. */
  readonly isManaged: boolean;
  /** Writes right bytes over wrong ones; null where nothing can be written. */
  readonly repair: ((begin: number, bytes: Uint8Array) => Promise<void>) | null;
};

/**
 * One place a torrent is read from. It is looked at on first use; once it is found to be other
 * than what was hashed it stays refused, without another look, until it is published again.
 */
export class TorrentSource {
  readonly location: string;
  readonly #load: () => Promise<SourceBytes>;
  #loading: Promise<SourceBytes> | null = null;
  #loaded: SourceBytes | null = null;
  #stalePath: string | null = null;
  #isRetired = false;
  #restsUntilMs = -Infinity;

  constructor(location: string, load: () => Promise<SourceBytes>) {
    this.location = location;
    this.#load = load;
  }

  get isStale(): boolean {
    return this.#stalePath !== null;
  }

  /** Rejects with `content-changed`, or as the source does; who comes later tries again then. */
  async bytes(): Promise<SourceBytes> {
    if (this.#stalePath !== null) throw contentChanged(this.#stalePath);
    const loading = this.#loading ?? this.#load();
    this.#loading = loading;
    try {
      const bytes = await loading;
      if (this.#loading === loading) this.#loaded = bytes;
      return bytes;
    } catch (error) {
      if (this.#loading === loading) this.#loading = null;
      throw error;
    }
  }

  /** Refuses the source from now on if the error says that it has changed; false if it was. */
  refuseIfChanged(error: unknown): boolean {
    if (errorCode(error) !== "content-changed" || this.isStale || this.#isRetired) return false;
    this.#stalePath = pathOf(error) ?? this.location;
    this.#loading = null;
    this.#loaded = null;
    return true;
  }

  /** What `bytes` has given, while the source is what was hashed. */
  get loaded(): SourceBytes | null {
    return this.#loaded;
  }

  /** Of the file that showed that the source is stale. */
  get stalePath(): string | null {
    return this.#stalePath;
  }

  /** The torrent is read by another from now on: what is found here says nothing of it any more. */
  retire(): void {
    this.#isRetired = true;
  }

  /** It failed or was slow. */
  rest(nowMs: number): void {
    this.#restsUntilMs = nowMs + SOURCE_REST_MS;
  }

  isResting(nowMs: number): boolean {
    return nowMs < this.#restsUntilMs;
  }

  /** It gave what it was asked for, in time. */
  wake(): void {
    this.#restsUntilMs = -Infinity;
  }

  /**
   * It is read from. Of those who ask after a rest one goes and sees whether it is well again; the
   * others find it resting until it has given what it was asked for.
   */
  takeTurn(nowMs: number): void {
    if (this.#restsUntilMs !== -Infinity) this.rest(nowMs);
  }
}

function pathOf(error: unknown): string | null {
  const detail = error instanceof SeedfleetError ? error.detail : null;
  return detail !== null && "path" in detail ? String(detail.path) : null;
}
