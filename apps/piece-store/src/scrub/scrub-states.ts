import type { Bus, KeyValue } from "@seedfleet/bus";
import { SCRUB_BUCKET, type ScrubState, scrubState } from "@seedfleet/contracts";

/** Where a holder's scrub is, and how its last full round went, kept on the bus. */
export class ScrubStates {
  readonly #stored: KeyValue;
  readonly #holder: string;

  private constructor(stored: KeyValue, holder: string) {
    this.#stored = stored;
    this.#holder = holder;
  }

  static async open(bus: Bus, holder: string): Promise<ScrubStates> {
    return new ScrubStates(await bus.keyValue(SCRUB_BUCKET), holder);
  }

  /** Null where there is none, or none that can be read: then everything is checked anew. */
  current(): Promise<ScrubState | null> {
    return this.#load(this.#holder);
  }

  lastEnded(): Promise<ScrubState | null> {
    return this.#load(this.#endedKey);
  }

  async save(state: ScrubState): Promise<void> {
    const value = Buffer.from(JSON.stringify(state));
    if (state.endedAtMs !== null) await this.#stored.put(this.#endedKey, value);
    await this.#stored.put(this.#holder, value);
  }

  /** No holder's name has a dot. */
  get #endedKey(): string {
    return `${this.#holder}.ended`;
  }

  async #load(key: string): Promise<ScrubState | null> {
    const found = await this.#stored.get(key);
    const parsed = found && scrubState.safeParse(parseJson(found.value));
    return parsed?.success ? parsed.data : null;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
