import { equal } from "node:assert/strict";
import { test } from "node:test";
import { AnnounceRequest } from "../announces/announce-request.ts";
import { Tombstones } from "./tombstones.ts";

test("Tombstones.isOver() of announces from before a peer stopped, and of those only", () => {
  const tombstones = new Tombstones();
  equal(tombstones.isOver(givenPeer(1), 5), false);
  tombstones.stopped(givenPeer(1), 10);
  equal(tombstones.isOver(givenPeer(1), 5), true);
  equal(tombstones.isOver(givenPeer(1), 10), false);
  equal(tombstones.isOver(givenPeer(2), 5), false);
});

test("Tombstones forgets after five minutes, and more than so many", () => {
  const tombstones = new Tombstones();
  for (let peer = 0; peer < 100_010; peer += 1) tombstones.stopped(givenPeer(peer), peer);
  equal(tombstones.count, 100_000);
  equal(tombstones.isOver(givenPeer(9), 0), false);
  equal(tombstones.isOver(givenPeer(10), 0), true);
  tombstones.expire(300_010 + 50_000);
  equal(tombstones.count, 50_000);
});

function givenPeer(peer: number): AnnounceRequest {
  const request = new AnnounceRequest();
  new DataView(request.endpoint.buffer).setUint32(0, peer);
  return request;
}
