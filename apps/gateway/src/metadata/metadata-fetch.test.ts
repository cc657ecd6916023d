import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { truncatedInfoHash } from "@seedfleet/bytes";
import { metainfoFromInfo, parseMetainfo } from "@seedfleet/metainfo";
import { turn } from "@seedfleet/testkit";
import { REDIAL_AFTER_MS } from "../outbound/peer-book.ts";
import { GivenGateway, until } from "../testing.ts";
import { type GivenTorrent, givenTorrent } from "../testing-torrent.ts";
import { givenFetch, untilInItsTime } from "./testing-fetch.ts";

/** Its info dictionary takes four pieces. */
const V1 = givenTorrent("v1", { source: "s".repeat(50_000) });
const HYBRID = givenTorrent("hybrid", { version: "hybrid" });
/** In pieces of 16 KiB its layer takes three requests, the last of them cut short. */
const V2 = givenTorrent("v2", {
  ...({ version: "v2", sizeBytes: 1_100 * 16_384 + 5, pieceLengthBytes: 16_384 } as const),
});
const SMALL_V2 = givenTorrent("small", { version: "v2", sizeBytes: 1_000 });
const PRIVATE = givenTorrent("private", { private: true });

/** The file without what only a .torrent file says. */
function told({ bytes, metainfo }: GivenTorrent): Uint8Array {
  const whole = parseMetainfo(bytes);
  ok(whole.kind === "metainfo");
  const { pieceRoots, files, pieceLengthBytes } = whole;
  const [file] = files;
  const hasLayer = (file?.lengthBytes ?? 0) > pieceLengthBytes;
  if (pieceRoots === null || !hasLayer) return metainfoFromInfo(metainfo.infoBytes, []);
  const pieces = Math.ceil((file?.lengthBytes ?? 0) / pieceLengthBytes);
  const layer = pieceRoots.subarray(0, pieces * 32);
  return metainfoFromInfo(metainfo.infoBytes, [[file?.piecesRoot ?? new Uint8Array(), layer]]);
}

const torrents = [
  ["v1 in several pieces", V1],
  ["a hybrid", HYBRID],
  ["v2 of many pieces", V2],
  ["v2 of one piece", SMALL_V2],
  ["a private torrent", PRIVATE],
] as const;

for (const encryption of ["allowed", "required", "off"] as const) {
  for (const [name, torrent] of torrents) {
    test(`MetadataFetch given a gateway with ${name} and encryption ${encryption}`, async () => {
      await using gateway = await GivenGateway.start([torrent], { encryption });
      using given = givenFetch(torrent, { encryption });
      given.fetch.addPeers([addressOf(gateway)]);
      deepEqual(Buffer.from(await given.fetch.result), Buffer.from(told(torrent)));
      deepEqual(given.record.outcomes, ["fetched"]);
      equal(given.fetch.status().state, "fetched");
    });
  }
}

test("MetadataFetch given a gateway that requires encryption goes on encrypted", async () => {
  await using gateway = await GivenGateway.start([V1], { encryption: "required" });
  using given = givenFetch(V1);
  given.fetch.addPeers([addressOf(gateway)]);
  deepEqual(Buffer.from(await given.fetch.result), Buffer.from(told(V1)));
});

const names = [
  { given: "its v1 hash", differing: { infoHashV2: null } },
  { given: "its v2 hash", differing: { infoHash: nameV2(HYBRID) } },
];

for (const { given: known, differing } of names) {
  test(`MetadataFetch given a hybrid by ${known} alone has its piece layers, too`, async () => {
    await using gateway = await GivenGateway.start([HYBRID]);
    using given = givenFetch(HYBRID, differing);
    given.fetch.addPeers([addressOf(gateway)]);
    deepEqual(Buffer.from(await given.fetch.result), Buffer.from(told(HYBRID)));
  });
}

test("MetadataFetch given several sources asks all of them", async () => {
  const large = givenTorrent("large", { source: "s".repeat(500_000) });
  await using one = await GivenGateway.start([large]);
  await using other = await GivenGateway.start([large]);
  using given = givenFetch(large);
  given.fetch.addPeers([addressOf(one), addressOf(other)]);
  deepEqual(Buffer.from(await given.fetch.result), Buffer.from(told(large)));
});

test("MetadataFetch given nobody waits, says so, and can be stopped", async () => {
  using given = givenFetch(V1);
  equal(given.fetch.status().reason, "no peer is known yet");
  given.clock.advance(3_600_000);
  equal(given.fetch.status().reason, "no peer is known yet");
  given.fetch.stop();
  await rejects(given.fetch.result, { detail: { code: "metadata-stopped" } });
  deepEqual(given.record.outcomes, ["stopped"]);
});

test("MetadataFetch given an address that leads nowhere tries it less and less often", async () => {
  const gateway = await GivenGateway.start([]);
  const gone = addressOf(gateway);
  await gateway[Symbol.asyncDispose]();
  using given = givenFetch(V1);
  given.fetch.addPeers([gone]);
  await until(() => given.record.ends.length === 1);
  equal(given.fetch.status().reason, "no peer has answered yet, of 1 known");
  // An hour in steps of a second, in which the dials have their turn.
  for (let second = 0; second < 3_600; second += 1) {
    given.clock.advance(1_000);
    await turn();
  }
  ok(given.record.ends.every((reason) => reason === "unreachable"));
  ok(given.record.ends.length <= 11, `dialled ${given.record.ends.length} times`);
});

test("MetadataFetch dials again who did not have the torrent at first", async () => {
  await using gateway = await GivenGateway.start([]);
  using given = givenFetch(V1);
  given.fetch.addPeers([addressOf(gateway)]);
  await until(() => given.record.ends.length === 1);
  await gateway.publish(V1);
  given.clock.advance(REDIAL_AFTER_MS);
  await untilInItsTime(gateway.clock, () => given.record.outcomes.length > 0);
  deepEqual(Buffer.from(await given.fetch.result), Buffer.from(told(V1)));
});

function addressOf(gateway: GivenGateway): { readonly host: string; readonly port: number } {
  return { host: "127.0.0.1", port: gateway.gateway.peerAddress.port };
}

function nameV2({ metainfo }: GivenTorrent) {
  ok(metainfo.infoHashV2 !== null);
  return truncatedInfoHash(metainfo.infoHashV2);
}
