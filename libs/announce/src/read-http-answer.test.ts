import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { knowsNobody } from "./announce-answer.ts";
import {
  INTERVAL_MS_MAX,
  INTERVAL_MS_MIN,
  TRACKER_ANSWER_BYTES_MAX,
  TRACKER_PEERS_MAX,
  TRACKER_TEXT_LENGTH_MAX,
} from "./announce-limits.ts";
import { readHttpAnswer } from "./read-http-answer.ts";
import { givenReply } from "./testing.ts";

const NOTHING = {
  kind: "reply",
  peers: [],
  intervalMs: 1_800_000,
  minIntervalMs: null,
  seeders: null,
  leechers: null,
  trackerId: null,
  warning: null,
} as const;

const V6 = "\u0020\u0001\u000d\u00b8\0\0\0\0\0\0\0\0\0\0\0\u0001\u001a\u00e1";

const cases = [
  { given: "nothing", text: "de", then: {} },
  {
    given: "compact peers",
    text:
      "d8:completei3e10:incompletei4e8:intervali900e" +
      "5:peers12:\x7f\0\0\x01\x1a\xe1\xc0\0\x02\x01\x1a\xe2e",
    then: {
      intervalMs: 900_000,
      seeders: 3,
      leechers: 4,
      peers: [
        { host: "127.0.0.1", port: 6881 },
        { host: "192.0.2.1", port: 6882 },
      ],
    },
  },
  {
    given: "peers as dictionaries",
    text: "d5:peersld2:ip9:192.0.2.14:porti6881eed2:ip11:2001:db8::14:porti1eeee",
    then: {
      peers: [
        { host: "192.0.2.1", port: 6881 },
        { host: "2001:db8:0:0:0:0:0:1", port: 1 },
      ],
    },
  },
  {
    given: "dictionaries without an address or a port, or with a name",
    text:
      "d5:peersld2:ip9:192.0.2.1ed4:porti1eed2:ip6:a.host4:porti1ee" +
      "d2:ip7:1.2.3.44:porti0eei7eee",
    then: {},
  },
  { given: "peers6", text: `d6:peers618:${V6}e`, then: { peers: [v6()] } },
  { given: "port 0 and bytes too few", text: "d5:peers8:\x7f\0\0\x01\0\0\x01\x02e", then: {} },
  { given: "peers of another kind", text: "d5:peersi7ee", then: {} },
  {
    given: "intervals far apart",
    text: "d8:intervali1e12:min intervali999999ee",
    then: { intervalMs: INTERVAL_MS_MAX, minIntervalMs: INTERVAL_MS_MAX },
  },
  {
    given: "an interval of no time",
    text: "d8:intervali0e12:min intervali-1ee",
    then: { intervalMs: INTERVAL_MS_MIN },
  },
  { given: "a negative count", text: "d8:completei-1ee", then: {} },
  {
    given: "a warning",
    text: "d15:warning message6:a\nlinee",
    then: { warning: "a\u{fffd}line" },
  },
  {
    given: "a tracker id",
    text: "d10:tracker id3:a\0\xffe",
    then: { trackerId: Uint8Array.of(0x61, 0, 0xff) },
  },
  { given: "a tracker id too long", text: `d10:tracker id257:${"a".repeat(257)}e`, then: {} },
] as const;

for (const { given, text, then } of cases) {
  test(`readHttpAnswer() given ${given}`, () => {
    deepEqual(readHttpAnswer(Buffer.from(text, "latin1")), { ...NOTHING, ...then });
  });
}

const refusals = [
  { given: "a reason", text: "d14:failure reason2:noe", reason: "no", retryInMs: null },
  {
    given: "minutes",
    text: "d14:failure reason2:no8:retry ini5ee",
    reason: "no",
    retryInMs: 300_000,
  },
  {
    given: "never",
    text: "d14:failure reason2:no8:retry in5:nevere",
    reason: "no",
    retryInMs: "never",
  },
  {
    given: "a year",
    text: "d14:failure reason2:no8:retry ini525600ee",
    reason: "no",
    retryInMs: INTERVAL_MS_MAX,
  },
  {
    given: "no minutes",
    text: "d14:failure reason2:no8:retry ini0ee",
    reason: "no",
    retryInMs: null,
  },
  {
    given: "a long reason",
    text: `d14:failure reason999:${"a".repeat(999)}e`,
    reason: "a".repeat(TRACKER_TEXT_LENGTH_MAX),
    retryInMs: null,
  },
] as const;

for (const { given, text, reason, retryInMs } of refusals) {
  test(`readHttpAnswer() given a refusal with ${given}`, () => {
    deepEqual(readHttpAnswer(Buffer.from(text)), { kind: "refusal", reason, retryInMs });
  });
}

const violations = [
  { given: "a page", text: "<html></html>", code: "answer-not-bencoded" },
  { given: "nothing at all", text: "", code: "answer-not-bencoded" },
  { given: "a list", text: "le", code: "answer-not-bencoded" },
  { given: "half an answer", text: "d5:peers6:\x7f", code: "answer-not-bencoded" },
  {
    given: "too much",
    text: `d5:peers${TRACKER_ANSWER_BYTES_MAX}:${"a".repeat(TRACKER_ANSWER_BYTES_MAX)}e`,
    code: "answer-too-long",
  },
  {
    given: "too many values",
    text: `d1:al${"i1e".repeat(20_000)}ee`,
    code: "answer-not-bencoded",
  },
] as const;

for (const { given, text, code } of violations) {
  test(`readHttpAnswer() given ${given}`, () => {
    deepEqual(readHttpAnswer(Buffer.from(text)), { kind: "violation", code });
  });
}

test("readHttpAnswer() leaves out peers beyond the limit", () => {
  const peers = Buffer.alloc(6 * (TRACKER_PEERS_MAX + 1), 1);
  const bytes = Buffer.concat([Buffer.from(`d5:peers${peers.length}:`), peers, Buffer.from("e")]);
  const answer = readHttpAnswer(bytes);
  equal(answer.kind === "reply" && answer.peers.length, TRACKER_PEERS_MAX);
});

test("readHttpAnswer() never throws, and gives only addresses and times within bounds", () => {
  const keys = ["interval", "min interval", "peers", "peers6", "complete", "retry in", "junk"];
  const value = fc.oneof(
    fc.integer().map((integer) => `i${integer}e`),
    fc.string({ unit: "binary-ascii" }).map((text) => `${text.length}:${text}`),
    fc.constant("d2:ip9:192.0.2.14:porti1ee"),
    fc.constant("ld2:ip9:192.0.2.14:porti1eed2:ip1:xei1ee"),
  );
  const entries = fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 8 });
  const dictionary = entries.map(
    (pairs) => `d${pairs.map(([key, item]) => `${key.length}:${key}${item}`).join("")}e`,
  );
  const bytes = fc.oneof(
    fc.uint8Array(),
    dictionary.map((text) => Buffer.from(text, "latin1")),
  );
  fc.assert(
    fc.property(bytes, (answerBytes) => {
      const answer = readHttpAnswer(answerBytes);
      if (answer.kind !== "reply") return;
      ok(answer.intervalMs >= INTERVAL_MS_MIN && answer.intervalMs <= INTERVAL_MS_MAX);
      ok((answer.minIntervalMs ?? 0) <= answer.intervalMs);
      ok(answer.peers.every(({ port }) => port > 0 && port < 65_536));
    }),
  );
});

test("knowsNobody() given a tracker that tells us of ourselves alone", () => {
  const peers = [{ host: "192.0.2.1", port: 6881 }];
  equal(knowsNobody(givenReply({ peers, seeders: 0, leechers: 1 })), true);
  equal(knowsNobody(givenReply({ peers, seeders: 1, leechers: 1 })), false);
  equal(knowsNobody(givenReply({ peers, seeders: null, leechers: null })), false);
  equal(knowsNobody(givenReply({ peers: [] })), true);
});

function v6(): { host: string; port: number } {
  return { host: "2001:db8:0:0:0:0:0:1", port: 6881 };
}
