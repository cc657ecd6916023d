import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { catalogChangedEvent } from "@seedfleet/contracts";
import { type Clock, delay, errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { HeldTorrents } from "../held-torrents.ts";
import { KeyedTurns } from "../keyed-turns.ts";

/** The bus or the disk may be away for a while; what was verified is safe meanwhile. */
export const COMPLETION_RETRY_MS = 5_000;

/** One after the other: a store that starts may find a thousand. */
const LOOKS = "looks";

export type ManagedCompletionPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly held: Pick<HeldTorrents, "complete">;
  readonly log: Log;
  /** Whether every piece of a torrent is here, on disk. */
  readonly isComplete: (infoHash: InfoHash) => Promise<boolean>;
};

/**
 * Sees to it that the catalog does not call a torrent incomplete of which every piece is here. It
 * looks again whenever that may have come about, and at every such entry when the store starts: so
 * it does not matter what died in between.
 */
export class ManagedCompletion implements AsyncDisposable {
  readonly #ports: ManagedCompletionPorts;
  readonly #turns = new KeyedTurns();
  /** Whose look has yet to begin, and so will see all that is there by then. */
  readonly #waiting = new Set<InfoHash>();
  readonly #looking = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(ports: ManagedCompletionPorts) {
    this.#ports = ports;
  }

  /** The torrent may be complete by now. */
  look(infoHash: InfoHash): void {
    if (this.#waiting.has(infoHash)) return;
    this.#waiting.add(infoHash);
    const look = this.#turns.run(LOOKS, async () => {
      this.#waiting.delete(infoHash);
      await this.#untilKnown(infoHash);
    });
    this.#looking.add(look);
    void look.finally(() => this.#looking.delete(look));
  }

  /** What is not told by then is told when the store starts again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#looking);
  }

  /** Never rejects. */
  async #untilKnown(infoHash: InfoHash): Promise<void> {
    const { clock, log } = this.#ports;
    const { signal } = this.#stopping;
    for (let attempts = 0; !signal.aborted; attempts += 1) {
      try {
        await this.#tell(infoHash);
        return;
      } catch (error) {
        const reason = errorMessage(error);
        if (attempts === 0) log.warn("completion not told", { infoHash, reason });
        await delay(clock, COMPLETION_RETRY_MS, signal);
      }
    }
  }

  async #tell(infoHash: InfoHash): Promise<void> {
    const { bus, held, isComplete, log } = this.#ports;
    if (!(await isComplete(infoHash)) || !(await held.complete(infoHash))) return;
    bus.publish(catalogChangedEvent, {}, { infoHash });
    log.info("torrent complete", { infoHash });
  }
}
