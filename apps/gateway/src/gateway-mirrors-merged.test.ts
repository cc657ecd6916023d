import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { truncatedInfoHash } from "@seedfleet/bytes";
import type { Mirror } from "@seedfleet/contracts";
import { openMirrors } from "@seedfleet/fleet";
import { Gathered } from "@seedfleet/testkit";
import { givenHttpTracker } from "./announcing/testing.ts";
import { GivenMirror } from "./testing-mirror.ts";
import { givenTorrent } from "./testing-torrent.ts";

test("a hybrid asked for by both of its hashes is one mirror, with the peers of both", async () => {
  const torrent = givenTorrent("both", { version: "hybrid" });
  const { infoHash, infoHashV2 } = torrent.metainfo;
  ok(infoHashV2 !== null);
  await using mirrored = await GivenMirror.start(torrent);
  await using announced = await givenSwarmTracker();
  await mirrored.mirror([], [], { trackers: [[announced.url]] });
  await mirrored.until(() => announced.asked.items.length === 1);
  const seed = await mirrored.peer("honest", {});
  const byV2 = truncatedInfoHash(infoHashV2);
  await mirrored.mirror([seed], [], { infoHash: byV2, infoHashV2 });
  await mirrored.until(() => mirrored.given.logged("mirror complete") === 1);
  equal(mirrored.there.isFull, true);
  const { bus, telemetry } = mirrored.given;
  const records = await (await openMirrors(bus, telemetry.log)).list();
  const told = records.map((each: Mirror) => [each.infoHash, each.infoHashV2, each.peers.length]);
  deepEqual(told, [[infoHash, infoHashV2, 1]]);
  // Its second swarm is announced to as well, as soon as it is known.
  await mirrored.until(() => new Set(announced.asked.items).size === 2);
  deepEqual(new Set(announced.asked.items), new Set([infoHash, byV2]));
});

test("a mirror that goes on takes on the trackers and peers that are named later", async () => {
  await using mirrored = await GivenMirror.start();
  await using first = await givenSwarmTracker();
  await using second = await givenSwarmTracker();
  await mirrored.mirror([], [], { trackers: [[first.url]] });
  await mirrored.until(() => first.asked.items.length === 1);
  await mirrored.mirror([], [], { trackers: [[second.url]] });
  await mirrored.until(() => second.asked.items.length === 1);
  const seed = await mirrored.peer("honest", {});
  await mirrored.mirror([seed]);
  await mirrored.until(() => mirrored.given.logged("mirror complete") === 1);
  equal(first.asked.items[0], mirrored.torrent.metainfo.infoHash);
});

/** A tracker that knows of nobody, and the info hashes that it was asked for. */
async function givenSwarmTracker() {
  const asked = new Gathered<string>();
  const tracker = await givenHttpTracker((request, response) => {
    const escaped = /info_hash=([^&]*)/.exec(request.url ?? "")?.[1] ?? "";
    const bytes = escaped.replaceAll(/%([0-9a-f]{2})/gi, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    response.end("d8:intervali1800e5:peers0:e");
    asked.add(Buffer.from(bytes, "latin1").toString("hex"));
  });
  return {
    asked,
    url: `http://127.0.0.1:${tracker.port}/announce`,
    [Symbol.asyncDispose]: () => tracker[Symbol.asyncDispose](),
  };
}
