import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { KeyValueChange } from "@seedfleet/bus";
import { Gathered } from "../waiting.ts";
import { withCode } from "./call-tests.ts";
import type { BusTests } from "./fixture.ts";

const OBJECT_BYTES = 5 * 1024 * 1024;

export function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

/** A change as text, without its revision: `a=1`, `a deleted`, `initialised`. */
export function changeText(change: KeyValueChange): string {
  if (change.kind === "initialised") return "initialised";
  if (change.kind === "delete") return `${change.key} deleted`;
  return `${change.key}=${Buffer.from(change.value).toString()}`;
}

/** Key-value and objects. */
export const storeTests: BusTests = {
  "get() gives what was put, from any connection, and null for what was not": async (bus) => {
    const there = await bus.asking.keyValue(bus.run);
    const here = await bus.serving.keyValue(bus.run);
    equal(await here.get("a"), null);
    const first = await there.put("a", bytes("1"));
    const second = await there.put("a", bytes("2"));
    const other = await there.put("b/c=d.e-f_g", bytes(""));
    ok(first < second && second < other);
    const entry = await here.get("a");
    deepEqual([entry?.key, entry?.revision], ["a", second]);
    deepEqual(Buffer.from(entry?.value ?? []), bytes("2"));
    equal((await here.get("b/c=d.e-f_g"))?.value.length, 0);
    await here.delete("a");
    equal(await there.get("a"), null);
    await here.delete("a");
    await here.delete("never-there");
  },

  "put() refuses what no bucket takes": async ({ asking, asker, run }) => {
    const store = await asking.keyValue(run);
    for (const key of ["", ".", "a.", ".a", "a..b", "a b", "a*", ">", "x".repeat(257)]) {
      await rejects(store.put(key, bytes("1")), { code: "ERR_ASSERTION" }, key);
    }
    const tooLarge = new Uint8Array(asker.payloadBytesMax + 1);
    await rejects(store.put("a", tooLarge), withCode("bus-payload-too-large"));
    await rejects(asking.keyValue("a bucket"), { code: "ERR_ASSERTION" });
  },

  "update() writes only over the revision it names": async ({ asking, run }) => {
    const store = await asking.keyValue(run);
    const first = await store.update("a", bytes("1"), 0);
    ok(first !== null && first > 0);
    equal(await store.update("a", bytes("x"), 0), null);
    equal(await store.update("a", bytes("x"), first + 1), null);
    const second = await store.update("a", bytes("2"), first);
    ok(second !== null && second > first);
    equal(await store.update("a", bytes("x"), first), null);
    await store.delete("a");
    equal(await store.update("a", bytes("x"), second), null);
    ok((await store.update("a", bytes("3"), 0)) !== null);
    deepEqual(Buffer.from((await store.get("a"))?.value ?? []), bytes("3"));
  },

  "update() of one revision by many: exactly one wins": async ({ asking, serving, run }) => {
    const stores = [await asking.keyValue(run), await serving.keyValue(run)];
    let revision = 0;
    for (let round = 0; round < 5; round += 1) {
      const updates = Array.from({ length: 10 }, (_, index) =>
        stores[index % 2]?.update("a", bytes(String(index)), revision),
      );
      const won = (await Promise.all(updates)).filter((result) => typeof result === "number");
      equal(won.length, 1);
      notEqual(won[0], revision);
      revision = won[0] ?? 0;
    }
  },

  "keys() gives every key that is there": async ({ asking, run }) => {
    const store = await asking.keyValue(run);
    deepEqual(await Array.fromAsync(store.keys()), []);
    const keys = Array.from({ length: 300 }, (_, index) => `key-${String(index).padStart(3, "0")}`);
    await Promise.all(keys.map((key) => store.put(key, bytes("1"))));
    await store.delete("key-000");
    deepEqual((await Array.fromAsync(store.keys())).toSorted(), keys.slice(1));
  },

  "watch() tells what is there, then every change": async ({ asking, serving, run }) => {
    const store = await asking.keyValue(run);
    await store.put("gone", bytes("1"));
    await store.put("a", bytes("1"));
    await store.put("b", bytes("1"));
    await store.put("a", bytes("2"));
    await store.delete("gone");
    const told = new Gathered<string>();
    const watch = await (await serving.keyValue(run)).watch((change) =>
      told.add(changeText(change)),
    );
    deepEqual(await told.count(3), ["b=1", "a=2", "initialised"]);
    await store.put("c", bytes("3"));
    await told.count(4);
    await store.delete("b");
    await store.delete("b");
    await told.count(5);
    await store.put("b", bytes("4"));
    deepEqual((await told.count(6)).slice(3), ["c=3", "b deleted", "b=4"]);
    watch.stop();
    const second = new Gathered<string>();
    await store.watch((change) => second.add(changeText(change)));
    await second.until((all) => all.includes("initialised"));
    await store.put("d", bytes("5"));
    await second.until((all) => all.includes("d=5"));
    equal(told.items.length, 6);
  },

  "watch() tells many changes in order, each key's last value, and an empty bucket": async (
    bus,
  ) => {
    const store = await bus.asking.keyValue(bus.run);
    const told = new Gathered<KeyValueChange>();
    await (await bus.serving.keyValue(bus.run)).watch(told.add);
    equal((await told.count(1))[0]?.kind, "initialised");
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, (_, key) => store.put(`key-${key}`, bytes(String(round)))),
      );
    }
    await store.put("end", bytes("end"));
    const changes = await told.until((all) => all.some((c) => c.kind === "put" && c.key === "end"));
    const last = new Map<string, string>();
    let revision = 0;
    for (const change of changes) {
      if (change.kind !== "put") continue;
      ok(change.revision > revision);
      revision = change.revision;
      last.set(change.key, Buffer.from(change.value).toString());
    }
    equal(last.size, 21);
    last.delete("end");
    deepEqual(new Set(last.values()), new Set(["19"]));
  },

  "a watcher that throws is reported and goes on": async ({ asking, askingTelemetry, run }) => {
    const store = await asking.keyValue(run);
    const told = new Gathered<string>();
    await store.watch((change) => {
      told.add(changeText(change));
      throw new Error("a bug");
    });
    await told.count(1);
    await store.put("a", bytes("1"));
    await told.count(2);
    equal(askingTelemetry.recorded.total("seedfleet_bus_handler_failures"), 2);
  },

  "buckets are apart": async ({ asking, run }) => {
    const one = await asking.keyValue(run);
    const other = await asking.keyValue(`${run}-other`);
    await one.put("a", bytes("1"));
    equal(await other.get("a"), null);
  },

  "objects of several MiB come back as they were": async ({ asking, serving, run }) => {
    const store = await asking.objectStore(run);
    const elsewhere = await serving.objectStore(run);
    equal(await elsewhere.get("a name, with \u00fcmlauts / and .dots."), null);
    const object = new Uint8Array(OBJECT_BYTES);
    for (let index = 0; index < object.length; index += 1) object[index] = index % 251;
    await store.put("a name, with \u00fcmlauts / and .dots.", object);
    const back = await elsewhere.get("a name, with \u00fcmlauts / and .dots.");
    equal(sha256(back ?? new Uint8Array(0)), sha256(object));
    await store.put("a", bytes("first"));
    await store.put("a", bytes("second"));
    deepEqual(Buffer.from((await elsewhere.get("a")) ?? []), bytes("second"));
    await store.put("empty", bytes(""));
    equal((await elsewhere.get("empty"))?.length, 0);
    const found = await elsewhere.find("a");
    deepEqual(Buffer.from((await found?.read()) ?? []), bytes("second"));
    const long = await elsewhere.find("a name, with \u00fcmlauts / and .dots.");
    equal(sha256((await long?.read()) ?? new Uint8Array(0)), sha256(object));
    await store.delete("a");
    await store.delete("never there");
    equal(await elsewhere.get("a"), null);
    equal(await elsewhere.find("a"), null);
    equal(await found?.read(), null);
  },
};

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
