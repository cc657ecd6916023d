import type { KeyValue, KeyValueChange } from "./stores.ts";

/** The same store, where a watcher that throws is reported and goes on being told. */
export function watchSafely(store: KeyValue, report: (error: unknown) => void): KeyValue {
  return {
    get: (key) => store.get(key),
    put: (key, value) => store.put(key, value),
    update: (key, value, revision) => store.update(key, value, revision),
    delete: (key) => store.delete(key),
    keys: () => store.keys(),
    watch: (handle) =>
      store.watch((change: KeyValueChange) => {
        try {
          handle(change);
        } catch (error) {
          report(error);
        }
      }),
  };
}
