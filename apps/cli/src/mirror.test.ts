import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { parseInfoHashV2 } from "@seedfleet/bytes";
import { makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import { cancelMirror } from "./cancel-mirror.ts";
import { givenEntry, givenInfoHash, givenSource } from "./fleet-testing.ts";
import { mirrorTorrent } from "./mirror.ts";
import { GivenMirroring, givenWanted } from "./mirror-testing.ts";

const OPTIONS = {
  ...{ gateways: 2, peers: [], trackers: [], dht: false },
  ...{ store: null, wait: true, announce: null },
} as const;

/** What the command is given beside the fleet. */
function portsOf(given: GivenMirroring): Parameters<typeof mirrorTorrent>[0] {
  const { bus, clock, presence, reporter } = given;
  return { bus, clock, presence, reporter, signal: new AbortController().signal };
}

test("seedfleet mirror records what is wanted and follows it to its end", async () => {
  await using given = new GivenMirroring();
  await given.announce("store-1", { managed: true });
  await given.announce("store-2");
  const waits = given.until(({ state }) => state === "waiting");
  const mirroring = mirrorTorrent(portsOf(given), givenWanted(), OPTIONS);
  await waits;
  const [mirror] = await (await given.mirrors()).list();
  deepEqual(
    [mirror?.holder, mirror?.purpose, mirror?.trackers],
    ["store-1", "mirror", [["udp://a/"]]],
  );
  await (await given.catalog()).publish(givenEntry("debian"), new Uint8Array());
  await mirroring;
  deepEqual(
    given.asked.map(({ outcome }) => outcome),
    ["added"],
  );
  deepEqual(
    given.listed.map(({ name }) => name),
    ["debian"],
  );
});

test("seedfleet mirror puts a .torrent where gateways find it", async () => {
  await using given = new GivenMirroring();
  await given.announce("store-1", { managed: true });
  const bytes = makeMetainfo({
    ...{ name: "a.bin", single: true, pieceLengthBytes: 16_384 },
    ...{ files: [{ path: ["a.bin"], lengthBytes: 1 }], pieceHashes: Buffer.alloc(20) },
  });
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo");
  const { infoHash } = metainfo;
  const wanted = givenWanted({ infoHash, torrent: { bytes, metainfo } });
  await mirrorTorrent(portsOf(given), wanted, { ...OPTIONS, wait: false });
  const kept = await (await given.catalog()).metainfo(infoHash);
  ok(kept !== null && Buffer.from(kept).equals(bytes));
});

test("seedfleet mirror has announced what the fleet has all of, or no longer", async () => {
  await using given = new GivenMirroring();
  await (await given.catalog()).publish(givenEntry("debian"), new Uint8Array());
  await mirrorTorrent(portsOf(given), givenWanted(), OPTIONS);
  deepEqual([given.there, given.asked], [["debian announced"], []]);
  equal(given.listed.length, 1);
  deepEqual(await (await given.mirrors()).list(), []);
  const seeds = await given.seeds();
  deepEqual(
    (await seeds.list()).map(({ infoHash, trackers, gateways }) => [infoHash, trackers, gateways]),
    [[givenWanted().infoHash, [["udp://a/"]], 2]],
  );
  await mirrorTorrent(portsOf(given), givenWanted({ trackers: [] }), OPTIONS);
  equal((await seeds.list()).length, 1, "it says nothing against it");
  await mirrorTorrent(portsOf(given), givenWanted(), { ...OPTIONS, announce: false });
  deepEqual(await seeds.list(), []);
  deepEqual(given.there, ["debian announced", "debian", "debian"]);
});

test("seedfleet mirror --no-announce is recorded, until --announce is", async () => {
  await using given = new GivenMirroring();
  await given.announce("store-1", { managed: true });
  for (const announce of [false, null, true, null]) {
    await mirrorTorrent(portsOf(given), givenWanted(), { ...OPTIONS, announce, wait: false });
  }
  deepEqual(
    given.asked.map(({ mirror, outcome }) => [mirror.announce, outcome]),
    [
      [false, "added"],
      [false, "known"],
      [true, "merged"],
      [true, "known"],
    ],
  );
});

test("seedfleet mirror given again adds trackers, and needs no store for that", async () => {
  await using given = new GivenMirroring();
  await given.announce("store-1", { managed: true });
  const ask = (trackers: readonly string[]): Promise<void> =>
    mirrorTorrent(portsOf(given), givenWanted(), { ...OPTIONS, trackers, wait: false });
  await ask([]);
  await given.announce("store-1", { managed: true, draining: true });
  await ask(["udp://b/"]);
  await ask(["udp://b/"]);
  deepEqual(
    given.asked.map(({ outcome }) => outcome),
    ["added", "merged", "known"],
  );
  const [mirror] = await (await given.mirrors()).list();
  deepEqual(mirror?.trackers, [["udp://a/"], ["udp://b/"]]);
});

test("seedfleet mirror and cancel take a hybrid's other hash for what is mirrored", async () => {
  await using given = new GivenMirroring();
  await given.announce("store-1", { managed: true });
  const infoHashV2 = parseInfoHashV2(`${"cd".repeat(20)}${"00".repeat(12)}`);
  const ask = (wanted: ReturnType<typeof givenWanted>): Promise<void> =>
    mirrorTorrent(portsOf(given), wanted, { ...OPTIONS, wait: false });
  await ask(givenWanted({ infoHashV2 }));
  await ask(givenWanted({ infoHash: givenInfoHash("cd"), infoHashV2, trackers: [["udp://b/"]] }));
  const mirrors = await given.mirrors();
  const told = (await mirrors.list()).map(({ infoHash, trackers }) => [infoHash, trackers]);
  deepEqual(told, [[givenWanted().infoHash, [["udp://a/"], ["udp://b/"]]]]);
  const options = { infoHash: givenInfoHash("cd"), json: false, delete: false };
  await cancelMirror(given, options, given.print);
  deepEqual(await mirrors.list(), []);
});

test("seedfleet mirror goes on where the content is that was downloaded before", async () => {
  await using given = new GivenMirroring();
  const source = givenSource("managed:ab", "store-9");
  const entry = givenEntry("debian", { incomplete: true, sources: [source] });
  await (await given.catalog()).publish(entry, new Uint8Array());
  await mirrorTorrent(portsOf(given), givenWanted(), { ...OPTIONS, wait: false });
  deepEqual(
    given.asked.map(({ mirror }) => mirror.holder),
    ["store-9"],
  );
});

test("seedfleet mirror needs a store that keeps content", async () => {
  await using given = new GivenMirroring();
  await given.announce("store-1");
  await rejects(mirrorTorrent(portsOf(given), givenWanted(), OPTIONS), {
    detail: { code: "managed-content-off" },
  });
  deepEqual(await (await given.mirrors()).list(), []);
});
