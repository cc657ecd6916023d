import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { parseInfoHash } from "@seedfleet/bytes";
import { checkupCall } from "@seedfleet/contracts";
import { systemClock } from "@seedfleet/runtime";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import { GivenGateway } from "../testing.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { dialPeer } from "./dial-peer.ts";

const ONE = givenTorrent("one");
const OTHER = parseInfoHash("ab".repeat(20)) ?? undefined;

for (const encryption of ["allowed", "required", "off"] as const) {
  test(`dialPeer() given a gateway with encryption ${encryption} is answered by it`, async () => {
    await using given = await GivenGateway.start([ONE], { encryption });
    const { infoHash } = ONE.metainfo;
    const options = { infoHash, encryption, timeoutMs: 10_000 };
    const dialled = await dialPeer(systemClock, given.gateway.peerAddress, options);
    const checkup = given.bus.call(checkupCall, { service: "gateway", id: "gateway-1" }, {});
    const { gateway, store } = await advanceUntil(given.clock, 100, checkup);
    equal(store, undefined);
    deepEqual(dialled, { kind: "answered", peerId: gateway?.peerId });
    deepEqual(
      [gateway?.encryption, gateway?.outcome, gateway?.hasReachedItself],
      [encryption, "reached", true],
    );
  });
}

test("dialPeer() given a torrent that nobody has sees that there is somebody", async () => {
  await using given = await GivenGateway.start([ONE]);
  for (const infoHash of [OTHER, undefined]) {
    const options = { infoHash, encryption: "allowed", timeoutMs: 10_000 } as const;
    const dialled = await dialPeer(systemClock, given.gateway.peerAddress, options);
    deepEqual(dialled, { kind: "no-handshake" });
  }
});

test("dialPeer() given somebody who says nothing waits no longer than it may", async () => {
  const sockets: Socket[] = [];
  await using server = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const clock = new VirtualClock();
  const options = { encryption: "off", timeoutMs: 5_000 } as const;
  const dialling = dialPeer(clock, { host: "127.0.0.1", port }, options);
  await once(server, "connection");
  deepEqual(await advanceUntil(clock, 1_000, dialling), { kind: "no-handshake" });
  for (const socket of sockets) socket.destroy();
});

test("dialPeer() given nobody says why", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  server.close();
  await once(server, "close");
  const options = { encryption: "allowed", timeoutMs: 10_000 } as const;
  deepEqual(await dialPeer(systemClock, { host: "127.0.0.1", port }, options), {
    ...{ kind: "failed", code: "ECONNREFUSED" },
  });
  const noName = { host: "nobody.invalid", port: 1 };
  equal((await dialPeer(systemClock, noName, options)).kind, "failed");
});
