import { ok } from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_BYTES } from "@seedfleet/wire";
import { bytesOf, GivenPair, GivenSplitter } from "./testing-budgets.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one", { sizeBytes: 12_000_000, pieceLengthBytes: 262_144 });
const BULK = givenTorrent("bulk", { sizeBytes: 12_000_000, pieceLengthBytes: 262_144 });
const OF_BULK = { upload: { bytesPerSecond: null, class: "bulk" } };

const FLEET = 40 * BLOCK_BYTES;
const LABEL = 8 * BLOCK_BYTES;
const BUDGETS = { fleet: FLEET, "label.bulk": LABEL };

/** Of what a budget comes to in so many seconds. */
function share(bytes: number, budget: number, seconds: number): number {
  return bytes / (budget * seconds);
}

test("two gateways keep budgets of fleet and label over a minute, as demand moves", async () => {
  await using pair = await GivenPair.start(BUDGETS);
  const splitter = new GivenSplitter(pair.given);
  await pair.given.publish(ONE);
  await pair.given.publish(BULK, OF_BULK);
  await pair.pass(1_000);
  const bulk = [
    ...(await pair.crowd(1, BULK, { count: 2 })),
    ...(await pair.crowd(2, BULK, { count: 2 })),
  ];
  const first = await pair.crowd(1, ONE, { count: 4 });
  await pair.pass(3_000);
  const before = { all: bytesOf(pair.peers), bulk: bytesOf(bulk) };
  await pair.pass(30_000);
  for (const peer of first) peer[Symbol.dispose]();
  await pair.crowd(2, ONE, { count: 4 });
  await pair.pass(30_000);
  const all = share(bytesOf(pair.peers) - before.all, FLEET, 60);
  const ofBulk = share(bytesOf(bulk) - before.bulk, LABEL, 60);
  ok(all <= 1.01 && all >= 0.95, `${all} of the fleet's`);
  ok(ofBulk <= 1.01 && ofBulk >= 0.95, `${ofBulk} of the label's`);
  ok(splitter.asked >= 240, `${splitter.asked} questions`);
  splitter.kill();
});

test("two gateways keep the budget of a torrent, and hold back no other", async () => {
  await using pair = await GivenPair.start({});
  const splitter = new GivenSplitter(pair.given);
  const upload = { bytesPerSecond: null, class: null, fleetBytesPerSecond: LABEL };
  await pair.given.publish(BULK, { upload });
  await pair.given.publish(ONE);
  const peers = [
    ...(await pair.crowd(1, BULK, { count: 3 })),
    ...(await pair.crowd(2, BULK, { count: 1 })),
  ];
  await pair.pass(3_000);
  const sent = share(await pair.sentIn(30_000, peers), LABEL, 30);
  ok(sent <= 1.01 && sent >= 0.95, `${sent} of the torrent's`);
  const [free] = await pair.crowd(2, ONE, { count: 1 });
  await free?.until(() => bytesOf([free]) === ONE.content.length);
  splitter.kill();
});

test("budgets are kept when whoever splits them is killed, also by the next one", async () => {
  await using pair = await GivenPair.start(BUDGETS);
  await pair.given.publish(ONE);
  const [first, second] = ["a", "b"].map((id) => new GivenSplitter(pair.given, id));
  await pair.pass(1_000);
  await pair.crowd(1, ONE, { count: 5 });
  await pair.crowd(2, ONE, { count: 1 });
  await pair.pass(3_000);
  const [owner, heir] = first?.asked === 0 ? [second, first] : [first, second];
  ok(owner !== undefined && heir?.asked === 0);
  owner.kill();
  const after = share(await pair.sentIn(20_000), FLEET, 20);
  ok(after <= 1.01 && after >= 0.95, `${after} after a scheduler was killed`);
  ok(heir.asked > 0);
  heir.kill();
  const alone = share(await pair.sentIn(20_000), FLEET, 20);
  ok(alone <= 1.01 && alone >= 0.9, `${alone} without any scheduler`);
  // Each has half of it by now, however many peers it has.
  const few = pair.peers.slice(5);
  const half = share(await pair.sentIn(10_000, few), FLEET / 2, 10);
  ok(Math.abs(half - 1) <= 0.05, `${half} of half of it`);
  ok(pair.given.logged("nobody splits the fleet's budgets") >= 1);
});

test("a budget is changed, and taken away, while peers download", async () => {
  await using pair = await GivenPair.start({ fleet: FLEET });
  const splitter = new GivenSplitter(pair.given);
  await pair.given.publish(ONE);
  await pair.crowd(1, ONE, { count: 2 });
  await pair.crowd(2, ONE, { count: 2 });
  for (const budget of [FLEET / 4, FLEET / 2]) {
    await pair.budget("fleet", budget);
    await pair.pass(2_000);
    const sent = share(await pair.sentIn(20_000), budget, 20);
    ok(sent <= 1.01 && sent >= 0.95, `${sent} of ${budget}`);
  }
  await pair.budget("fleet", null);
  await pair.pass(1_000);
  for (const peer of pair.peers) await peer.until(() => bytesOf([peer]) === ONE.content.length);
  splitter.kill();
});

test("a gateway's own limit holds beside its part of a budget", async () => {
  await using pair = await GivenPair.start({ fleet: FLEET }, { uploadBytesPerSecond: FLEET / 4 });
  const splitter = new GivenSplitter(pair.given);
  await pair.given.publish(ONE);
  const peers = await pair.crowd(1, ONE, { count: 3 });
  await pair.pass(3_000);
  const sent = share(await pair.sentIn(20_000, peers), FLEET / 4, 20);
  ok(sent <= 1.01 && sent >= 0.97, `${sent} of the gateway's`);
  splitter.kill();
});

test("a gateway with threads keeps the fleet's budget and a label's", async () => {
  await using pair = await GivenPair.start(
    { fleet: 160 * BLOCK_BYTES, "label.bulk": 40 * BLOCK_BYTES },
    { workers: 2 },
  );
  const splitter = new GivenSplitter(pair.given);
  await pair.given.publish(ONE);
  await pair.given.publish(BULK, OF_BULK);
  const bulk = await pair.crowd(1, BULK, { count: 3 });
  const others = await pair.crowd(1, ONE, { count: 3 });
  await pair.passReally(2_000);
  const [beganMs, before] = [performance.now(), [bytesOf(bulk), bytesOf(others)]];
  await pair.passReally(6_000);
  const seconds = (performance.now() - beganMs) / 1_000;
  const [ofBulk, all] = [
    share(bytesOf(bulk) - (before[0] ?? 0), 40 * BLOCK_BYTES, seconds),
    share(bytesOf(pair.peers) - (before[0] ?? 0) - (before[1] ?? 0), 160 * BLOCK_BYTES, seconds),
  ];
  // How much is used depends on the machine; that it is kept does not.
  ok(all <= 1.05 && all >= 0.5, `${all} of the fleet's`);
  ok(ofBulk <= 1.05 && ofBulk >= 0.5, `${ofBulk} of the label's`);
  splitter.kill();
});
