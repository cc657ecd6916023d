import type { Bus } from "@seedfleet/bus";
import {
  PRESENCE_INTERVAL_MS,
  SCRUB_BUCKET,
  type ScrubState,
  scrubState,
} from "@seedfleet/contracts";
import { type CancelTimer, SeedfleetError } from "@seedfleet/runtime";
import { Gathered, turn, VirtualClock } from "@seedfleet/testkit";
import { HOLDER } from "../testing.ts";
import { SCRUB_PAUSE_MS, SCRUB_ROUND_INTERVAL_MS, SCRUB_START_MS } from "./scrub.ts";

/** Whatever waits for longer is no step of a scrub that is under way. */
const SHORT_MS = 1_000;

/**
 * A clock that goes on only when the scrub waits for it, by as much: what waits for a disk, a
 * network or the bus takes no time by it.
 */
export class ScrubClock extends VirtualClock {
  /** Called whenever the scrub waits a moment. */
  onWait: () => void = () => {};
  readonly #waits: number[] = [];
  #asked = Promise.withResolvers<void>();
  /** Resolves when the scrub has lain down to wait for long. */
  #rests = Promise.withResolvers<void>();

  override after(delayMs: number, run: () => void): CancelTimer {
    const cancel = super.after(delayMs, run);
    if (delayMs <= SHORT_MS) {
      this.#waits.push(delayMs);
      this.onWait();
      this.#asked.resolve();
    }
    if (delayMs >= SCRUB_PAUSE_MS) this.#rests.resolve();
    return cancel;
  }

  /** Has the scrub of a store that has just started begin. Those who are there are heard of. */
  async begin(): Promise<void> {
    for (let leftMs = SCRUB_START_MS; leftMs > 0; leftMs -= PRESENCE_INTERVAL_MS) {
      this.advance(PRESENCE_INTERVAL_MS);
      await turn();
    }
  }

  /** Resolves when the scrub waits to try again, or for the next round. */
  async rests(): Promise<void> {
    await this.#rests.promise;
    this.#rests = Promise.withResolvers();
  }

  /** Has a scrub that waits try again. */
  async tryAgain(): Promise<void> {
    await this.rests();
    this.advance(SCRUB_PAUSE_MS);
  }

  /** Has a scrub that waits for it begin the next round. */
  async nextRound(): Promise<void> {
    await this.rests();
    this.advance(SCRUB_ROUND_INTERVAL_MS);
  }

  /** Goes on until the promise is settled. */
  async runUntil<Result>(promise: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    const settled = promise.then(settle, settle);
    while (!isSettled) {
      await Promise.race([settled, this.#asked.promise]);
      this.#asked = Promise.withResolvers();
      for (const delayMs of this.#waits.splice(0)) this.advance(delayMs);
    }
    return await promise;
  }
}

/** A bus of which one bucket of keys and values can be taken away for a while. */
export class ShakyBus {
  readonly bus: Bus;
  isAway = false;
  /** How often somebody met that it is away. */
  readonly refused: Gathered<string> = new Gathered();

  constructor(bus: Bus, bucket: string) {
    const reach = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (!this.isAway) return await work();
      this.refused.add(bucket);
      throw new SeedfleetError("Cannot read: away", { code: "bus-disconnected" });
    };
    const keyValue: Bus["keyValue"] = async (name) => {
      const store = await bus.keyValue(name);
      if (name !== bucket) return store;
      return {
        get: (key) => reach(() => store.get(key)),
        put: (key, value) => reach(() => store.put(key, value)),
        update: (key, value, revision) => reach(() => store.update(key, value, revision)),
        delete: (key) => reach(() => store.delete(key)),
        keys: () => store.keys(),
        watch: (handle) => store.watch(handle),
      };
    };
    this.bus = new Proxy(bus, {
      get(target, name) {
        if (name === "keyValue") return keyValue;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  }
}

/** The states that a store's scrub writes, as they come. */
export class ScrubStatesSeen {
  readonly seen: Gathered<ScrubState> = new Gathered();
  readonly #watch: { stop(): void };

  private constructor(watch: { stop(): void }, seen: Gathered<ScrubState>) {
    this.#watch = watch;
    this.seen = seen;
  }

  static async watch(bus: Bus, key: string = HOLDER): Promise<ScrubStatesSeen> {
    const states = await bus.keyValue(SCRUB_BUCKET);
    const seen = new Gathered<ScrubState>();
    const watch = await states.watch((change) => {
      if (change.kind !== "put" || change.key !== key) return;
      seen.add(scrubState.parse(JSON.parse(Buffer.from(change.value).toString())));
    });
    return new ScrubStatesSeen(watch, seen);
  }

  get last(): ScrubState | undefined {
    return this.seen.items.at(-1);
  }

  /** Resolves with the first that is so. */
  async when(isOne: (state: ScrubState) => boolean): Promise<ScrubState> {
    const states = await this.seen.until((items) => items.some(isOne));
    const found = states.find(isOne);
    if (found === undefined) throw new Error("unreachable");
    return found;
  }

  /** Resolves with the state at the end of a round. */
  ended(round = 1): Promise<ScrubState> {
    return this.when((state) => state.round === round && state.endedAtMs !== null);
  }

  stop(): void {
    this.#watch.stop();
  }
}
