import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { truncatedInfoHash } from "@seedfleet/bytes";
import { openCatalog } from "@seedfleet/fleet";
import { HANDSHAKE_TIMEOUT_MS } from "./peers/peer-limits.ts";
import { blocksOf, GivenGateway } from "./testing.ts";
import { givenPeerId } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const HYBRID = givenTorrent("hybrid", { version: "hybrid" });
const BLOCKS = blocksOf(ONE.metainfo);

const offers = [
  { offer: ["rc4"], chosen: "rc4" },
  { offer: ["plaintext"], chosen: "plaintext" },
  { offer: ["rc4", "plaintext"], chosen: "plaintext" },
] as const;

for (const encryption of ["allowed", "required"] as const) {
  for (const { offer, chosen } of offers) {
    test(`a gateway (${encryption}) given an encrypted peer with ${offer} serves it`, async () => {
      await using given = await GivenGateway.start([ONE], { encryption });
      const how = { encrypts: offer, reserved: { fast: true, extended: true } };
      const peer = await given.join(ONE, "encrypted", how);
      equal(peer.payload, chosen);
      await peer.interested();
      ok((await peer.download(BLOCKS, 3)).equals(ONE.content));
      ok((await peer.download(BLOCKS, 64)).equals(ONE.content));
      // A peer in the clear has the same cached bytes: no cipher has touched them.
      if (encryption === "required") return;
      const clear = await given.join(ONE, "clear");
      await clear.interested();
      ok((await clear.download(BLOCKS)).equals(ONE.content));
      equal(given.reads.length, ONE.metainfo.pieceCount);
    });
  }
}

test("a gateway finds the torrent of an encrypted peer by each of its hashes", async () => {
  await using given = await GivenGateway.start([ONE, HYBRID]);
  const { infoHash, infoHashV2 } = HYBRID.metainfo;
  ok(infoHashV2 !== null);
  for (const asked of [infoHash, truncatedInfoHash(infoHashV2)]) {
    const peer = await given.connect();
    peer.handshake(asked, { peerId: givenPeerId(asked.slice(0, 8)), encrypts: ["rc4"] });
    await peer.greeted();
    equal(peer.handshaken?.infoHash, asked);
  }
});

test("a gateway closes an encrypted peer of a torrent nobody published, or no longer", async () => {
  await using given = await GivenGateway.start([ONE]);
  const other = givenTorrent("other").metainfo.infoHash;
  const stranger = await given.connect();
  stranger.handshake(other, { encrypts: ["rc4"] });
  await stranger.closed;
  const catalog = await openCatalog(given.bus, given.telemetry.log);
  await catalog.remove(ONE.metainfo.infoHash);
  const late = await given.connect();
  late.handshake(ONE.metainfo.infoHash, { encrypts: ["rc4"] });
  await late.closed;
  equal(given.closed("mse-secret-unknown"), 2);
});

test("a gateway that never encrypts closes who does", async () => {
  await using given = await GivenGateway.start([ONE], { encryption: "off" });
  const peer = await given.connect();
  peer.handshake(ONE.metainfo.infoHash, { encrypts: ["rc4"] });
  await peer.closed;
  equal(given.closed("handshake-protocol"), 1);
});

test("a gateway lets no peer draw out the encryption's handshake beyond 10 s", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.connect();
  peer.ignore();
  peer.socket.write(Buffer.alloc(96, 5));
  await peer.until(() => peer.socket.bytesRead >= 96);
  given.clock.advance(HANDSHAKE_TIMEOUT_MS - 1);
  peer.socket.write(Buffer.of(5));
  await given.join(ONE);
  equal(given.closed("handshake-timeout"), 0);
  given.clock.advance(1);
  await peer.closed;
  deepEqual([given.closed("handshake-timeout"), given.gauge("peers")], [1, 1]);
});
