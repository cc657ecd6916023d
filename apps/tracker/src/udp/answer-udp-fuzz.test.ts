import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  announcePacket,
  connectPacket,
  GIVEN_IPV4,
  GIVEN_IPV6,
  givenAnswers,
  scrapePacket,
  urlOption,
} from "./testing.ts";
import { UDP_REPLY_BYTES_MAX } from "./udp-limits.ts";

const sources = fc.constantFrom(GIVEN_IPV4, GIVEN_IPV6);

/** Anything, and what almost is a request. */
function packets(connectionId: Uint8Array): fc.Arbitrary<Uint8Array> {
  const valid = fc.constantFrom(
    connectPacket(),
    announcePacket(connectionId),
    announcePacket(connectionId, { options: urlOption(`/${"k".repeat(300)}/announce`) }),
    scrapePacket(connectionId, ["11".repeat(20), "ff".repeat(20)]),
  );
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 });
  const almost = fc
    .tuple(valid, changes, fc.nat({ max: 500 }), fc.uint8Array({ maxLength: 300 }))
    .map(([packet, changed, kept, more]) => {
      const bytes = Buffer.concat([packet.subarray(0, kept), more]);
      // Behind the id, so that most of them get past it.
      for (const [at, value] of changed) {
        if (bytes.length > 8) bytes[8 + (at % (bytes.length - 8))] = value;
      }
      return bytes;
    });
  return fc.oneof(fc.uint8Array({ maxLength: 3_000 }), almost);
}

test("no bytes make it throw, and every answer fits its buffer", () => {
  const given = givenAnswers();
  const ids = new Map([GIVEN_IPV4, GIVEN_IPV6].map((from) => [from, given.connect(from)]));
  const cases = sources.chain((from) => {
    return fc.tuple(fc.constant(from), packets(ids.get(from) as Buffer));
  });
  fc.assert(
    fc.property(cases, ([from, packet]) => {
      const reply = given.ask(packet, from);
      assert(reply === null || (reply.length >= 8 && reply.length <= UDP_REPLY_BYTES_MAX));
    }),
    { numRuns: 3_000 },
  );
});

test("who has not proven its address gets 16 bytes for 16 or more, or nothing", () => {
  const { ask, tracker } = givenAnswers();
  const forged = Buffer.from("0123456789abcdef", "hex");
  fc.assert(
    fc.property(packets(forged), sources, (packet, from) => {
      const reply = ask(packet, from);
      assert(reply === null || (reply.length === 16 && packet.length >= 16));
      assert(reply === null || reply.readUInt32BE(0) === 0);
    }),
    { numRuns: 3_000 },
  );
  assert.deepEqual(tracker.seen, []);
});

test("every packet is counted once", () => {
  const { ask, answers, connect } = givenAnswers();
  const id = connect();
  let asked = 1;
  fc.assert(
    fc.property(packets(id), (packet) => {
      ask(packet);
      asked += 1;
    }),
  );
  const { connects, announces, scrapes, silences, refusals } = answers.counts;
  const others = [...Object.values(silences), ...refusals.values()];
  const counted = others.reduce((sum, each) => sum + each, connects + announces + scrapes);
  assert.equal(counted, asked);
});
