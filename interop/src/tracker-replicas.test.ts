import { ok } from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pass } from "node:timers/promises";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { startCutProxy } from "./cut-proxy.ts";
import { agreement, announceAll, startTracker } from "./tracker-fleet.ts";

const AGREED_MS_MAX = 2_000;
const COUNT = 600;

/** `CUT_MS=30000` for the length that the fleet must bear; the figures are printed. */
const CUT_MS = Number(process.env["CUT_MS"] ?? 3_000);

realPartTest(
  ["nats-server"],
  "three trackers agree, and lose no peer when one is killed or cut off",
  async (t) => {
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    await using network = await startCutProxy({ port: Number(new URL(nats.url).port) });
    await using running = new AsyncDisposableStack();
    const start = async (url: string) => running.use(await startTracker(["--bus", url]));
    const [a, b] = [await start(nats.url), await start(nats.url)];
    const c = await start(`nats://127.0.0.1:${network.port}`);

    await announceAll([a, b, c], { from: 1_000, count: COUNT });
    const afterLoadMs = await agreement([a, b, c], COUNT);
    t.diagnostic(`agreed ${afterLoadMs.toFixed(0)} ms after the load`);
    ok(afterLoadMs < AGREED_MS_MAX);

    await a.program.stop("SIGKILL");
    await agreement([b, c], COUNT);
    const again = await start(nats.url);
    await agreement([again], COUNT);

    network.cut();
    await announceAll([again, b, c], { from: 2_000, count: COUNT });
    // The length of the cut is what this part is about.
    await pass(CUT_MS);
    await announceAll([again, b, c], { from: 3_000, count: COUNT });
    network.heal();
    const afterCutMs = await agreement([again, b, c], 3 * COUNT);
    t.diagnostic(`agreed ${afterCutMs.toFixed(0)} ms after a cut of ${CUT_MS} ms`);
  },
);

test("threads of a tracker hand out what one of them took, and agree", async () => {
  await using tracker = await startTracker(["--workers", "2"]);
  await announceAll([tracker], { from: 1_000, count: 400 });
  // Each asks by a connection of its own, so some come to either thread.
  for (let asked = 0; asked < 8; asked += 1) await agreement([tracker, tracker], 400);
  for (let asked = 0; asked < 16; asked += 1) {
    // All of them, but itself.
    const told = await tracker.announceByUdp(1_001);
    ok(told.length === 19, `${told.length} peers were told`);
  }
});
