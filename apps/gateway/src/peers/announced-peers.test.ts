import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { infoHashFromBytes, peerIdFromBytes } from "@seedfleet/bytes";
import type { PeerAnnounced } from "@seedfleet/contracts";
import { systemClock } from "@seedfleet/runtime";
import { VirtualClock } from "@seedfleet/testkit";
import {
  ANNOUNCED_PEERS_MAX,
  AnnouncedPeers,
  connectTo,
  DIAL_AFTER_MS,
  DIALS_IN_FLIGHT_MAX,
} from "./announced-peers.ts";

type Given = {
  readonly clock: VirtualClock;
  readonly announced: AnnouncedPeers;
  readonly dialled: PeerAnnounced[];
  readonly connected: Set<PeerAnnounced>;
};

function givenAnnounced(dialled: PeerAnnounced[] = [], ends = Promise.resolve()): Given {
  const clock = new VirtualClock();
  const connected = new Set<PeerAnnounced>();
  const announced = new AnnouncedPeers({
    clock,
    isConnected: (peer) => connected.has(peer),
    dial(peer) {
      dialled.push(peer);
      return ends;
    },
  });
  return { clock, announced, dialled, connected };
}

function givenPeer(number: number): PeerAnnounced {
  const peerId = new Uint8Array(20);
  new DataView(peerId.buffer).setUint32(0, number);
  const infoHash = infoHashFromBytes(new Uint8Array(20));
  return {
    ...{ infoHash, askedAs: infoHash },
    peerId: peerIdFromBytes(peerId),
    address: { host: "127.0.0.1", port: 6_881 },
  };
}

test("AnnouncedPeers goes to a leecher that did not come within 5 s, once", () => {
  const { clock, announced, dialled } = givenAnnounced();
  announced.add(givenPeer(1));
  announced.add(givenPeer(1));
  clock.advance(DIAL_AFTER_MS - 1);
  equal(dialled.length, 0);
  clock.advance(1);
  deepEqual(dialled, [givenPeer(1)]);
});

test("AnnouncedPeers leaves a leecher alone that came by itself", () => {
  const { clock, announced, dialled, connected } = givenAnnounced();
  const peer = givenPeer(1);
  announced.add(peer);
  connected.add(peer);
  clock.advance(DIAL_AFTER_MS);
  equal(dialled.length, 0);
});

test("AnnouncedPeers leaves a leecher alone that came and went", () => {
  const { clock, announced, dialled } = givenAnnounced();
  announced.add(givenPeer(1));
  announced.add(givenPeer(2));
  announced.came({ ...givenPeer(1), host: "192.0.2.9" });
  clock.advance(DIAL_AFTER_MS);
  deepEqual(dialled, [givenPeer(2)]);
});

test("AnnouncedPeers takes a peer of another id for the one that waits at its address", () => {
  const { clock, announced, dialled } = givenAnnounced();
  announced.add(givenPeer(1));
  announced.add(givenPeer(2));
  announced.came({ ...givenPeer(3), host: "192.0.2.9" });
  announced.came({ ...givenPeer(3), host: "127.0.0.1" });
  clock.advance(DIAL_AFTER_MS);
  deepEqual(dialled, [givenPeer(2)]);
});

test("AnnouncedPeers leaves one leecher alone for each that came before the word of it", () => {
  const { clock, announced, dialled } = givenAnnounced();
  announced.came({ ...givenPeer(1), host: "192.0.2.9" });
  announced.came({ ...givenPeer(3), host: "127.0.0.1" });
  clock.advance(1_000);
  for (const number of [1, 2, 4]) announced.add(givenPeer(number));
  clock.advance(DIAL_AFTER_MS);
  deepEqual(dialled, [givenPeer(4)]);
});

test("AnnouncedPeers goes to a leecher where somebody else came long before", () => {
  const { clock, announced, dialled } = givenAnnounced();
  announced.came({ ...givenPeer(3), host: "127.0.0.1" });
  clock.advance(2_001);
  announced.add(givenPeer(1));
  clock.advance(DIAL_AFTER_MS);
  deepEqual(dialled, [givenPeer(1)]);
});

test("AnnouncedPeers leaves a leecher alone that came, and is announced once more", () => {
  const { clock, announced, dialled } = givenAnnounced();
  announced.add(givenPeer(1));
  announced.came({ ...givenPeer(3), host: "127.0.0.1" });
  announced.add(givenPeer(1));
  clock.advance(DIAL_AFTER_MS);
  equal(dialled.length, 0);
});

test("AnnouncedPeers given a flood remembers and dials no more than its limits", () => {
  const never = new Promise<void>(() => {});
  const { clock, announced, dialled } = givenAnnounced([], never);
  for (let number = 0; number < 2 * ANNOUNCED_PEERS_MAX; number += 1) {
    announced.add(givenPeer(number));
  }
  clock.advance(DIAL_AFTER_MS);
  equal(dialled.length, DIALS_IN_FLIGHT_MAX);
});

test("AnnouncedPeers that was stopped goes to nobody", () => {
  const { clock, announced, dialled } = givenAnnounced();
  announced.add(givenPeer(1));
  announced.stop();
  clock.advance(DIAL_AFTER_MS);
  equal(dialled.length, 0);
});

test("connectTo() gives a connection, or null where nobody listens", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const accepted = once(server, "connection");
  const socket = await connectTo(systemClock, { host: "127.0.0.1", port });
  equal(socket?.isPaused(), true);
  const [other] = await accepted;
  other.destroy();
  socket?.destroy();
  server.close();
  await once(server, "close");
  equal(await connectTo(systemClock, { host: "127.0.0.1", port }), null);
});
