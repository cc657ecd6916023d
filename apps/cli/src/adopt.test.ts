import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { INGEST_QUEUE, type IngestRequest } from "@seedfleet/contracts";
import { layoutTorrent, type Metainfo, makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import { adopt, adoptTorrent } from "./adopt.ts";
import type { AdoptOptions } from "./adopt-options.ts";
import { GivenFleet, givenEntry } from "./fleet-testing.ts";
import type { ListedTorrent } from "./reporter.ts";

const PIECE = 16_384;

/** A torrent of three pieces, and the same without its piece layers, as saved from a magnet. */
function givenTorrent(version: "v2" | "hybrid") {
  const files = [{ path: ["a"], lengthBytes: 3 * PIECE }];
  const bytes = makeMetainfo({
    ...{ version, name: "a", single: true, pieceLengthBytes: PIECE },
    files: layoutTorrent({ version, pieceLengthBytes: PIECE, files }).files,
    pieceHashes: version === "v2" ? null : new Uint8Array(3 * 20),
    pieceRoots: new Uint8Array(3 * 32).fill(7),
  });
  const metainfo = parsed(bytes);
  const bare = Buffer.concat([Buffer.from("d4:info"), metainfo.infoBytes, Buffer.from("e")]);
  return { whole: { bytes, metainfo }, bare: { bytes: bare, metainfo: parsed(bare) } };
}

function parsed(bytes: Uint8Array): Metainfo {
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo");
  return metainfo;
}

/** A fleet whose store does at once whatever it is asked. */
class GivenStore extends GivenFleet {
  readonly holder = "store-1";
  readonly asked: IngestRequest[] = [];
  readonly listed: ListedTorrent[] = [];
  readonly reporter = {
    hashing: () => {},
    listed: (torrent: ListedTorrent) => void this.listed.push(torrent),
  };

  async work(): Promise<void> {
    const queue = await this.bus.workQueue(INGEST_QUEUE);
    const result = { entry: givenEntry("a", { contentBytes: 7 }), hashed: false, skipped: [] };
    await queue.work(this.holder, { atOnceMax: 1 }, async ({ payload }) => {
      const job = await (await this.jobs()).find(Buffer.from(payload).toString());
      if (job === null) return;
      this.asked.push(job.request);
      await this.end(job, { state: "done", result });
    });
  }
}

test("adoptTorrent() keeps the torrent's bytes and asks the store for all its places", async () => {
  await using given = new GivenStore();
  await given.work();
  await given.announce("console-1", { role: "console", urls: ["http://c"] });
  const { whole } = givenTorrent("hybrid");
  const { infoHash } = whole.metainfo;
  await adoptTorrent(given, whole, { locations: ["/a", "s3://b/a"], check: "first-use" });
  const catalog = await given.catalog();
  deepEqual(Buffer.from((await catalog.metainfo(infoHash)) ?? []), Buffer.from(whole.bytes));
  deepEqual(given.asked, [
    {
      ...{ holder: "store-1", locations: ["/a", "s3://b/a"] },
      torrent: { kind: "adopt", adoption: { infoHash, check: "first-use" } },
    },
  ]);
  const torrentUrl = `http://c/torrents/${infoHash}.torrent`;
  deepEqual(given.listed, [{ name: "a", infoHash, sizeBytes: 7, torrentUrl }]);
});

test("adoptTorrent() takes no piece layers from a torrent that the fleet has", async () => {
  await using given = new GivenStore();
  await given.work();
  const { whole, bare } = givenTorrent("hybrid");
  const catalog = await given.catalog();
  const adopted = async (torrent: typeof whole): Promise<boolean> => {
    await adoptTorrent(given, torrent, { locations: ["/a"], check: "first-use" });
    const kept = await catalog.metainfo(torrent.metainfo.infoHash);
    return kept !== null && parsed(kept).pieceRoots !== null;
  };
  equal(bare.metainfo.infoHash, whole.metainfo.infoHash);
  // Without layers the torrent can still be checked by the hashes of version 1.
  deepEqual([await adopted(bare), await adopted(whole), await adopted(bare)], [false, true, true]);
});

test("adopt() refuses a torrent of which no piece could be checked", async () => {
  using directory = new GivenDirectory({ "a.torrent": givenTorrent("v2").bare.bytes });
  const options: AdoptOptions = {
    ...{ torrent: directory.at("a.torrent"), locations: ["/a"], check: "background" },
    ...{ natsUrl: "nats://127.0.0.1:1", store: null, json: false },
  };
  await using given = new GivenStore();
  await rejects(adopt(options, given.reporter), {
    message: /^Cannot adopt \S+: it is without the hashes of its pieces, .* its piece layers$/,
    detail: { code: "torrent-without-piece-layers" },
  });
});
