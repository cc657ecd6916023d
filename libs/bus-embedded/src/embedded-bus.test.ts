import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Landing, type LandingMemory } from "@seedfleet/bus";
import { errorCode } from "@seedfleet/runtime";
import { describeBusTransport } from "@seedfleet/testkit";
import { openEmbeddedBus } from "./embedded-bus.ts";

describeBusTransport("embedded, in memory", async () => {
  const bus = openEmbeddedBus({ file: null });
  return { asker: bus, server: bus, stop: () => bus.close() };
});

describeBusTransport("embedded, in a file", async () => {
  const directory = mkdtempSync(join(tmpdir(), "seedfleet-embedded-"));
  const bus = openEmbeddedBus({ file: join(directory, "bus.db") });
  const stop = async (): Promise<void> => {
    await bus.close();
    rmSync(directory, { recursive: true });
  };
  return { asker: bus, server: bus, stop };
});

function givenFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "seedfleet-embedded-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "bus.db");
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

test("publish() gives a landing to the one subscriber, and to none of several", async (t) => {
  const bus = openEmbeddedBus({ file: null });
  t.after(() => bus.close());
  const landing = new Landing<never>([]);
  const got: (LandingMemory | undefined)[] = [];
  bus.subscribe("a", {}, (message) => got.push(message.landing));
  bus.publish("a", bytes("1"), { landing });
  bus.subscribe("a", {}, (message) => got.push(message.landing));
  bus.publish("a", bytes("2"), { landing });
  await bus.flush();
  deepEqual(got, [landing, undefined, undefined]);
});

test("openEmbeddedBus() finds again what a closed bus stored", async (t) => {
  const file = givenFile(t);
  const before = openEmbeddedBus({ file });
  const written = await before.keyValue("a");
  await written.put("gone", bytes("1"));
  const revision = await written.put("kept", bytes("2"));
  await written.delete("gone");
  await (await before.objectStore("a")).put("object", bytes("3"));
  await before.close();

  const after = openEmbeddedBus({ file });
  t.after(() => after.close());
  const store = await after.keyValue("a");
  deepEqual(await Array.fromAsync(store.keys()), ["kept"]);
  equal((await store.get("kept"))?.revision, revision);
  // The deletion had a revision too, which must not be given again.
  equal(await store.put("next", bytes("4")), revision + 2);
  deepEqual(Buffer.from((await (await after.objectStore("a")).get("object")) ?? []), bytes("3"));
});

test("openEmbeddedBus() refuses a file that is open, here or in another process", async (t) => {
  const file = givenFile(t);
  const bus = openEmbeddedBus({ file });
  throws(
    () => openEmbeddedBus({ file }),
    (error) => errorCode(error) === "data-directory-in-use",
  );
  const script = `
    const { openEmbeddedBus } = await import(${JSON.stringify(import.meta.resolve("./index.ts"))});
    try { openEmbeddedBus({ file: ${JSON.stringify(file)} }); console.log("opened"); }
    catch (error) { console.log(error.detail?.code ?? String(error)); }`;
  const open = (): string =>
    spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).stdout;
  equal(open(), "data-directory-in-use\n");
  await bus.close();
  equal(open(), "opened\n");
});

test("openEmbeddedBus() says why a file is of no use", (t) => {
  const file = givenFile(t);
  throws(
    () => openEmbeddedBus({ file: join(file, "no", "such", "directory") }),
    (error) => errorCode(error) === "data-file-unusable",
  );
});

test("payloads go by reference", async (t) => {
  const bus = openEmbeddedBus({ file: null });
  t.after(() => bus.close());
  const payload = bytes("x");
  const received = new Promise((resolve) => {
    bus.subscribe("a", {}, (message) => resolve(message.payload));
  });
  bus.publish("a", payload);
  equal(await received, payload);
});

test("a watch of a bus that closes ends quietly", async () => {
  const bus = openEmbeddedBus({ file: null });
  const store = await bus.keyValue("a");
  await store.watch(() => {});
  await store.put("a", bytes("1"));
  const closing = bus.close();
  await closing;
  await rejects(store.put("a", bytes("2")), (error) => errorCode(error) === "bus-closed");
});
