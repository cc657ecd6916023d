import type { KeyValueChange } from "@seedfleet/bus";
import type { DeliveryQueue } from "./delivery-queue.ts";

type Written = Exclude<KeyValueChange, { readonly kind: "initialised" }>;

export type WatchSource = {
  /** The changes after a revision, in order, at most `pageRows` of them. */
  readonly read: (after: number) => readonly Written[];
  readonly pageRows: number;
  /** The last revision of the bucket when the watch began. */
  readonly startRevision: number;
};

/**
 * Tells the changes of a bucket in the order of their revisions, first those there are, then those
 * that come. It holds no rows of its own: a slow watcher reads later, and skips what was replaced.
 */
export class KeyValueWatch {
  readonly #queue: DeliveryQueue;
  readonly #source: WatchSource;
  readonly #handle: (change: KeyValueChange) => void;
  #toldRevision = 0;
  #initialised = false;
  #awake = false;
  #stopped = false;

  constructor(queue: DeliveryQueue, source: WatchSource, handle: (change: KeyValueChange) => void) {
    this.#queue = queue;
    this.#source = source;
    this.#handle = handle;
  }

  /** There is, or may be, something to tell. */
  wake(): void {
    if (this.#awake || this.#stopped) return;
    this.#awake = true;
    this.#queue.add(() => this.#tell());
  }

  stop(): void {
    this.#stopped = true;
  }

  #tell(): void {
    this.#awake = false;
    if (this.#stopped) return;
    const changes = this.#source.read(this.#toldRevision);
    const more = changes.length === this.#source.pageRows;
    if (more) this.wake();
    for (const change of changes) {
      this.#toldRevision = change.revision;
      // What was deleted before the watch began was never there for it.
      const news = change.revision > this.#source.startRevision;
      if (news || change.kind === "put") this.#handle(change);
      if (this.#stopped) return;
    }
    if (more || this.#initialised) return;
    this.#initialised = true;
    this.#handle({ kind: "initialised" });
  }
}
