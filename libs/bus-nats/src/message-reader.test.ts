import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { MemoryPool } from "@seedfleet/bytes";
import fc from "fast-check";
import {
  CONTROL_LINE_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  MessageReader,
  type ReceivedMessage,
} from "./message-reader.ts";

const OURS = 7;

type Sent = {
  readonly sid: number;
  readonly replyTo: string | null;
  readonly headers: string | null;
  readonly payload: Uint8Array;
};

/** A reader of one subscription's messages, and what it gave. */
function givenReader() {
  const messages: ReceivedMessage[] = [];
  /** What was told of the message that comes next. */
  let told: Uint8Array[] = [];
  const forwarded: Uint8Array[] = [];
  const arrivals: number[] = [];
  const handle = (message: ReceivedMessage): void => {
    const begin = Buffer.concat(told);
    ok(begin.equals(message.payload.subarray(0, begin.length)));
    told = [];
    messages.push(message);
  };
  const arriving = (_subject: string, part: Uint8Array): void => {
    told.push(Uint8Array.from(part));
    arrivals.push(part.length);
  };
  const reader = new MessageReader({
    takerOf: (sid) => (sid === OURS ? { handle, arriving } : undefined),
    forward: (bytes) => forwarded.push(bytes),
    pool: new MemoryPool({ freeBytesMax: 1024 * 1024 }),
  });
  return { reader, messages, forwarded, arrivals };
}

/** Feeds bytes as a socket does, which gives at most `stepBytes` at a time. */
function feed(reader: MessageReader, bytes: Uint8Array, stepBytes: number): boolean {
  for (let at = 0; at < bytes.length; ) {
    const room = reader.room();
    const part = bytes.subarray(at, at + Math.min(stepBytes, room.length));
    ok(part.length > 0);
    room.set(part);
    at += part.length;
    if (!reader.received(part.length)) return false;
  }
  return true;
}

function onWire({ sid, replyTo, headers, payload }: Sent): Buffer {
  const block = headers === null ? "" : `NATS/1.0\r\n${headers}\r\n\r\n`;
  const counts = headers === null ? "" : ` ${block.length}`;
  const reply = replyTo === null ? "" : ` ${replyTo}`;
  const total = block.length + payload.length;
  const kind = headers === null ? "MSG" : "HMSG";
  const begin = `${kind} a.b ${sid}${reply}${counts} ${total}\r\n${block}`;
  return Buffer.concat([Buffer.from(begin), payload, Buffer.from("\r\n")]);
}

function givenMessage(message: Partial<Sent> = {}): Sent {
  return { sid: OURS, replyTo: null, headers: null, payload: Buffer.from("x"), ...message };
}

const anySent: fc.Arbitrary<Sent> = fc.record({
  sid: fc.constantFrom(OURS, 1, 70),
  replyTo: fc.constantFrom(null, "_INBOX.x.1"),
  headers: fc.constantFrom(null, "a: 1", "a: 1\r\nb: MSG a 7 5"),
  payload: fc
    .tuple(fc.constantFrom(0, 1, 2, 17, 16_384, 65_536, 200_000), fc.nat(255))
    .map(([length, fill]) => Buffer.alloc(length, fill === 0 ? "\r\nMSG a.b 7 3\r\n" : fill)),
});

const anyLine = fc.constantFrom(
  "PING\r\n",
  "+OK\r\n",
  'INFO {"max_payload":1}\r\n',
  "-ERR 'M'\r\n",
);

test("MessageReader gives its messages and forwards the rest, however it is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anySent, anyLine), { maxLength: 12 }),
      fc.constantFrom(1_000, 16_383, 65_536, 1_000_000),
      (sent, stepBytes) => {
        const { reader, messages, forwarded } = givenReader();
        const parts = sent.map((each) =>
          typeof each === "string" ? Buffer.from(each) : onWire(each),
        );
        ok(feed(reader, Buffer.concat(parts), stepBytes));
        const ours = sent.filter(
          (each): each is Sent => typeof each !== "string" && each.sid === OURS,
        );
        equal(messages.length, ours.length);
        for (const [index, { replyTo, headers, payload }] of ours.entries()) {
          const message = messages[index];
          equal(message?.subject, "a.b");
          equal(message?.replyTo, replyTo);
          ok(Buffer.from(message?.payload ?? []).equals(payload));
          const block = headers === null ? "" : `NATS/1.0\r\n${headers}\r\n\r\n`;
          equal(Buffer.from(message?.headerBytes ?? []).toString(), block);
        }
        const others = sent.flatMap((each, index) => {
          const part = parts[index];
          const isOurs = typeof each !== "string" && each.sid === OURS;
          return isOurs || part === undefined ? [] : [part];
        });
        ok(Buffer.concat(forwarded).equals(Buffer.concat(others)));
      },
    ),
    { numRuns: 60 },
  );
});

test("MessageReader cuts no matter where: a short session, byte by byte", () => {
  const { reader, messages, forwarded } = givenReader();
  const session = Buffer.concat([
    Buffer.from("PING\r\n"),
    onWire(givenMessage({ payload: Buffer.from("one") })),
    onWire(givenMessage({ sid: 1, headers: "a: 1", payload: Buffer.from("two\r\n") })),
    onWire(givenMessage({ replyTo: "r", headers: "a: 1", payload: Buffer.from("three") })),
    Buffer.from("PONG\r\n"),
  ]);
  ok(feed(reader, session, 1));
  deepEqual(
    messages.map(({ payload }) => Buffer.from(payload).toString()),
    ["one", "three"],
  );
  equal(
    Buffer.concat(forwarded).toString(),
    "PING\r\nHMSG a.b 1 18 23\r\nNATS/1.0\r\na: 1\r\n\r\ntwo\r\n\r\nPONG\r\n",
  );
});

test("MessageReader tells of a long message while it comes", () => {
  const { reader, messages, arrivals } = givenReader();
  const headers = "a: 1";
  const long = onWire(givenMessage({ headers, payload: randomBytes(200_000) }));
  feed(reader, Buffer.concat([long, onWire(givenMessage())]), 70_000);
  equal(messages.length, 2);
  // Of what came first, the line and the headers are no payload; the last part is not told.
  const beginBytes = long.length - 200_000 - "\r\n".length;
  deepEqual(arrivals, [70_000 - beginBytes, 70_000]);
});

test("done() has the memory of a long message used again, and only then", () => {
  const { reader, messages } = givenReader();
  const long = onWire(givenMessage({ payload: Buffer.alloc(100_000, 1) }));
  feed(reader, Buffer.concat([long, long]), 65_536);
  const [first, second] = messages;
  notEqual(first?.payload.buffer, second?.payload.buffer);
  first?.done?.();
  feed(reader, long, 65_536);
  equal(messages[2]?.payload.buffer, first?.payload.buffer);
  ok(second?.payload.every((byte) => byte === 1));
});

test("a short message is memory of its own", () => {
  const { reader, messages } = givenReader();
  feed(reader, onWire(givenMessage()), 100);
  equal(messages[0]?.done, undefined);
  feed(reader, onWire(givenMessage({ payload: Buffer.from("y") })), 100);
  equal(Buffer.from(messages[0]?.payload ?? []).toString(), "x");
});

test("received() given what is no NATS says so", () => {
  const wrong = [
    "MSG a.b\r\n",
    "MSG a.b 7\r\n",
    "MSG a.b seven 5\r\n",
    "MSG a.b 7 r r 5\r\n",
    "MSG a.b 7 -5\r\n",
    "HMSG a.b 7 5\r\n",
    "HMSG a.b 7 6 5\r\n",
    "HELLO a.b 7 5\r\n",
    `MSG a.b 7 ${MESSAGE_BYTES_MAX + 1}\r\n`,
    `MSG ${"a".repeat(CONTROL_LINE_BYTES_MAX)}`,
  ];
  for (const line of wrong) {
    const { reader, messages } = givenReader();
    ok(!feed(reader, Buffer.from(line), 1_000_000), line.slice(0, 30));
    deepEqual(messages, []);
  }
});

test("a line of the server's own may be as long as it likes", () => {
  const { reader, messages, forwarded } = givenReader();
  const line = `INFO ${"x".repeat(3 * CONTROL_LINE_BYTES_MAX)}\r\n`;
  ok(feed(reader, Buffer.concat([Buffer.from(line), onWire(givenMessage())]), 10_000));
  equal(Buffer.concat(forwarded).toString(), line);
  equal(messages.length, 1);
});
