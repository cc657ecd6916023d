import assert from "node:assert/strict";

/** Bounded so that a key fits any adapter's subject or index. */
const NAME_LENGTH_MAX = 256;

/** Revisions grow with every write to a bucket; they are not dense. */
export type KeyValueEntry = {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
};

export type KeyValueChange =
  | ({ readonly kind: "put" } & KeyValueEntry)
  | { readonly kind: "delete"; readonly key: string; readonly revision: number }
  /** All that was in the bucket when the watch began has been told. Comes exactly once. */
  | { readonly kind: "initialised" };

/**
 * A durable bucket of small values. Keys are dot-separated tokens of `[-/_=a-zA-Z0-9]`, at most
 * 256 characters; a value is at most the bus's payload limit.
 *
 * Methods reject with `bus-disconnected` at once while the bus is away, and with
 * `bus-store-failed` when the store does not do what it was asked.
 */
export interface KeyValue {
  get(key: string): Promise<KeyValueEntry | null>;
  /** Writes whatever was there; gives the new revision. */
  put(key: string, value: Uint8Array): Promise<number>;
  /** Compare-and-set: `revision` 0 means the key must be absent. Null when it has changed. */
  update(key: string, value: Uint8Array, revision: number): Promise<number | null>;
  /** Deleting an absent key does nothing and tells nobody. */
  delete(key: string): Promise<void>;
  keys(): AsyncIterable<string>;
  /**
   * Tells what is there now, then `initialised`, then every change, in order. It goes on after a
   * reconnect and misses no last value of a key (intermediate values may be skipped).
   */
  watch(handle: (change: KeyValueChange) => void): Promise<{ stop(): void }>;
}

/** An object that was found, and not read yet. */
export type FoundObject = {
  /** Null if it is not there any more, or another is. */
  read(): Promise<Uint8Array | null>;
};

/** A durable bucket of named byte strings of any size, written and read whole. */
export interface ObjectStore {
  get(name: string): Promise<Uint8Array | null>;
  /** For who learns meanwhile whether it is to be read at all. */
  find(name: string): Promise<FoundObject | null>;
  put(name: string, value: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
}

/** For adapters: a bucket's name is ours, so a wrong one is a bug. */
export function assertBucket(bucket: string): void {
  assert.match(bucket, /^[-_a-zA-Z0-9]{1,64}$/, `Cannot use as a bucket name: "${bucket}"`);
}

/** For adapters: callers make keys of parsed values, so a wrong one is a bug. */
export function assertKey(key: string): void {
  assert(key.length <= NAME_LENGTH_MAX, `Cannot use as a key: ${key.length} characters`);
  assert.match(key, /^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$/, `Cannot use as a key: "${key}"`);
}

/** For adapters: an object's name may hold any characters, but not too many. */
export function assertObjectName(name: string): void {
  assert(name.length >= 1 && name.length <= NAME_LENGTH_MAX, `Cannot name an object "${name}"`);
}
