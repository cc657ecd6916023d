import { sep } from "node:path";

/**
 * Many read at a time, or one writes: who writes waits for the readers, and they for it. That is so
 * of one location, and of one that lies in the other; what lies apart does not wait.
 */
export class LocationTurns {
  readonly #reading = new Map<string, number>();
  readonly #writing = new Set<string>();
  /** Settled, and made anew, when a turn ends. */
  #ended = Promise.withResolvers<void>();

  async read<Result>(location: string, work: () => Promise<Result>): Promise<Result> {
    while (anyOverlaps(this.#writing, location)) await this.#ended.promise;
    this.#reading.set(location, (this.#reading.get(location) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const others = (this.#reading.get(location) ?? 1) - 1;
      if (others > 0) this.#reading.set(location, others);
      else this.#reading.delete(location);
      if (others === 0) this.#end();
    }
  }

  /** At once, or not: false while somebody writes. */
  readAtOnce(location: string, work: () => boolean): boolean {
    return !anyOverlaps(this.#writing, location) && work();
  }

  async write<Result>(location: string, work: () => Promise<Result>): Promise<Result> {
    while (anyOverlaps(this.#writing, location)) await this.#ended.promise;
    // From now on nobody begins to read there, so the readers come to an end.
    this.#writing.add(location);
    try {
      while (anyOverlaps(this.#reading.keys(), location)) await this.#ended.promise;
      return await work();
    } finally {
      this.#writing.delete(location);
      this.#end();
    }
  }

  #end(): void {
    const { resolve } = this.#ended;
    this.#ended = Promise.withResolvers();
    resolve();
  }
}

function anyOverlaps(locations: Iterable<string>, location: string): boolean {
  for (const each of locations) {
    if (each === location || isWithin(each, location) || isWithin(location, each)) return true;
  }
  return false;
}

function isWithin(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
