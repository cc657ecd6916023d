import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pexFlagBits, pexFlags } from "./pex-flags.ts";
import {
  decodePexMessage,
  encodePexMessage,
  PEX_MESSAGE_BYTES_MAX,
  PEX_PEERS_MAX,
  type PexPeer,
} from "./pex-message.ts";
import { anyPexMessage, givenBytes } from "./testing.ts";

const NO_FLAGS = pexFlags(0);

/** 1.2.3.4, port 6881, and the same address with port 6882. */
const A = "\x01\x02\x03\x04\x1a\xe1";
const B = "\x01\x02\x03\x04\x1a\xe2";
const a = { host: "1.2.3.4", port: 6881 };
const b = { host: "1.2.3.4", port: 6882 };

const V6 = `\x20\x01${"\0".repeat(13)}\x01\x1a\xe1`;
const v6 = { host: "2001:0:0:0:0:0:0:1", port: 6881 };

const cases = [
  { given: "nothing", text: "de", then: { added: [], dropped: [] } },
  {
    given: "peers of both families, with flags",
    text:
      `d5:added12:${A}${B}7:added.f2:\x02\x116:added618:${V6}8:added6.f1:\x0c` +
      `7:dropped6:${A}8:dropped618:${V6}e`,
    then: {
      added: [
        { ...a, flags: { ...NO_FLAGS, uploadOnly: true } },
        { ...b, flags: { ...NO_FLAGS, prefersEncryption: true, reachable: true } },
        { ...v6, flags: { ...NO_FLAGS, supportsUtp: true, supportsHolepunch: true } },
      ],
      dropped: [a, v6],
    },
  },
  {
    given: "no flags",
    text: `d5:added6:${A}e`,
    then: { added: [{ ...a, flags: NO_FLAGS }], dropped: [] },
  },
  {
    given: "fewer flags than peers",
    text: `d5:added12:${A}${B}7:added.f1:\x02e`,
    then: {
      added: [
        { ...a, flags: { ...NO_FLAGS, uploadOnly: true } },
        { ...b, flags: NO_FLAGS },
      ],
      dropped: [],
    },
  },
  {
    given: "a peer cut short",
    text: `d5:added11:${A}${B.slice(1)}e`,
    then: { added: [{ ...a, flags: NO_FLAGS }], dropped: [] },
  },
  {
    given: "port 0, and the flags of the peer behind it",
    text: `d5:added12:\x01\x02\x03\x04\0\0${A}7:added.f2:\x02\x01e`,
    then: { added: [{ ...a, flags: { ...NO_FLAGS, prefersEncryption: true } }], dropped: [] },
  },
  {
    given: "lists of other kinds",
    text: "d5:addedi1e7:added.fle7:dropped0:e",
    then: { added: [], dropped: [] },
  },
] as const;

for (const { given, text, then } of cases) {
  test(`decodePexMessage() given ${given}`, () =>
    deepEqual(decodePexMessage(givenBytes(text)), then));
}

const refused = [
  { given: "nothing at all", text: "" },
  { given: "a list", text: "le" },
  { given: "a dictionary cut short", text: `d5:added6:${A}` },
  { given: "very many values", text: `d5:addedl${"0:".repeat(100)}ee` },
  { given: "too many bytes", text: `d5:added${PEX_MESSAGE_BYTES_MAX}:${"a".repeat(16_384)}e` },
] as const;

for (const { given, text } of refused) {
  test(`decodePexMessage() given ${given}`, () => {
    deepEqual(decodePexMessage(givenBytes(text)), {
      kind: "violation",
      code: "pex-message-invalid",
      length: text.length,
    });
  });
}

test("decodePexMessage() given more peers than it takes leaves out the rest", () => {
  const count = PEX_PEERS_MAX - 1;
  const v4 = `${6 * count}:${A.repeat(count)}`;
  const twoV6 = `36:${V6}${V6}`;
  const text = `d5:added${v4}6:added6${twoV6}7:dropped${v4}8:dropped6${twoV6}e`;
  const decoded = decodePexMessage(givenBytes(text));
  ok(!("kind" in decoded));
  equal(decoded.added.length, PEX_PEERS_MAX);
  deepEqual(decoded.added.at(-1), { ...v6, flags: NO_FLAGS });
  equal(decoded.dropped.length, PEX_PEERS_MAX);
});

test("encodePexMessage() is as BEP 11 has it", () => {
  const flags = { ...NO_FLAGS, uploadOnly: true, reachable: true };
  const payload = encodePexMessage({
    added: [
      { ...v6, flags },
      { ...a, flags },
    ],
    dropped: [b],
  });
  equal(
    Buffer.from(payload).toString("latin1"),
    `d5:added6:${A}7:added.f1:\x126:added618:${V6}8:added6.f1:\x127:dropped6:${B}8:dropped60:e`,
  );
});

const mistakes: readonly { readonly given: string; readonly added: readonly PexPeer[] }[] = [
  { given: "a host name", added: [{ host: "peer.example", port: 1, flags: NO_FLAGS }] },
  { given: "port 0", added: [{ host: "1.2.3.4", port: 0, flags: NO_FLAGS }] },
  { given: "too many peers", added: Array(PEX_PEERS_MAX + 1).fill({ ...a, flags: NO_FLAGS }) },
];

for (const { given, added } of mistakes) {
  test(`encodePexMessage() given ${given} is our own mistake`, () => {
    throws(() => encodePexMessage({ added, dropped: [] }));
  });
}

test("decodePexMessage() gives back what encodePexMessage() took, IPv4 first", () => {
  fc.assert(
    fc.property(anyPexMessage, (message) => {
      const v4First = <Peer extends { readonly host: string }>(peers: readonly Peer[]): Peer[] => [
        ...peers.filter(({ host }) => !host.includes(":")),
        ...peers.filter(({ host }) => host.includes(":")),
      ];
      deepEqual(decodePexMessage(encodePexMessage(message)), {
        added: v4First(message.added),
        dropped: v4First(message.dropped),
      });
    }),
  );
});

test("pexFlagBits() gives back the bits that have a meaning", () => {
  for (let bits = 0; bits <= 0xff; bits += 1) equal(pexFlagBits(pexFlags(bits)), bits & 0x1f);
});

test("decodePexMessage() never throws", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodePexMessage(bytes)));
});
