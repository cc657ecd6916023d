import { equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { encodeMessage } from "@seedfleet/wire";
import { REFUSAL_MS_MIN } from "./peers/offenders.ts";
import type { NamedGatewayConfig } from "./running-gateway.ts";
import { bindGateway } from "./start-gateway.ts";
import { blocksOf, DEFAULTS, GivenGateway, until } from "./testing.ts";
import type { TestPeer } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const BLOCKS = blocksOf(ONE.metainfo);
const BREACH = encodeMessage({ kind: "have", piece: ONE.metainfo.pieceCount });
const OFFENCES = 5;

const HOSTILE = "127.0.0.2";
const OTHER = "127.0.0.3";

const linux =
  process.platform === "linux" ? false : "peers come from addresses that only Linux has at once";

test("a gateway refuses an address that breaks the protocol again and again", {
  skip: linux,
}, async () => {
  await using given = await started();
  const there = await joined(given, HOSTILE);
  await offend(given, OFFENCES + 1);
  for (let time = 1; time <= 3; time += 1) {
    const peer = await given.connect({ localAddress: HOSTILE });
    await peer.closed;
    equal(given.closed("address-refused"), time);
  }
  // Other addresses are let in, and what was there before goes on.
  for (const peer of [there, await joined(given, OTHER), await joined(given, "127.0.0.1")]) {
    await peer.interested();
    ok((await peer.download(BLOCKS)).equals(ONE.content));
  }
  given.clock.advance(REFUSAL_MS_MIN);
  await joined(given, HOSTILE);
});

const honest = [
  { given: "a torrent that is not here", says: Buffer.from("ee".repeat(20), "hex") },
  { given: "nothing", says: Buffer.of() },
] as const;

for (const { given: situation, says } of honest) {
  test(`a gateway holds nothing against who comes for ${situation}`, { skip: linux }, async () => {
    await using given = await started();
    for (let time = 1; time <= 3 * OFFENCES; time += 1) {
      const peer = await given.connect({ localAddress: HOSTILE });
      const head = Buffer.from("\x13BitTorrent protocol\0\0\0\0\0\0\0\0", "latin1");
      const words = Buffer.concat([head, says, Buffer.from("-TE0001-000000000000")]);
      if (says.length > 0) peer.socket.write(words);
      else peer.socket.end();
      await until(() => given.closed(says.length > 0 ? "torrent-unknown" : "peer-closed") === time);
    }
    await joined(given, HOSTILE);
  });
}

test("a gateway where none are encrypted holds it against nobody to try", {
  skip: linux,
}, async () => {
  await using given = await started({ encryption: "off" });
  for (let time = 1; time <= 3 * OFFENCES; time += 1) {
    const peer = await given.connect({ localAddress: HOSTILE });
    peer.socket.write(Buffer.alloc(96, "a public key"));
    await peer.closed;
    equal(given.closed("handshake-protocol"), time);
  }
  await joined(given, HOSTILE);
});

test("a gateway that may be offended 0 times refuses nobody", { skip: linux }, async () => {
  await using given = await started({ offencesMax: 0 });
  await offend(given, 10 * OFFENCES);
  await joined(given, HOSTILE);
});

test("a gateway does not refuse its own address", async () => {
  await using given = await started();
  await offend(given, 10 * OFFENCES, "127.0.0.1");
  await joined(given, "127.0.0.1");
});

test("a gateway does not refuse the proxy by which it reaches itself", {
  skip: linux,
}, async () => {
  await using proxy = createServer();
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  ok(typeof address === "object" && address !== null);
  const bound = await bindGateway(DEFAULTS);
  const config = { offencesMax: OFFENCES, advertisedPort: address.port };
  await using given = await GivenGateway.start([ONE], config, bound);
  proxy.on("connection", (socket) => {
    const onward = connect({ port: bound.port, host: "127.0.0.1", localAddress: HOSTILE });
    onward.on("error", () => {}).on("close", () => socket.destroy());
    socket.on("error", () => {}).on("close", () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  });
  equal(await given.gateway.checkReachability(), "reached");
  // Peers are told the proxy's address, and all come to the gateway from the same.
  await offend(given, 10 * OFFENCES, "127.0.0.1");
  await joined(given, OTHER);
});

test("a gateway with threads refuses in each of them who offended in any", {
  skip: linux,
}, async () => {
  await using given = await started({ workers: 2 });
  let refusedInARow = 0;
  for (let tries = 0; refusedInARow < 16; tries += 1) {
    ok(tries < 200);
    const refused = given.closed("address-refused");
    const peer = await given.connect({ localAddress: HOSTILE });
    peer.handshake(ONE.metainfo.infoHash);
    peer.socket.write(BREACH);
    await peer.closed;
    await until(() => given.closed("address-refused") + breaches(given) === tries + 1);
    refusedInARow = given.closed("address-refused") > refused ? refusedInARow + 1 : 0;
  }
  // Each by itself would have needed as many.
  ok(breaches(given) < 2 * OFFENCES, `${breaches(given)}`);
});

function started(config: Partial<NamedGatewayConfig> = {}): Promise<GivenGateway> {
  return GivenGateway.start([ONE], { offencesMax: OFFENCES, ...config });
}

async function joined(given: GivenGateway, localAddress: string): Promise<TestPeer> {
  const peer = await given.connect({ localAddress });
  peer.handshake(ONE.metainfo.infoHash);
  await peer.greeted();
  return peer;
}

async function offend(given: GivenGateway, times: number, from: string = HOSTILE): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const before = breaches(given);
    const peer = await joined(given, from);
    peer.socket.write(BREACH);
    await peer.closed;
    equal(breaches(given), before + 1);
  }
}

function breaches(given: GivenGateway): number {
  return given.closed("piece-out-of-range");
}
