import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, truncatedInfoHash } from "@seedfleet/bytes";
import { HashTrees, metainfoFromInfo, parseMetainfo } from "@seedfleet/metainfo";
import { until } from "../testing.ts";
import { type GivenTorrent, givenTorrent } from "../testing-torrent.ts";
import { HYBRID_LAYERS_MS_MAX } from "./metadata-limits.ts";
import { type GivenFetch, givenFetch, untilInItsTime } from "./testing-fetch.ts";
import { type SeedBehaviour, TestSeed } from "./testing-seed.ts";

const HYBRID = givenTorrent("hybrid", { version: "hybrid" });
const V2 = givenTorrent("v2", {
  version: "v2",
  sizeBytes: 2_000 * 16_384,
  pieceLengthBytes: 16_384,
});

const rejecting: Heard = (peer, message) => {
  if (message.kind === "hash-request") peer.say({ ...message, kind: "hash-reject" });
};

const corrupting: Heard = (peer, message) => {
  if (message.kind !== "hash-request") return;
  peer.say({ ...message, kind: "hashes", hashes: new Uint8Array(32 * (message.length + 1)) });
};

const silent: Heard = () => {};

type Heard = NonNullable<SeedBehaviour["heard"]>;

for (const [what, heard] of Object.entries({ rejecting, corrupting, silent })) {
  test(`MetadataFetch given a ${what} peer of v2 waits for another with the layers`, async () => {
    await using other = await TestSeed.start({ ...seedOf(V2), heard });
    await using honest = await TestSeed.start({ ...seedOf(V2), heard: answering(V2) });
    using given = givenFetch(V2);
    given.fetch.addPeers([other.address]);
    await untilInItsTime(given.clock, () => given.record.ends.length > 0);
    equal(given.record.ends[0], what === "corrupting" ? "corrupt" : "unhelpful");
    equal(given.fetch.status().state, "piece-layers");
    given.clock.advance(3_600_000);
    equal(given.fetch.status().state, "piece-layers");
    given.fetch.addPeers([honest.address]);
    await fetched(given, V2);
    deepEqual(given.record.outcomes, ["fetched"]);
  });
}

test("MetadataFetch given several peers of v2 asks each for a part", async () => {
  const heard: string[][] = [];
  await using stack = new AsyncDisposableStack();
  const starting = [0, 1, 2].map(async (at) => {
    heard[at] = [];
    const answer = answering(V2);
    const listens: Heard = (peer, message) => {
      if (message.kind === "hash-request") heard[at]?.push(`${message.index}`);
      answer(peer, message);
    };
    return stack.use(await TestSeed.start({ ...seedOf(V2), heard: listens }));
  });
  const seeds = await Promise.all(starting);
  using given = givenFetch(V2);
  given.fetch.addPeers(seeds.map(({ address }) => address));
  await fetched(given, V2);
  deepEqual(heard.flat().sort(), ["0", "1024", "1536", "512"]);
});

test("MetadataFetch given a hybrid whose peers give no hashes goes on by v1 in time", async () => {
  await using other = await TestSeed.start({ ...seedOf(HYBRID), heard: silent });
  using given = givenFetch(HYBRID, { infoHash: nameV2(HYBRID) });
  given.fetch.addPeers([other.address]);
  await until(() => given.fetch.status().state === "piece-layers");
  const fromMs = given.clock.nowMs();
  await untilInItsTime(given.clock, () => given.record.outcomes.length > 0);
  ok(given.clock.nowMs() - fromMs <= HYBRID_LAYERS_MS_MAX + 1_000);
  deepEqual(given.record.outcomes, ["without-layers"]);
  const bytes = await given.fetch.result;
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo");
  deepEqual([metainfo.infoHash, metainfo.pieceRoots], [HYBRID.metainfo.infoHash, null]);
});

test("MetadataFetch given a hybrid whose peers speak v1 alone waits for no layers", async () => {
  const { infoHash } = HYBRID.metainfo;
  const asked: InfoHash[] = [];
  await using other = await TestSeed.start({
    ...{ ...seedOf(HYBRID), infoHash },
    accepts: (name) => {
      asked.push(name);
      return name === infoHash;
    },
  });
  using given = givenFetch(HYBRID, { infoHashV2: null });
  given.fetch.addPeers([other.address]);
  await untilInItsTime(given.clock, () => given.record.outcomes.length > 0);
  deepEqual(given.record.outcomes, ["without-layers"]);
  ok(given.clock.nowMs() < HYBRID_LAYERS_MS_MAX);
  deepEqual(asked.slice(0, 2), [infoHash, nameV2(HYBRID)]);
});

function seedOf({ metainfo }: GivenTorrent): SeedBehaviour {
  return { infoHash: nameV2({ metainfo }), infoBytes: metainfo.infoBytes };
}

function answering({ metainfo }: GivenTorrent): Heard {
  const trees = new HashTrees(metainfo);
  return (peer, message) => {
    if (message.kind !== "hash-request") return;
    const plan = trees.plan(message);
    ok(plan.kind === "hashes");
    peer.say({ ...message, kind: "hashes", hashes: plan.hashes });
  };
}

function nameV2({ metainfo }: Pick<GivenTorrent, "metainfo">): InfoHash {
  ok(metainfo.infoHashV2 !== null);
  return truncatedInfoHash(metainfo.infoHashV2);
}

async function fetched({ fetch }: GivenFetch, { metainfo, bytes }: GivenTorrent): Promise<void> {
  const found = parseMetainfo(await fetch.result);
  const whole = parseMetainfo(bytes);
  ok(found.kind === "metainfo" && whole.kind === "metainfo");
  deepEqual(found, { ...whole, createdBy: null, creationDateSeconds: null });
  const [file] = metainfo.files;
  const layer = metainfo.pieceRoots?.subarray(0, 2_000 * 32) ?? new Uint8Array();
  const again = metainfoFromInfo(metainfo.infoBytes, [[file?.piecesRoot ?? layer, layer]]);
  deepEqual(Buffer.from(await fetch.result), Buffer.from(again));
}
