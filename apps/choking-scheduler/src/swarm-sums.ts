import type { InfoHash } from "@seedfleet/bytes";
import type { SwarmSize } from "@seedfleet/contracts";

type Told = { readonly swarms: readonly SwarmSize[]; readonly untilMs: number };

type Sum = { leechers: number; seeders: number };

/**
 * How many leechers and seeders a swarm has over all gateways. Who is connected to several counts
 * at each of them, which is alike for all torrents.
 */
export class SwarmSums {
  readonly #validForMs: number;
  readonly #told = new Map<string, Told>();
  readonly #sums = new Map<InfoHash, Sum>();

  constructor({ validForMs }: { readonly validForMs: number }) {
    this.#validForMs = validForMs;
  }

  /** The sums of what a gateway tells, in the same order. */
  tell(
    gateway: string,
    swarms: readonly SwarmSize[],
    nowMs: number,
  ): (readonly [leechers: number, seeders: number])[] {
    for (const [from, { untilMs }] of this.#told) if (untilMs <= nowMs) this.#forget(from);
    this.#forget(gateway);
    this.#told.set(gateway, { swarms, untilMs: nowMs + this.#validForMs });
    for (const each of swarms) this.#add(each, 1);
    return swarms.map(({ infoHash }) => {
      const { leechers = 0, seeders = 0 } = this.#sums.get(infoHash) ?? {};
      return [leechers, seeders] as const;
    });
  }

  #forget(gateway: string): void {
    for (const each of this.#told.get(gateway)?.swarms ?? []) this.#add(each, -1);
    this.#told.delete(gateway);
  }

  #add({ infoHash, leechers, seeders }: SwarmSize, times: 1 | -1): void {
    const sum = this.#sums.get(infoHash) ?? { leechers: 0, seeders: 0 };
    sum.leechers += times * leechers;
    sum.seeders += times * seeders;
    if (sum.leechers + sum.seeders === 0) this.#sums.delete(infoHash);
    else this.#sums.set(infoHash, sum);
  }
}
