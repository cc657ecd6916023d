import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { UploadShares } from "./index.ts";

test("the example of README.md holds", () => {
  const [connection, nowMs] = [{ flush: () => {} }, 1_000];
  const limits = { uploadBytesPerSecond: 1_000_000, promises: { rare: 0.05 } };
  const shares = new UploadShares<typeof connection>(limits, nowMs);
  const torrent = shares.addTorrent({ uploadBytesPerSecond: null, uploadClass: "rare" }, nowMs);
  const peer = shares.join(torrent, { uploadBytesPerSecond: 50_000, owner: connection }, nowMs);
  const givenBytes = shares.take(peer, 65_536, nowMs);
  equal(givenBytes, 5_000);
  shares.correct(peer, 16_384 - givenBytes);
  equal(shares.take(peer, 65_536, nowMs), 0);
  const waitMs = (shares.wakeAtMs(nowMs) ?? 0) - nowMs;
  ok(waitMs > 200 && waitMs < 300);
  equal(shares.ready(nowMs + 300), peer);
  equal(peer.owner, connection);
});
