import { ok } from "node:assert/strict";
import { test } from "node:test";
import { trackerSizesCall } from "@seedfleet/contracts";
import { BLOCK_BYTES } from "@seedfleet/wire";
import { until } from "./testing.ts";
import { bytesOf, GivenPair, GivenSplitter } from "./testing-budgets.ts";
import { type GivenTorrent, givenTorrent } from "./testing-torrent.ts";

const HEAVY = givenTorrent("heavy", { sizeBytes: 12_000_000, pieceLengthBytes: 262_144 });
const LIGHT = givenTorrent("light", { sizeBytes: 12_000_000, pieceLengthBytes: 262_144 });
const UPLINK = 40 * BLOCK_BYTES;
const OF_HEAVY = { choking: { policy: null, weight: 3, superSeeding: false } };

/** What the peers of each torrent are sent in so many seconds, as shares. */
async function shares(pair: GivenPair, torrents: readonly GivenTorrent[], seconds: number) {
  const crowds = [];
  for (const torrent of torrents)
    crowds.push(await pair.crowd(1, torrent, { count: 12, waits: true }));
  await pair.pass(40_000);
  const before = crowds.map(bytesOf);
  await pair.pass(seconds * 1_000);
  const sent = crowds.map((peers, at) => bytesOf(peers) - (before[at] ?? 0));
  const all = sent.reduce((sum, bytes) => sum + bytes, 0);
  return { sent: sent.map((bytes) => bytes / all), used: all / seconds / UPLINK };
}

for (const limit of ["its own limit", "the fleet's budget"] as const) {
  test(`a gateway whose uplink is full by ${limit} gives slots to torrents by weight`, async () => {
    const isOwn = limit === "its own limit";
    await using pair = await GivenPair.start(isOwn ? {} : { fleet: UPLINK }, {
      ...{ uploadBytesPerSecond: isOwn ? UPLINK : null, unchokeSlots: "auto" },
    });
    const splitter = new GivenSplitter(pair.given);
    await pair.given.publish(HEAVY, OF_HEAVY);
    await pair.given.publish(LIGHT);
    const { sent, used } = await shares(pair, [HEAVY, LIGHT], 60);
    ok(Math.abs((sent[0] ?? 0) - 0.75) <= 0.06, `${sent}`);
    ok(used >= 0.95, `${used} of the uplink`);
    splitter.kill();
  });
}

test("a gateway whose uplink is full gives more slots to a badly seeded torrent", async () => {
  await using pair = await GivenPair.start(
    {},
    {
      ...{ uploadBytesPerSecond: UPLINK, unchokeSlots: "auto" },
    },
  );
  const { infoHash: rare } = LIGHT.metainfo;
  pair.given.bus.serve(trackerSizesCall, {}, ({ infoHashes }) => ({
    sizes: infoHashes.map((infoHash) => [12, infoHash === rare ? 0 : 3] as const),
  }));
  await pair.given.publish(HEAVY);
  await pair.given.publish(LIGHT);
  const { sent, used } = await shares(pair, [LIGHT, HEAVY], 60);
  ok(Math.abs((sent[0] ?? 0) - 0.8) <= 0.06, `${sent}`);
  ok(used >= 0.95, `${used} of the uplink`);
});

test("a gateway whose uplink is not full gives each torrent slots of its own", async () => {
  await using pair = await GivenPair.start({}, { unchokeSlots: "auto" });
  await pair.given.publish(HEAVY, OF_HEAVY);
  await pair.given.publish(LIGHT);
  for (const torrent of [HEAVY, LIGHT]) await pair.crowd(1, torrent, { count: 6, waits: true });
  await until(() => pair.peers.filter(({ choked }) => !choked).length === 8);
});
