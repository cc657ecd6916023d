import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@seedfleet/testkit";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { UploadLimiter } from "../upload/upload-limiter.ts";
import { gatewayLimits, NO_PARTS } from "../upload/upload-limits.ts";
import { OwnUpload } from "./own-upload.ts";
import { splitGatewayUpload, splitTorrentUpload, type UploadHolder } from "./split-upload.ts";

const { metainfo, entry } = givenTorrent("one");
const GATEWAY = 1_000_000;
const TORRENT = 600_000;
const SETTINGS = {
  ...{ uploadBytesPerSecond: GATEWAY, torrentUploadBytesPerSecond: TORRENT },
  ...{ peerUploadBytesPerSecond: null, uploadPromises: {} },
};

/** Another thread, whose peers take all they are given. */
const greedy: UploadHolder = {
  demand: {
    gateway: { wantedBytesPerSecond: Number.POSITIVE_INFINITY, activePeers: 1 },
    ...{ classes: new Map(), torrents: new Map() },
  },
  countServed: () => new Map([[torrentOf, 2]]),
  setLimits() {},
  setTorrent() {},
};
const torrentOf = new Torrent(metainfo, entry);

for (const limited of ["gateway", "torrent"] as const) {
  test(`OwnUpload leaves the other threads their part of a limit of the ${limited}`, () => {
    const clock = new VirtualClock();
    const settings =
      limited === "gateway"
        ? { ...SETTINGS, torrentUploadBytesPerSecond: null }
        : { ...SETTINGS, uploadBytesPerSecond: null };
    const limiter = new UploadLimiter(clock, settings);
    let sentBytes = 0;
    const sender = {
      flush() {
        sentBytes += limiter.take(share, 16_384);
        if (limiter.take(share, 1) > 0) limiter.correct(share, -1);
      },
    };
    const share = limiter.join(torrentOf, sender);
    const host = { hasPeers: true, countServed: () => new Map([[torrentOf, 1]]) };
    const own = new OwnUpload(host, limiter);
    const limits = gatewayLimits(settings, NO_PARTS);
    const of = { settings, parts: NO_PARTS };
    sender.flush();
    for (let ms = 0; ms < 10_000; ms += 10) {
      if (ms % 200 === 0) splitGatewayUpload([greedy, own], limits);
      if (ms % 1_000 === 0) splitTorrentUpload([greedy, own], [torrentOf], of);
      clock.advance(10);
      sender.flush();
    }
    // Alike per peer: half of the gateway's, and a third of the torrent's, since there are three.
    const part = limited === "gateway" ? GATEWAY / 2 : TORRENT / 3;
    ok(Math.abs(sentBytes / 10 / part - 1) < 0.1, `${sentBytes / 10} of ${part}`);
    equal(own.hasPeers, true);
    limiter.stop();
  });
}
