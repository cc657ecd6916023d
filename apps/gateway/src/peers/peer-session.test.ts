import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type Block, encodeMessage, type PeerMessage } from "@seedfleet/wire";
import fc from "fast-check";
import { MESSAGE_LENGTH_BYTES_MAX, REQUEST_LENGTH_BYTES_MAX } from "./peer-limits.ts";
import { PeerSession } from "./peer-session.ts";
import { pieceLengthIfAny, type TorrentShape } from "./session-shape.ts";
import { ToldPieces } from "./told-pieces.ts";

/** Three pieces of 300,000 bytes and a last one of 100,000. */
const shape = { pieceCount: 4, pieceLengthBytes: 300_000, sizeBytes: 1_000_000 };

const BLOCK = { piece: 0, begin: 0, length: 16_384 };

type Sendable = Exclude<PeerMessage, { kind: "unknown" }>;

const accepted: readonly { given: string; message: Sendable; requests: number }[] = [
  { given: "a request", message: { kind: "request", ...BLOCK }, requests: 1 },
  { given: "the longest request", message: request({ length: 131_072 }), requests: 1 },
  {
    given: "a request up to the end of a piece",
    message: request({ begin: 299_999, length: 1 }),
    requests: 1,
  },
  {
    given: "a request up to the end of the last piece",
    message: request({ piece: 3, begin: 99_999, length: 1 }),
    requests: 1,
  },
  { given: "a cancel of nothing", message: { kind: "cancel", ...BLOCK }, requests: 0 },
  {
    given: "a cancel far outside",
    message: { kind: "cancel", piece: 9, begin: 9, length: 0 },
    requests: 0,
  },
  { given: "a have of the last piece", message: { kind: "have", piece: 3 }, requests: 0 },
  { given: "a keep-alive", message: { kind: "keep-alive" }, requests: 0 },
  { given: "a choke, which says nothing to a seed", message: { kind: "choke" }, requests: 0 },
  { given: "a port", message: { kind: "port", port: 6881 }, requests: 0 },
  {
    given: "a piece, which a seed did not ask for",
    message: { kind: "piece", piece: 0, begin: 0, data: new Uint8Array(5) },
    requests: 0,
  },
];

for (const { given, message, requests } of accepted) {
  test(`PeerSession.receive(, 0) given ${given} goes on`, () => {
    const session = unchoked();
    equal(session.receive(encodeMessage(message), 0), null);
    equal(session.requests.count, requests);
  });
}

const refused: readonly { given: string; bytes: Uint8Array; code: string }[] = [
  { given: "a request of no bytes", bytes: asked({ length: 0 }), code: "request-out-of-range" },
  {
    given: "a request of a piece there is not",
    bytes: asked({ piece: 4, length: 1 }),
    code: "request-out-of-range",
  },
  {
    given: "a request of the highest piece",
    bytes: asked({ piece: 0xffff_ffff, length: 1 }),
    code: "request-out-of-range",
  },
  {
    given: "a request past the end of a piece",
    bytes: asked({ begin: 299_999, length: 2 }),
    code: "request-out-of-range",
  },
  {
    given: "a request past the end of the last piece",
    bytes: asked({ piece: 3, begin: 99_999, length: 2 }),
    code: "request-out-of-range",
  },
  {
    given: "a request whose begin and length overflow 32 bits",
    bytes: asked({ begin: 0xffff_ffff, length: 2 }),
    code: "request-out-of-range",
  },
  {
    given: "a request of a byte too many",
    bytes: asked({ length: REQUEST_LENGTH_BYTES_MAX + 1 }),
    code: "request-too-long",
  },
  {
    given: "a have of a piece there is not",
    bytes: encodeMessage({ kind: "have", piece: 4 }),
    code: "piece-out-of-range",
  },
  { given: "a bitfield with a spare bit", bytes: bitfield(0xf8), code: "bitfield-wrong" },
  { given: "a bitfield that is too long", bytes: bitfield(0xf0, 0), code: "bitfield-wrong" },
  { given: "an empty bitfield", bytes: bitfield(), code: "bitfield-wrong" },
  { given: "a request cut short", bytes: Uint8Array.of(0, 0, 0, 2, 6, 0), code: "message-length" },
  {
    given: "a length prefix above every message",
    bytes: prefix(MESSAGE_LENGTH_BYTES_MAX + 1),
    code: "message-too-long",
  },
  {
    given: "a length prefix with its high bit set",
    bytes: prefix(0xffff_ffff),
    code: "message-too-long",
  },
];

for (const { given, bytes, code } of refused) {
  test(`PeerSession.receive(, 0) given ${given} is a violation, also of a choked peer`, () => {
    equal(unchoked().receive(bytes, 0)?.code, code);
    equal(givenSession().receive(bytes, 0)?.code, code);
  });
}

test("PeerSession.receive(, 0) given requests while choked lets them fall", () => {
  const session = givenSession();
  equal(session.receive(asked({}), 0), null);
  equal(session.requests.count, 0);
  session.unchoke();
  equal(taken(session), null);
});

test("PeerSession.choke() given queued and waiting requests drops them all", () => {
  const session = unchoked();
  session.receive(Buffer.concat([asked({}), asked({ piece: 1 }), asked({ piece: 2 })]), 0);
  session.requests.awaitPiece(taken(session) ?? BLOCK);
  equal(session.requests.count, 3);
  session.choke();
  deepEqual(
    [session.requests.count, session.requests.isAwaiting(0), session.amChoking],
    [0, false, true],
  );
  session.unchoke();
  session.requests.pieceArrived(0);
  equal(taken(session), null);
});

test("PeerSession.finish() given requests at hand keeps them and takes no more", () => {
  const session = unchoked();
  session.receive(asked({}), 0);
  session.finish();
  session.receive(asked({ piece: 1 }), 0);
  equal(session.requests.count, 1);
  deepEqual(taken(session), BLOCK);
});

test("PeerSession.pieceArrived() given waiting requests puts them first, in their order", () => {
  const session = unchoked();
  const begins = [0, 16_384, 32_768];
  session.receive(Buffer.concat(begins.map((begin) => asked({ begin }))), 0);
  for (const _ of begins) session.requests.awaitPiece(taken(session) ?? BLOCK);
  session.receive(asked({ piece: 1 }), 0);
  session.requests.pieceArrived(0);
  const order = Array.from({ length: 4 }, () => taken(session));
  deepEqual(
    order.map((block) => [block?.piece, block?.begin]),
    [...begins.map((begin) => [0, begin]), [1, 0]],
  );
});

test("PeerSession.receive(, 0) given a cancel drops a queued and a waiting request", () => {
  const session = unchoked();
  session.receive(Buffer.concat([asked({}), asked({ piece: 1 })]), 0);
  session.requests.awaitPiece(taken(session) ?? BLOCK);
  session.receive(encodeMessage({ kind: "cancel", ...BLOCK }), 0);
  session.receive(encodeMessage({ kind: "cancel", ...BLOCK, piece: 1 }), 0);
  equal(session.requests.count, 0);
  session.requests.pieceArrived(0);
  equal(taken(session), null);
});

test("PeerSession tells interest, and a peer that has every piece", () => {
  const session = givenSession();
  equal(session.peerInterested, false);
  session.receive(encodeMessage({ kind: "interested" }), 0);
  equal(session.peerInterested, true);
  session.receive(encodeMessage({ kind: "not-interested" }), 0);
  equal(session.peerInterested, false);
  session.receive(bitfield(0xe0), 0);
  equal(session.peerIsSeed, false);
  session.receive(encodeMessage({ kind: "have", piece: 3 }), 0);
  equal(session.peerIsSeed, true);
});

test("PeerSession takes the bitfield of a torrent with very many pieces", () => {
  const pieceCount = 2_000_000;
  const large = { pieceCount, pieceLengthBytes: 1, sizeBytes: pieceCount };
  const session = givenSession(large);
  const bits = new Uint8Array(pieceCount / 8).fill(0xff);
  equal(session.receive(encodeMessage({ kind: "bitfield", bits }), 0), null);
  equal(session.peerIsSeed, true);
});

const anyReads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 16 });

test("PeerSession never throws, and asks only for what the torrent holds, on any bytes", () => {
  fc.assert(
    fc.property(anyReads, fc.boolean(), (reads, chokes) => {
      const session = chokes ? givenSession() : unchoked();
      for (const read of reads) if (session.receive(read, 0) !== null) return;
      for (let block = taken(session); block !== null; block = taken(session)) {
        ok(block.length > 0 && block.begin + block.length <= pieceLengthIfAny(shape, block.piece));
      }
    }),
    { numRuns: 500 },
  );
});

/** Few blocks of two pieces, so that the same is asked for, cancelled and awaited again. */
const anyBlock = fc
  .tuple(fc.nat(1), fc.constantFrom(0, 16_384))
  .map(([piece, begin]) => ({ piece, begin, length: 16_384 }));
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("request" as const), block: anyBlock }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), block: anyBlock }) },
  { weight: 3, arbitrary: fc.constant({ kind: "take" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("arrive" as const), piece: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "choke" as const }) },
);

test("PeerSession has a block in exactly one place, whatever happens to it", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const session = unchoked();
      // The same blocks in plain lists: those that wait for their piece, and all others.
      const model = { queued: [] as Block[], waiting: [] as Block[], cancelsLeft: 0 };
      for (const step of steps) {
        if (step.kind === "request" || step.kind === "cancel") {
          session.receive(encodeMessage({ kind: step.kind, ...step.block }), 0);
          if (step.kind === "request") model.queued.push(step.block);
          else if (model.cancelsLeft > 0) {
            if (!removed(model.queued, step.block)) removed(model.waiting, step.block);
          }
          model.cancelsLeft = Math.max(0, model.cancelsLeft + (step.kind === "request" ? 1 : -1));
        } else if (step.kind === "take") {
          const block = taken(session);
          deepEqual(block, model.queued.shift() ?? null);
          if (block === null) continue;
          session.requests.awaitPiece(block);
          model.waiting.push(block);
        } else if (step.kind === "arrive") {
          session.requests.pieceArrived(step.piece);
          const arrived = model.waiting.filter(({ piece }) => piece === step.piece);
          model.queued.unshift(...arrived);
          model.waiting = model.waiting.filter(({ piece }) => piece !== step.piece);
        } else {
          session.choke();
          session.unchoke();
          model.queued = [];
          model.waiting = [];
        }
        equal(session.requests.count, model.queued.length + model.waiting.length);
      }
    }),
  );
});

function unchoked(): PeerSession {
  const session = givenSession();
  session.unchoke();
  return session;
}

function request(differing: Partial<Block>): Sendable {
  return { kind: "request", ...BLOCK, ...differing };
}

function asked(differing: Partial<Block>): Uint8Array {
  return encodeMessage(request(differing));
}

function bitfield(...bits: readonly number[]): Uint8Array {
  return encodeMessage({ kind: "bitfield", bits: Uint8Array.from(bits) });
}

function prefix(length: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

function removed(blocks: Block[], block: Block): boolean {
  const index = blocks.findIndex(
    (each) => each.piece === block.piece && each.begin === block.begin,
  );
  if (index === -1) return false;
  blocks.splice(index, 1);
  return true;
}

function taken(session: PeerSession): Block | null {
  const block = { piece: 0, begin: 0, length: 0 };
  return session.requests.take(block) ? block : null;
}

function givenSession(of: TorrentShape = shape): PeerSession {
  const have = { has: () => true };
  return new PeerSession({
    ...{ shape: of, have, told: ToldPieces.all(), fast: false },
    ...{ extensions: null, hasTree: false, download: null },
  });
}
