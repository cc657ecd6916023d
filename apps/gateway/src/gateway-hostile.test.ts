import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  encodeExtensionHandshake,
  encodeMessage,
  encodeMetadataMessage,
  encodePexMessage,
} from "@seedfleet/wire";
import type { CloseReason } from "./peers/close-reason.ts";
import {
  ALL_OR_NONE_SAID_MAX,
  EXTENSION_FAULTS_MAX,
  MESSAGE_LENGTH_BYTES_MAX,
  METADATA_REJECTS_MAX,
  METADATA_SERVINGS_MAX,
  PEX_BURST_MAX,
  REQUEST_LENGTH_BYTES_MAX,
} from "./peers/peer-limits.ts";
import { blocksOf, GivenGateway, until } from "./testing.ts";
import type { Introduces, Sendable } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const BLOCKS = blocksOf(ONE.metainfo);
const BLOCK = { piece: 0, begin: 0, length: 16_384 };
const METADATA_ID = 9;

const EXTENDED: Introduces = { reserved: { extended: true } };
const FAST: Introduces = { reserved: { fast: true } };

const hello = encodeExtensionHandshake({
  messageIds: { metadata: METADATA_ID, pex: null, dontHave: null },
  ...{ metadataSizeBytes: null, requestsQueuedMax: null, client: null },
  ...{ yourIp: null, listenPort: null, uploadOnly: null },
});
const metadataRequest = encodeMetadataMessage({ kind: "metadata-request", piece: 0 });
const noPeers = encodePexMessage({ added: [], dropped: [] });

const attacks: readonly {
  readonly given: string;
  readonly how?: Introduces;
  readonly says: Uint8Array;
  readonly code: CloseReason;
}[] = [
  {
    given: "a message longer than any",
    says: prefix(MESSAGE_LENGTH_BYTES_MAX + 1),
    code: "message-too-long",
  },
  { given: "a message of 4 GiB", says: prefix(0xffff_ffff), code: "message-too-long" },
  { given: "a have of two bytes", says: Buffer.of(0, 0, 0, 3, 4, 0, 0), code: "message-length" },
  {
    given: "a bitfield too short",
    says: encodeMessage({ kind: "bitfield", bits: new Uint8Array(0) }),
    code: "bitfield-wrong",
  },
  {
    given: "a bitfield too long",
    says: encodeMessage({ kind: "bitfield", bits: new Uint8Array(2) }),
    code: "bitfield-wrong",
  },
  {
    given: "a bitfield with a bit of no piece",
    says: encodeMessage({ kind: "bitfield", bits: Uint8Array.of(0b0000_0100) }),
    code: "bitfield-wrong",
  },
  {
    given: "a have of no piece",
    says: encodeMessage({ kind: "have", piece: 5 }),
    code: "piece-out-of-range",
  },
  {
    given: "a choked request longer than 128 KiB",
    how: FAST,
    says: request({ length: REQUEST_LENGTH_BYTES_MAX + 1 }),
    code: "request-too-long",
  },
  {
    given: "a choked request of no piece",
    how: FAST,
    says: request({ piece: 5 }),
    code: "request-out-of-range",
  },
  {
    given: "fast messages that were not agreed on",
    says: encodeMessage({ kind: "have-none" }),
    code: "fast-not-agreed",
  },
  {
    given: "metadata requests in a flood",
    how: EXTENDED,
    says: Buffer.concat([extended(0, hello), ...times(4_000, extended(1, metadataRequest))]),
    code: "metadata-flood",
  },
  {
    given: "PEX in a flood",
    how: EXTENDED,
    says: Buffer.concat(times(PEX_BURST_MAX + 1, extended(2, noPeers))),
    code: "pex-flood",
  },
  {
    given: "that it has nothing over and over",
    how: { reserved: { fast: true } },
    says: Buffer.concat(times(ALL_OR_NONE_SAID_MAX + 1, encodeMessage({ kind: "have-none" }))),
    code: "pieces-flood",
  },
  {
    given: "extension handshakes that are none",
    how: EXTENDED,
    says: Buffer.concat(times(EXTENSION_FAULTS_MAX + 1, extended(0, Buffer.from("i7e")))),
    code: "extension-handshake-invalid",
  },
];

test("a gateway closes who breaks the rules, counts why, and serves the others on", async (t) => {
  await using given = await GivenGateway.start([ONE]);
  const good = await given.join(ONE, "good");
  await good.interested();
  for (const { given: situation, how = {}, says, code } of attacks) {
    await t.test(`given ${situation}`, async () => {
      const before = given.closed(code);
      const peer = await given.join(ONE, "hostile", how);
      peer.socket.write(says);
      await peer.closed;
      equal(given.closed(code), before + 1);
      equal(peer.blocks.length, 0);
      ok((await good.download(BLOCKS)).equals(ONE.content));
      equal(given.gauge("peers"), 1);
    });
  }
});

test("a gateway gives metadata so often, rejects what is beyond, and keeps the peer", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE, "magnet", EXTENDED);
  const flood = METADATA_SERVINGS_MAX + METADATA_REJECTS_MAX;
  peer.extend(0, hello);
  peer.send(
    ...times<Sendable>(flood, { kind: "extended", extendedId: 1, payload: metadataRequest }),
  );
  await peer.until(() => peer.extensions(METADATA_ID).length === flood);
  const isData = (payload: Uint8Array): boolean => payload.length > ONE.metainfo.infoBytes.length;
  equal(peer.extensions(METADATA_ID).filter(isData).length, METADATA_SERVINGS_MAX);
  await peer.interested();
  ok((await peer.download(BLOCKS)).equals(ONE.content));
});

test("a gateway gives no metadata to who did not say by which id it takes it", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE, "silent", EXTENDED);
  peer.send(
    ...times<Sendable>(5_000, { kind: "extended", extendedId: 1, payload: metadataRequest }),
  );
  await peer.interested();
  deepEqual([peer.extensions(0).length, peer.count("extended")], [1, 1]);
});

test("a gateway rejects each of 10,000 choked requests, and reads nothing", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE, "choked", FAST);
  peer.request(...times(10_000, BLOCK));
  await peer.until(() => peer.count("reject-request") === 10_000);
  deepEqual([given.reads.length, peer.blocks.length], [0, 0]);
});

test("a gateway lets one address in up to its limit, and again as its peers go", async () => {
  const peersPerAddressMax = 20;
  await using given = await GivenGateway.start([ONE], { peersPerAddressMax });
  const crowd = await Promise.all(times(300, null).map(() => given.connect()));
  await until(() => given.closed("address-full") === crowd.length - peersPerAddressMax);
  for (const peer of crowd) peer[Symbol.dispose]();
  await until(() => given.closed("peer-closed") === peersPerAddressMax);
  const peer = await given.join(ONE);
  await peer.interested();
  ok((await peer.download(BLOCKS)).equals(ONE.content));
});

test("a gateway survives who asks for all and hangs up at once", async () => {
  await using given = await GivenGateway.start([ONE]);
  const blocks = blocksOf(ONE.metainfo).map((block) =>
    encodeMessage({ kind: "request", ...block }),
  );
  const says = Buffer.concat([encodeMessage({ kind: "interested" }), ...blocks]);
  for (let round = 1; round <= 20; round += 1) {
    const peer = await given.join(ONE, "hasty", { reserved: { fast: true, extended: true } });
    peer.socket.write(says);
    if (round % 2 === 0) peer.socket.resetAndDestroy();
    else peer.socket.end();
    await until(() => given.closed("peer-closed") === round);
  }
  const good = await given.join(ONE, "good");
  await good.interested();
  ok((await good.download(BLOCKS)).equals(ONE.content));
  equal(given.gauge("unchoked_peers"), 1);
});

function request(differing: Partial<typeof BLOCK>): Uint8Array {
  return encodeMessage({ kind: "request", ...BLOCK, ...differing });
}

function extended(extendedId: number, payload: Uint8Array): Uint8Array {
  return encodeMessage({ kind: "extended", extendedId, payload });
}

function prefix(length: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

function times<Each>(count: number, each: Each): Each[] {
  return Array.from({ length: count }, () => each);
}
