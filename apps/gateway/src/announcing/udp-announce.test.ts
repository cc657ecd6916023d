import { deepEqual, equal, ok } from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { givenFields } from "@seedfleet/announce/testing";
import { advanceUntil, Gathered } from "@seedfleet/testkit";
import {
  givenClients,
  givenTracker,
  givenUdpTracker,
  LOOPBACK_NAMES,
  soundUdpTracker,
  udpAnswer,
} from "./testing.ts";

const ONE = [{ host: "192.0.2.1", port: 6881 }];
const SILENT = { kind: "away", code: "timed-out", reason: "it does not answer" };

const CONNECT = 0;
const ANNOUNCE = 1;

test("an announce over UDP connects, sends the path, and brings peers", async () => {
  const packets = new Gathered<Buffer>();
  await using tracker = await givenUdpTracker((packet) => {
    packets.add(packet);
    return soundUdpTracker(packet);
  });
  await using given = givenClients();
  const url = `udp://127.0.0.1:${tracker.port}/key/announce`;
  const outcome = await given.announce(url);
  deepEqual(outcome.kind === "reply" && outcome.peers, ONE);
  ok(packets.items[1]?.toString("latin1").endsWith("\u0002\u000d/key/announce"));
  equal((await given.announce(url)).kind, "reply");
  deepEqual(packets.items.map(actionOf), [CONNECT, ANNOUNCE, ANNOUNCE]);
  given.clock.advance(60_000);
  equal((await given.announce(url)).kind, "reply");
  deepEqual(packets.items.map(actionOf).slice(3), [CONNECT, ANNOUNCE]);
  const labels = { scheme: "udp", outcome: "answered" };
  equal(given.telemetry.recorded.total("seedfleet_gateway_announces", labels), 3);
});

test("an announce over UDP over IPv6 brings peers of IPv6", async () => {
  await using tracker = await givenUdpTracker((packet) => {
    if (packet.length === 16) return soundUdpTracker(packet);
    const peer = "20010db80000000000000000000000011ae1";
    return udpAnswer(packet, 1, Buffer.from(`${"00000708".repeat(3)}${peer}`, "hex"));
  }, "::1");
  await using given = givenClients();
  const outcome = await given.announce(`udp://[::1]:${tracker.port}/announce`);
  deepEqual(outcome.kind === "reply" && outcome.peers, [
    { host: "2001:db8:0:0:0:0:0:1", port: 6881 },
  ]);
});

test("many announces over UDP to one tracker at once are each answered", async () => {
  await using tracker = await givenUdpTracker(soundUdpTracker);
  await using given = givenClients();
  const url = `udp://127.0.0.1:${tracker.port}`;
  const outcomes = await Promise.all(Array.from({ length: 300 }, () => given.announce(url)));
  ok(outcomes.every(({ kind }) => kind === "reply"));
});

test("an announce over UDP sends a lost packet again, and gives up after two", async () => {
  const packets = new Gathered<Buffer>();
  await using tracker = await givenUdpTracker((packet) => {
    packets.add(packet);
    return null;
  });
  await using given = givenClients();
  const announce = given.announce(`udp://127.0.0.1:${tracker.port}`);
  await packets.count(1);
  given.clock.advance(15_000);
  await packets.count(2);
  given.clock.advance(29_999);
  equal(packets.items.length, 2);
  deepEqual(packets.items[1], packets.items[0]);
  given.clock.advance(1);
  deepEqual(await announce, SILENT);
});

test("an announce over UDP takes an answer that came late", async () => {
  let packets = 0;
  await using tracker = await givenUdpTracker((packet) => {
    packets += 1;
    return packets === 1 ? null : soundUdpTracker(packet);
  });
  await using given = givenClients();
  const announce = given.announce(`udp://127.0.0.1:${tracker.port}`);
  equal((await advanceUntil(given.clock, 1_000, announce)).kind, "reply");
});

test("an announce over UDP hears nobody but the address that it asked", async () => {
  const stranger = createSocket("udp4");
  stranger.bind(0, "127.0.0.1");
  await once(stranger, "listening");
  const ports = new Gathered<Promise<void>>();
  const tracker = createSocket("udp4");
  tracker.on("message", (packet, { port, address }) => {
    const forged = soundUdpTracker(packet);
    ports.add(
      new Promise((resolve) => stranger.send(forged ?? "", port, address, () => resolve())),
    );
  });
  tracker.bind(0, "127.0.0.1");
  await once(tracker, "listening");
  await using given = givenClients();
  const announce = given.announce(`udp://127.0.0.1:${tracker.address().port}`);
  await Promise.all(await ports.count(1));
  deepEqual(await advanceUntil(given.clock, 1_000, announce), SILENT);
  stranger.close();
  tracker.close();
});

const answers = [
  {
    given: "another transaction id",
    answer: (packet: Buffer) => {
      const answer = udpAnswer(packet, 0, Buffer.alloc(8));
      answer.writeInt32BE(answer.readInt32BE(4) ^ 1, 4);
      return answer;
    },
    then: SILENT,
  },
  { given: "garbage", answer: () => Buffer.from("no"), then: SILENT },
  {
    given: "an action that it did not ask for",
    answer: (packet: Buffer) => udpAnswer(packet, 2, Buffer.alloc(12)),
    then: { kind: "violation", code: "udp-answer-invalid" },
  },
  {
    given: "a refusal",
    answer: (packet: Buffer) => udpAnswer(packet, 3, Buffer.from("not here\n")),
    then: { kind: "refusal", reason: "not here\u{fffd}", retryInMs: null },
  },
  {
    given: "half an answer to an announce",
    answer: (packet: Buffer) =>
      packet.length === 16 ? soundUdpTracker(packet) : udpAnswer(packet, 1, Buffer.alloc(4)),
    then: { kind: "violation", code: "udp-answer-invalid" },
  },
] as const;

for (const { given: title, answer, then } of answers) {
  test(`an announce over UDP given ${title}`, async () => {
    await using tracker = await givenUdpTracker(answer);
    await using given = givenClients();
    const announce = given.announce(`udp://127.0.0.1:${tracker.port}`);
    deepEqual(await advanceUntil(given.clock, 1_000, announce), then);
  });
}

test("an announce over UDP tries the other family where the first does not answer", async () => {
  await using silent = await givenUdpTracker(() => null, "::1");
  const tracker = createSocket("udp4");
  tracker.on("message", (packet, { port, address }) => {
    tracker.send(soundUdpTracker(packet) ?? "", port, address);
  });
  tracker.bind(silent.port, "127.0.0.1");
  await once(tracker, "listening");
  await using given = givenClients({
    resolve: (_host, done) => {
      done(null, [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]);
    },
  });
  const announce = given.announce(`udp://tracker.example:${silent.port}`);
  const outcome = await advanceUntil(given.clock, 1_000, announce);
  deepEqual(outcome.kind === "reply" && outcome.peers, ONE);
  tracker.close();
});

test("a gateway at a public address asks no UDP tracker at the loopback", async () => {
  await using given = givenClients({ ownHost: "203.0.113.7", resolve: LOOPBACK_NAMES });
  for (const host of ["127.0.0.1", "[::1]", "tracker.example"]) {
    const outcome = await given.announce(`udp://${host}:6969`);
    equal(outcome.kind === "away" && outcome.code, "address-not-allowed");
  }
});

test("a UDP tracker whose name does not resolve is away", async () => {
  await using given = givenClients({
    resolve: (_host, done) => done(Object.assign(new Error(), { code: "ENOTFOUND" }), []),
  });
  deepEqual(await given.announce("udp://tracker.example:6969"), {
    kind: "away",
    code: "unreachable",
    reason: "its name does not resolve",
  });
});

test("an announce over UDP ends when it is stopped", async () => {
  const packets = new Gathered<Buffer>();
  await using tracker = await givenUdpTracker((packet) => {
    packets.add(packet);
    return null;
  });
  await using given = givenClients();
  const stopping = new AbortController();
  const asked = { tracker: givenTracker(`udp://127.0.0.1:${tracker.port}`), fields: givenFields() };
  const announce = given.clients.announce(asked, stopping.signal);
  await packets.count(1);
  stopping.abort();
  const outcome = await announce;
  equal(outcome.kind === "away" && outcome.code, "stopped");
});

test("an announce over UDP ends when it is stopped while its name is looked up", async () => {
  const stopping = new AbortController();
  await using given = givenClients({ resolve: () => stopping.abort() });
  const asked = { tracker: givenTracker("udp://tracker.example:6969"), fields: givenFields() };
  const outcome = await given.clients.announce(asked, stopping.signal);
  equal(outcome.kind === "away" && outcome.code, "stopped");
});

function actionOf(packet: Buffer): number {
  return packet.readUInt32BE(8);
}
