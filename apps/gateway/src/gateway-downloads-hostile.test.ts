import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { encodeMessage } from "@seedfleet/wire";
import { UNASKED_BLOCKS_MAX } from "./downloads/peer-download.ts";
import type { SeedConnection } from "./metadata/testing-seed.ts";
import type { CloseReason } from "./peers/close-reason.ts";
import { GivenMirror, type GivenPeer } from "./testing-mirror.ts";

const SLOW_MS = 200;

function wrong(data: Buffer): Buffer {
  const bytes = Buffer.from(data);
  bytes[0] = 1 + (bytes[0] ?? 0);
  return bytes;
}

/** Each block some time after it was asked for. */
function slowly({ given }: GivenMirror): NonNullable<GivenPeer["asked"]> {
  return (connection, { piece, begin }, data) =>
    void given.clock.after(SLOW_MS, () => connection.say({ kind: "piece", piece, begin, data }));
}

const UNASKED = { kind: "piece", piece: 0, begin: 0, data: Buffer.alloc(16) } as const;

const hostile: readonly (readonly [what: string, peer: GivenPeer, closes: CloseReason | null])[] = [
  [
    "sends corrupt blocks",
    {
      asked: (connection, { piece, begin }, right) =>
        connection.say({ kind: "piece", piece, begin, data: wrong(right) }),
    },
    "piece-corrupt",
  ],
  [
    "sends many blocks that nobody asked for",
    {
      greeted: (connection) =>
        connection.say(...Array.from({ length: UNASKED_BLOCKS_MAX + 1 }, () => UNASKED)),
    },
    "blocks-unasked",
  ],
  [
    "has a piece that there is not",
    { greeted: (connection) => connection.say({ kind: "have", piece: 1_000_000 }) },
    "piece-out-of-range",
  ],
  [
    "has a bitfield of another length",
    { bits: (pieceCount) => new Uint8Array(pieceCount) },
    "bitfield-wrong",
  ],
  [
    "sends blocks of another length",
    {
      asked: (connection, { piece, begin }, right) =>
        connection.say({ kind: "piece", piece, begin, data: right.subarray(1) }),
    },
    null,
  ],
  [
    "has a piece that there is not once it is asked",
    { asked: (connection) => connection.say({ kind: "have", piece: 1_000_000 }) },
    "piece-out-of-range",
  ],
  ["stalls", { asked() {} }, null],
  [
    "stalls in the middle of a block",
    {
      asked(connection, { piece, begin }, right) {
        const block = encodeMessage({ kind: "piece", piece, begin, data: right });
        connection.write(block.subarray(0, block.length / 2));
      },
    },
    null,
  ],
  [
    "says that it has all, and refuses what it is asked for",
    {
      fast: true,
      asked: (connection, block) => connection.say({ kind: "reject-request", ...block }),
    },
    null,
  ],
  [
    "chokes and unchokes in turns",
    { asked: (connection) => connection.say({ kind: "choke" }, { kind: "unchoke" }) },
    null,
  ],
];

for (const [what, peer, closes] of hostile) {
  test(`a slow peer's download completes beside one that ${what}`, async () => {
    await using mirrored = await GivenMirror.start();
    const { given } = mirrored;
    let isMet = false;
    const liar = await mirrored.peer("hostile", {
      ...peer,
      asked(connection, request, right) {
        isMet = true;
        if (peer.asked !== undefined) peer.asked(connection, request, right);
      },
    });
    // The honest one lets us only when the other has done what it does.
    const waiting: SeedConnection[] = [];
    const honest = await mirrored.peer("honest", {
      greeted: (connection) => waiting.push(connection),
      asked: slowly(mirrored),
    });
    await mirrored.mirror([liar, honest]);
    await mirrored.until(() => {
      const isDone = closes === null ? isMet : given.closed(closes) > 0;
      return isDone && waiting.length > 0;
    });
    for (const connection of waiting) connection.say({ kind: "unchoke" });
    await mirrored.until(() => mirrored.there.isFull);
    await mirrored.until(() => given.logged("mirror complete") === 1);
    if (closes !== null) equal(given.closed(closes), 1);
    else ok(given.closed("piece-corrupt") + given.closed("blocks-unasked") === 0);
  });
}
