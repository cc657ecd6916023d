import assert from "node:assert/strict";
import { test } from "node:test";
import { starting } from "../violation.ts";
import {
  announcePacket,
  connectPacket,
  errorText,
  GIVEN_IPV4,
  GIVEN_IPV6,
  type GivenAnnounce,
  givenAnswers,
  scrapePacket,
  TRANSACTION_ID,
  urlOption,
} from "./testing.ts";

const SWARM = "11".repeat(20);

test("a connect request is answered with an id, in as many bytes", () => {
  const { ask, answers } = givenAnswers();
  const reply = ask(connectPacket());
  assert.equal(reply?.length, 16);
  assert.equal(reply.toString("hex", 0, 8), `00000000${TRANSACTION_ID}`);
  assert.equal(answers.counts.connects, 1);
});

test("an announce is answered as BEP 15 lays it out", () => {
  const { ask, connect } = givenAnswers();
  ask(announcePacket(connect(), { left: 0n, port: 258 }));
  const other = Uint8Array.of(198, 51, 100, 7);
  const reply = ask(announcePacket(connect(other)), other);
  const head = `00000001${TRANSACTION_ID}`;
  // Interval, leechers, seeders, and one peer.
  const rest = ["00000708", "00000001", "00000001", "c0000201", "0102"].join("");
  assert.equal(reply?.toString("hex"), head + rest);
});

test("over IPv6 peers have 18 bytes, and each family is told of its own", () => {
  const { ask, connect } = givenAnswers();
  ask(announcePacket(connect()));
  ask(announcePacket(connect(GIVEN_IPV6)), GIVEN_IPV6);
  const other = Uint8Array.from(GIVEN_IPV6).fill(9, 15);
  const reply = ask(announcePacket(connect(other)), other);
  assert.equal(reply?.toString("hex", 20), `${Buffer.from(GIVEN_IPV6).toString("hex")}1ae1`);
});

test("an IPv4 address in the form of IPv6 is IPv4", () => {
  const { ask, connect, tracker } = givenAnswers();
  const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...GIVEN_IPV4);
  assert.notEqual(ask(announcePacket(connect(GIVEN_IPV4)), mapped), null);
  assert.equal(tracker.seen[0]?.endpoint, "c00002011ae1");
});

test("the fields of an announce reach the tracker", () => {
  const { ask, connect, tracker } = givenAnswers();
  const passkey = "a-Passkey_0";
  ask(
    announcePacket(connect(), {
      infoHash: "0102030405060708090a0b0c0d0e0f1011121314",
      peerId: "2d5346303130302d6162636465666768696a6b6c",
      downloaded: 2n ** 40n + 1n,
      left: 2n ** 33n,
      uploaded: 3n,
      event: 2,
      address: "cb007105",
      numWant: 0,
      port: 65_535,
      options: urlOption(`/${passkey}/announce?x=y`),
    }),
  );
  const [{ infoHash, peerId, ...seen } = assert.fail()] = tracker.seen;
  assert.equal(infoHash, "0102030405060708090a0b0c0d0e0f1011121314");
  assert.equal(peerId, "2d5346303130302d6162636465666768696a6b6c");
  assert.partialDeepStrictEqual(seen, {
    endpoint: "c0000201ffff",
    uploadedBytes: 3,
    downloadedBytes: 2 ** 40 + 1,
    leftBytes: 2 ** 33,
    event: "started",
    numWant: 0,
    passkey,
  });
});

test("what one announce said is not left for the next", () => {
  const { ask, connect, tracker } = givenAnswers();
  const options = urlOption("/key/announce");
  ask(announcePacket(connect(), { event: 1, numWant: 7, left: -1n, options }));
  ask(announcePacket(connect()));
  const next = { event: null, numWant: null, leftBytes: 1_000, passkey: null };
  assert.partialDeepStrictEqual(tracker.seen[1], next);
});

test("the address field is honoured of trusted sources only, and not over IPv6", () => {
  const endpointOf = (trusted: boolean, address: string, from: Uint8Array): unknown => {
    const { ask, connect, tracker } = givenAnswers({ trusted });
    ask(announcePacket(connect(from), { address }), from);
    return tracker.seen[0]?.endpoint;
  };
  assert.equal(endpointOf(true, "cb007105", GIVEN_IPV4), "cb0071051ae1");
  assert.equal(endpointOf(true, "00000000", GIVEN_IPV4), "c00002011ae1");
  assert.equal(endpointOf(false, "cb007105", GIVEN_IPV4), "c00002011ae1");
  const ipv6 = `${Buffer.from(GIVEN_IPV6).toString("hex")}1ae1`;
  assert.equal(endpointOf(true, "cb007105", GIVEN_IPV6), ipv6);
});

const NUMBERS: readonly (readonly [GivenAnnounce, Readonly<Record<string, unknown>>])[] = [
  [{ numWant: -1 }, { numWant: null }],
  [{ numWant: -2_147_483_648 }, { numWant: null }],
  [{ numWant: 2_147_483_647 }, { numWant: 200 }],
  [{ left: -1n }, { leftBytes: null }],
  [{ left: 2n ** 63n - 1n }, { leftBytes: null }],
  [{ event: 0 }, { event: null }],
  [{ event: 1 }, { event: "completed" }],
  [{ event: 3 }, { event: "stopped" }],
  // Of a partial seed, as libtorrent says it (BEP 21).
  [{ event: 4 }, { event: "paused" }],
];

for (const [announce, seen] of NUMBERS) {
  const [given] = Object.entries(announce);
  test(`an announce with ${given?.join(" ")} is taken for ${JSON.stringify(seen)}`, () => {
    const { ask, connect, tracker } = givenAnswers();
    ask(announcePacket(connect(), announce));
    assert.partialDeepStrictEqual(tracker.seen[0], seen);
  });
}

const REFUSED: readonly (readonly [GivenAnnounce, string])[] = [
  [{ port: 0 }, "port-invalid"],
  [{ event: 5 }, "event-invalid"],
  [{ event: 0xffff_ffff }, "event-invalid"],
  [{ left: -2n }, "number-invalid"],
  [{ uploaded: -1n }, "number-invalid"],
  [{ downloaded: 2n ** 60n }, "number-invalid"],
  [{ options: Buffer.from([2, 9, 0x2f]) }, "options-malformed"],
  [{ options: Buffer.from([2]) }, "options-malformed"],
  [{ options: Buffer.from([77, 200, 1, 2, 3]) }, "options-malformed"],
  [{ options: urlOption("/bad%20key/announce") }, "passkey-malformed"],
  [{ options: urlOption(`/${"k".repeat(129)}/announce`) }, "passkey-malformed"],
  [{ options: urlOption("//announce") }, "passkey-malformed"],
  [{ infoHash: "ff".repeat(20) }, "not-registered"],
];

for (const [announce, code] of REFUSED) {
  test(`an announce is refused with ${code}, given ${Object.keys(announce)}`, () => {
    const { ask, connect, answers } = givenAnswers();
    const text = errorText(ask(announcePacket(connect(), announce)));
    assert.match(text ?? "", /^[A-Z][ -~]+$/);
    assert.deepEqual([...answers.counts.refusals], [[code, 1]]);
    assert.equal(answers.counts.announces, 0);
  });
}

test("an announce cut short is refused, whatever the packet before it was", () => {
  const { ask, connect, answers } = givenAnswers();
  const packet = announcePacket(connect());
  for (let length = 16; length < 98; length += 1) {
    assert.equal(errorText(ask(packet.subarray(0, length))), "Announce is cut short");
  }
  assert.equal(answers.counts.refusals.get("announce-cut"), 82);
});

test("a reply has as many peers as one datagram carries", () => {
  const lengthOf = (from: Uint8Array): number => {
    const { ask, connect } = givenAnswers();
    for (let port = 1; port <= 240; port += 1) {
      ask(announcePacket(connect(from), { port, numWant: 0 }), from);
    }
    return ask(announcePacket(connect(from), { numWant: 1_000 }), from)?.length ?? 0;
  };
  assert.equal(lengthOf(GIVEN_IPV4), 20 + 200 * 6);
  assert.equal(lengthOf(GIVEN_IPV6), 20 + 67 * 18);
});

test("a scrape is answered in the order of its torrents, with zeros for the unknown", () => {
  const { ask, connect } = givenAnswers();
  ask(announcePacket(connect(), { left: 0n }));
  ask(announcePacket(connect(), { port: 1 }));
  const reply = ask(scrapePacket(connect(), ["ff".repeat(20), SWARM, "33".repeat(20)]));
  const [nothing, swarm] = ["00".repeat(12), "000000010000000000000001"];
  const head = `00000002${TRANSACTION_ID}`;
  assert.equal(reply?.toString("hex"), head + nothing + swarm + nothing);
});

test("a scrape may name 1 to 74 torrents; what is left over of another is ignored", () => {
  const { ask, connect } = givenAnswers();
  const scrape = (count: number): Buffer | null =>
    ask(scrapePacket(connect(), Array(count).fill(SWARM)));
  assert.equal(errorText(scrape(0)), "Scrape names no torrent");
  assert.equal(scrape(74)?.length, 8 + 74 * 12);
  assert.equal(errorText(scrape(75)), "Scrape names more than 74 torrents");
  assert.equal(ask(scrapePacket(connect(), [SWARM, "11"]))?.length, 8 + 12);
});

test("a tracker that does not know its torrents yet says so", () => {
  const { ask, connect, tracker, answers } = givenAnswers();
  tracker.violation = starting();
  const text = starting().sendableText;
  assert.equal(errorText(ask(announcePacket(connect()))), text);
  assert.equal(errorText(ask(scrapePacket(connect(), [SWARM]))), text);
  assert.equal(answers.counts.refusals.get("starting"), 2);
});

test("an unknown action is refused", () => {
  const { ask, connect } = givenAnswers();
  const packet = announcePacket(connect());
  packet.writeUInt32BE(3, 8);
  assert.equal(errorText(ask(packet)), "Unknown action");
});

test("an expired id is told so, a forged one nothing", () => {
  const { ask, connect, answers, tracker } = givenAnswers();
  const id = connect();
  const late = ask(announcePacket(id), GIVEN_IPV4, 150_000);
  assert.equal(errorText(late), "Connection id has expired, connect again");
  assert.equal(ask(announcePacket(id), Uint8Array.of(192, 0, 2, 2)), null);
  assert.equal(answers.counts.silences["connection-forged"], 1);
  assert.deepEqual(tracker.seen, []);
});

test("too many connects of an address do not use up what it may ask", () => {
  const { ask, connect, answers } = givenAnswers({ connectsMax: 2, requestsMax: 2 });
  const id = connect();
  connect();
  assert.equal(ask(connectPacket()), null);
  assert.equal(answers.counts.silences["connects-too-many"], 1);
  assert.notEqual(ask(announcePacket(id)), null);
  assert.notEqual(ask(announcePacket(id)), null);
  assert.equal(ask(announcePacket(id)), null);
  assert.equal(answers.counts.silences["requests-too-many"], 1);
  assert.notEqual(ask(announcePacket(id), GIVEN_IPV4, 10_000), null);
});
