import type { ScrapeCounts } from "../announces/announces.ts";
import { encodeScraped, SCRAPE_BEGIN, SCRAPE_END } from "./encode-scrape.ts";
import type { ReplyBytes } from "./reply-bytes.ts";

/** So much of a whole scrape is made at once; then others get their turn. */
export const WHOLE_SCRAPE_SLICE_BYTES = 32_768;

/** Every swarm once, in any order; it may be read while swarms come and go. */
export type EverySwarm = {
  /** Writes the next one into both; false if there is none left at hand. */
  next(infoHash: Uint8Array, counts: ScrapeCounts): boolean;
  /** Waits for those of another thread; false if there are none. */
  more(): Promise<boolean>;
};

/** The reply to a scrape of everything (BEP 48), made in slices as the client takes them. */
export class WholeScrape {
  readonly #swarms: EverySwarm;
  readonly #onDone: () => void;
  readonly #infoHash = new Uint8Array(20);
  readonly #counts: ScrapeCounts = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };
  #state: "new" | "begun" | "done" = "new";

  /** `onDone` is called once, when the reply is made or its client gone. */
  constructor(swarms: EverySwarm, onDone: () => void) {
    this.#swarms = swarms;
    this.#onDone = onDone;
  }

  /** Writes the next slice; false if it was the last. */
  async slice(output: ReplyBytes): Promise<boolean> {
    if (this.#state === "new") output.text(SCRAPE_BEGIN);
    this.#state = "begun";
    while (output.length < WHOLE_SCRAPE_SLICE_BYTES) {
      if (this.#swarms.next(this.#infoHash, this.#counts)) {
        encodeScraped(this.#infoHash, this.#counts, output);
      } else if (!(await this.#swarms.more())) {
        output.text(SCRAPE_END);
        this.end();
        return false;
      }
    }
    return true;
  }

  end(): void {
    if (this.#state === "done") return;
    this.#state = "done";
    this.#onDone();
  }
}
