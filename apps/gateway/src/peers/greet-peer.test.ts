import { deepEqual, equal, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type InfoHash, infoHashBytes } from "@seedfleet/bytes";
import { MSE_PRIVATE_KEY_BYTES, MseReceiver, type PayloadMethod } from "@seedfleet/mse";
import { VirtualClock } from "@seedfleet/testkit";
import {
  encodeHandshake,
  HANDSHAKE_BYTES,
  HandshakeDecoder,
  reservedBits,
  reservedBytes,
} from "@seedfleet/wire";
import { givenPeerId } from "../testing-peer.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { type Greeted, type GreetPorts, greetAnnounced, ourHandshake } from "./greet-peer.ts";
import { HANDSHAKE_TIMEOUT_MS } from "./peer-limits.ts";

const ONE = givenTorrent("one");
const HYBRID = givenTorrent("hybrid", { version: "hybrid" });
const { infoHash } = ONE.metainfo;
const PEER_ID = givenPeerId("leecher");
const OWN_PEER_ID = givenPeerId("gateway");

for (const payload of ["rc4", "plaintext"] as const) {
  test(`greetAnnounced() given a peer that encrypts with ${payload} greets it`, async () => {
    await using given = await givenDial();
    const greeting = given.greet({ encrypt: true });
    const { peer, received } = await receiver(given.theirs, payload);
    const heard = readHandshake(received);
    deepEqual([heard.infoHash, heard.peerId], [infoHash, OWN_PEER_ID]);
    ok(reservedBits(heard.reserved).fast && reservedBits(heard.reserved).extended);

    const says = Buffer.concat([ours(), Buffer.from("and more")]);
    peer.outgoing?.crypt(says);
    given.theirs.write(says);
    const greeted = await greeting;
    ok(greeted.kind === "greeted");
    equal(greeted.peerId, PEER_ID);
    equal(greeted.ciphers !== null, payload === "rc4");
    equal(String(Buffer.from(greeted.rest)), "and more");
  });
}

const others = [
  { given: "answers for another torrent", infoHash: HYBRID.metainfo.infoHash, peerId: PEER_ID },
  { given: "is ourselves", infoHash, peerId: OWN_PEER_ID },
] as const;

for (const [index, { given: situation, ...says }] of others.entries()) {
  test(`greetAnnounced() given a peer that ${situation} refuses it`, async () => {
    await using given = await givenDial();
    const greeting = given.greet({ encrypt: false });
    given.theirs.write(encodeHandshake({ ...says, reserved: new Uint8Array(8) }));
    equal(reasonOf(await greeting), index === 0 ? "torrent-other" : "own-peer-id");
  });
}

test("greetAnnounced() takes a hybrid's v2 hash for an answer to its v1 hash", async () => {
  await using given = await givenDial();
  const { metainfo, entry } = HYBRID;
  const [v2 = infoHash] = entry.aliases;
  const torrent = new Torrent(metainfo, entry);
  const greeting = given.greet(
    { encrypt: false, infoHash: metainfo.infoHash },
    { findTorrent: () => Promise.resolve({ kind: "torrent", torrent }) },
  );
  const answer = { infoHash: v2, peerId: PEER_ID, reserved: new Uint8Array(8) };
  given.theirs.write(encodeHandshake(answer));
  const greeted = await greeting;
  ok(greeted.kind === "greeted");
  deepEqual([greeted.torrent, greeted.infoHash], [torrent, v2]);
});

test("greetAnnounced() given a peer that takes no encryption says why it went", async () => {
  await using given = await givenDial();
  const greeting = given.greet({ encrypt: true });
  // Whatever it says, it is no answer to a public key.
  given.theirs.write(Buffer.alloc(1_024, "HTTP/1.1 400\r\n"));
  equal(reasonOf(await greeting), "mse-sync-lost");
});

test("greetAnnounced() given a peer that says nothing waits 10 s", async () => {
  await using given = await givenDial();
  const greeting = given.greet({ encrypt: true });
  await once(given.theirs, "readable");
  given.clock.advance(HANDSHAKE_TIMEOUT_MS);
  equal(reasonOf(await greeting), "handshake-timeout");
});

test("greetAnnounced() given a torrent that is gone says nothing to the peer", async () => {
  await using given = await givenDial();
  const gone = { kind: "refused", reason: "torrent-unknown" } as const;
  const greeting = given.greet({ encrypt: false }, { findTorrent: () => Promise.resolve(gone) });
  equal(reasonOf(await greeting), "torrent-unknown");
  equal(given.ours.bytesWritten, 0);
});

test("ourHandshake() says of a hybrid that it has a tree, and of nothing else", () => {
  for (const [torrent, v2] of [
    [ONE, false],
    [HYBRID, true],
  ] as const) {
    const of = new Torrent(torrent.metainfo, torrent.entry);
    const bytes = ourHandshake({ ownPeerId: OWN_PEER_ID }, torrent.metainfo.infoHash, of);
    const bits = { fast: true, extended: true, v2, dht: false };
    deepEqual(reservedBits(readHandshake(bytes).reserved), bits);
  }
});

type Dial = AsyncDisposable & {
  readonly clock: VirtualClock;
  readonly ours: Socket;
  readonly theirs: Socket;
  greet(
    how: { readonly encrypt: boolean; readonly infoHash?: InfoHash },
    ports?: Partial<GreetPorts>,
  ): Promise<Greeted>;
};

/** A connection that we opened to a peer, which has said nothing yet. */
async function givenDial(): Promise<Dial> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const accepted = once(server, "connection");
  const ours = connect(port, "127.0.0.1").on("error", () => {});
  const [theirs] = await accepted;
  const clock = new VirtualClock();
  const torrent = new Torrent(ONE.metainfo, ONE.entry);
  const ports: GreetPorts = {
    clock,
    findTorrent: () => Promise.resolve({ kind: "torrent", torrent }),
    findObfuscated: () => Promise.resolve(null),
    isProbe: () => false,
    ownPeerId: OWN_PEER_ID,
    encryption: "allowed",
  };
  return {
    ...{ clock, ours, theirs },
    greet: (how, more = {}) => greetAnnounced({ ...ports, ...more }, ours, { infoHash, ...how }),
    async [Symbol.asyncDispose]() {
      ours.destroy();
      theirs.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The peer's side of the encryption, up to our handshake in it. */
async function receiver(socket: Socket, payload: PayloadMethod) {
  const handshake = new MseReceiver({
    privateKey: randomBytes(MSE_PRIVATE_KEY_BYTES),
    padding: randomBytes(200),
    methods: [payload],
  });
  while (true) {
    const output = handshake.next();
    if (output === null) {
      const [bytes] = await once(socket.resume(), "data");
      handshake.push(bytes);
    } else if (output.kind === "send") socket.write(output.bytes);
    else if (output.kind === "find-secret") handshake.secretFound(infoHashBytes(infoHash));
    else {
      ok(output.kind === "established");
      return { peer: output, received: output.received };
    }
  }
}

function ours(): Uint8Array {
  const reserved = reservedBytes({ fast: false, extended: true, v2: false, dht: false });
  return encodeHandshake({ infoHash, peerId: PEER_ID, reserved });
}

function readHandshake(bytes: Uint8Array) {
  equal(bytes.length, HANDSHAKE_BYTES);
  const decoder = new HandshakeDecoder();
  decoder.push(bytes);
  const handshake = decoder.next();
  ok(handshake !== null && "infoHash" in handshake);
  return handshake;
}

function reasonOf(greeted: Greeted): string | null {
  return greeted.kind === "refused" ? greeted.reason : null;
}
