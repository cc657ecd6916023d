import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { PeerAdmission } from "./peer-admission.ts";
import { SharedAdmission, sharedAdmissionMemory } from "./shared-admission.ts";

const LIMITS = { peersMax: 12, peersPerAddressMax: 3 };
const addresses = Array.from({ length: 8 }, (_, at) => `192.0.2.${at}`);

const step = fc.record({
  thread: fc.nat(2),
  address: fc.constantFrom(...addresses),
  enters: fc.boolean(),
});

test("SharedAdmission lets in whom one thread alone would, and counts alike", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const memory = sharedAdmissionMemory();
      const threads = [0, 1, 2].map(() => new SharedAdmission(memory, LIMITS));
      const alone = new PeerAdmission(LIMITS);
      const inside = new Map<string, number>();
      for (const { thread, address, enters } of steps) {
        const here = inside.get(address) ?? 0;
        if (enters) {
          const refusal = threads[thread]?.enter(address);
          // So few addresses do not share both of their places.
          equal(refusal, alone.enter(address));
          if (refusal === null) inside.set(address, here + 1);
        } else if (here > 0) {
          threads[thread]?.leave(address);
          alone.leave(address);
          inside.set(address, here - 1);
        }
        for (const each of threads) equal(each.count, alone.count);
      }
    }),
  );
});

test("SharedAdmission given very many addresses is never too low, and seldom too high", () => {
  const limits = { peersMax: 20_000, peersPerAddressMax: 1 };
  const admission = new SharedAdmission(sharedAdmissionMemory(), limits);
  let refused = 0;
  for (let at = 0; at < 20_000; at += 1) {
    const address = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    if (admission.enter(address) !== null) refused += 1;
    // A second one of an address never gets in.
    else equal(admission.enter(address), "address-full");
  }
  equal(admission.count, 20_000 - refused);
  ok(refused < 20_000 / 14, `${refused} refused`);
});

/** Enters and leaves at full speed, and says how often it saw more inside than may be. */
const crowding = `
const { parentPort, workerData } = require("node:worker_threads");
import(workerData.module).then(({ SharedAdmission }) => {
  const admission = new SharedAdmission(workerData.memory, workerData.limits);
  const inside = new Int32Array(workerData.inside);
  let beyond = 0;
  let entered = 0;
  // Rounds would not do: a thread whose others pause inside is refused all of its own.
  for (let round = 0; entered < 2_000; round += 1) {
    const address = "198.51.100." + (round % 2);
    if (admission.enter(address) !== null) continue;
    entered += 1;
    if (Atomics.add(inside, 0, 1) >= workerData.limits.peersMax) beyond += 1;
    Atomics.sub(inside, 0, 1);
    admission.leave(address);
  }
  parentPort.postMessage(beyond);
});
`;

test("SharedAdmission holds while threads come and go at once", async () => {
  const memory = sharedAdmissionMemory();
  const limits = { peersMax: 2, peersPerAddressMax: 2 };
  const inside = new SharedArrayBuffer(4);
  const module = new URL("shared-admission.ts", import.meta.url).href;
  const workerData = { memory, limits, inside, module };
  const workers = Array.from({ length: 4 }, () => {
    return new Worker(crowding, { eval: true, workerData, execArgv: [] });
  });
  const told = await Promise.all(
    workers.map((worker) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      worker.once("message", resolve).once("error", reject);
      return promise;
    }),
  );
  deepEqual(told, [0, 0, 0, 0]);
  equal(new SharedAdmission(memory, limits).count, 0);
  ok(new Int32Array(memory).every((count) => count === 0));
});
