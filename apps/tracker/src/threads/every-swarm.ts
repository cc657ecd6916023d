import type { SwarmCounts, Swarms } from "@seedfleet/swarm";
import type { EverySwarm } from "../http/whole-scrape.ts";
import type { SwarmsPart } from "./siblings.ts";

/** The swarms of other threads. */
export interface SwarmLists {
  /** Their numbers. */
  readonly others: readonly number[];
  /** Some of a thread's, from a place that it named, or from 0. */
  swarmsOf(thread: number, from: number): Promise<SwarmsPart>;
}

/** Every swarm of a tracker, for a scrape of everything: those of this thread, then the others'. */
export class SwarmsOfAll implements EverySwarm {
  readonly #own: Swarms;
  readonly #lists: SwarmLists;
  readonly #others: number[];
  /** The last one of this thread that was told. */
  #swarm = -1;
  #part: SwarmsPart | null = null;
  #told = 0;

  constructor(own: Swarms, lists: SwarmLists) {
    this.#own = own;
    this.#lists = lists;
    this.#others = [...lists.others];
  }

  next(infoHash: Uint8Array, into: SwarmCounts): boolean {
    if (this.#part !== null) return this.#nextOfPart(this.#part, infoHash, into);
    const swarm = this.#own.nextSwarm(this.#swarm);
    if (swarm < 0) return false;
    this.#swarm = swarm;
    this.#own.readInfoHash(swarm, infoHash);
    Object.assign(into, this.#own.counts(swarm));
    return true;
  }

  async more(): Promise<boolean> {
    const before = this.#part;
    if (before !== null && before.next === null) this.#others.shift();
    const [thread] = this.#others;
    if (thread === undefined) return false;
    this.#told = 0;
    this.#part = await this.#lists.swarmsOf(thread, before?.next ?? 0);
    return true;
  }

  #nextOfPart({ swarms }: SwarmsPart, infoHash: Uint8Array, into: SwarmCounts): boolean {
    const swarm = swarms[this.#told];
    if (swarm === undefined) return false;
    this.#told += 1;
    infoHash.set(swarm.infoHash);
    Object.assign(into, swarm.counts);
    return true;
  }
}
