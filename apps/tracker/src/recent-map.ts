/** An entry, and who stands beside it in the order. */
type Link<Value> = {
  readonly key: string;
  value: Value;
  before: Link<Value>;
  after: Link<Value>;
};

/**
 * A map that knows which of its keys was used longest ago.
 *
 * A `Map` has that order too, if each key that is used is deleted and set again. But V8 leaves
 * what is deleted in the chain of its hash until half the table is such holes: who uses one key
 * over and over makes each use as long as the map is big. Here the order stands beside the map,
 * so that only keys which are forgotten are deleted.
 */
export class RecentMap<Value> {
  readonly #links = new Map<string, Link<Value>>();
  #oldest: Link<Value> | null = null;

  get size(): number {
    return this.#links.size;
  }

  /** What was used longest ago. */
  get oldest(): { readonly key: string; readonly value: Value } | null {
    return this.#oldest;
  }

  /** Uses nothing. */
  get(key: string): Value | undefined {
    return this.#links.get(key)?.value;
  }

  /** Sets a key, which is used by that, and gives what it had. */
  put(key: string, value: Value): Value | undefined {
    const link = this.#links.get(key);
    if (link === undefined) {
      this.#add(key, value);
      return;
    }
    const had = link.value;
    link.value = value;
    this.#use(link);
    return had;
  }

  forgetOldest(): void {
    const link = this.#oldest;
    if (link === null) return;
    this.#links.delete(link.key);
    this.#oldest = link.after === link ? null : link.after;
    takeOut(link);
  }

  #add(key: string, value: Value): void {
    const link = { key, value } as Link<Value>;
    link.before = link;
    link.after = link;
    this.#links.set(key, link);
    if (this.#oldest === null) this.#oldest = link;
    else putBefore(this.#oldest, link);
  }

  #use(link: Link<Value>): void {
    const oldest = this.#oldest;
    // The links are a ring: whoever stands before the oldest is the newest.
    if (link === oldest) this.#oldest = link.after;
    if (oldest === null || link === oldest || link.after === oldest) return;
    takeOut(link);
    putBefore(oldest, link);
  }
}

function takeOut<Value>({ before, after }: Link<Value>): void {
  before.after = after;
  after.before = before;
}

function putBefore<Value>(oldest: Link<Value>, link: Link<Value>): void {
  link.before = oldest.before;
  link.after = oldest;
  oldest.before.after = link;
  oldest.before = link;
}
