import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { on, once } from "node:events";
import { test } from "node:test";
import { systemClock } from "@seedfleet/runtime";
import { GivenElsewhere } from "../announces/testing-elsewhere.ts";
import {
  announcePacket,
  connectPacket,
  type GivenAnswers,
  GivenTracker,
  givenAnswers,
  givenReplyBuffer,
  scrapePacket,
} from "./testing.ts";
import { listenUdp, type UdpListener } from "./udp-listener.ts";

const SWARM = "11".repeat(20);

function listen(
  given: GivenAnswers,
  differing: { readonly host?: string; readonly port?: number; readonly batches?: boolean },
): Promise<UdpListener> {
  const { host = "127.0.0.1", port = 0, batches = false } = differing;
  const options = { answers: given.answers, clock: systemClock, reusePort: false, batches };
  return listenUdp({ host, port }, options);
}

class Client implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #to: { readonly port: number; readonly address: string };

  constructor(port: number, address: string) {
    this.#socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    this.#to = { port, address };
  }

  send(packet: Uint8Array): void {
    this.#socket.send(packet, this.#to.port, this.#to.address);
  }

  async ask(packet: Uint8Array): Promise<Buffer> {
    const replied = once(this.#socket, "message");
    this.send(packet);
    const [reply] = await replied;
    return reply;
  }

  async connect(): Promise<Buffer> {
    return (await this.ask(connectPacket())).subarray(8);
  }

  /** As many replies as are asked for. */
  async replies(count: number): Promise<Buffer[]> {
    const replies: Buffer[] = [];
    for await (const [reply] of on(this.#socket, "message")) {
      if (replies.push(reply) === count) break;
    }
    return replies;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

for (const batches of [false, true]) {
  const way = batches ? "in batches" : "one by one";

  for (const host of ["127.0.0.1", "::1"]) {
    test(`at ${host}, ${way}, clients connect, announce and scrape`, async () => {
      const given = givenAnswers();
      await using listener = await listen(given, { host, batches });
      await using first = new Client(listener.port, host);
      await using second = new Client(listener.port, host);
      await first.ask(announcePacket(await first.connect(), { left: 0n, port: 1 }));
      const reply = await second.ask(announcePacket(await second.connect(), { port: 2 }));
      const address = host === "::1" ? `${"00".repeat(15)}01` : "7f000001";
      assert.equal(reply.toString("hex", 20), `${address}0001`);
      const counts = await second.ask(scrapePacket(await second.connect(), [SWARM]));
      assert.equal(counts.toString("hex", 8), "000000010000000000000001");
    });
  }

  test(`on every address, ${way}, IPv4 clients are told of IPv4 peers`, async () => {
    const given = givenAnswers();
    await using listener = await listen(given, { host: "::", batches });
    await using client = new Client(listener.port, "127.0.0.1");
    const id = await client.connect();
    await client.ask(announcePacket(id, { port: 1 }));
    const reply = await client.ask(announcePacket(id, { port: 2 }));
    assert.equal(reply.toString("hex", 20), "7f0000010001");
  });

  test(`a burst is answered ${way}, each packet by its own answer`, async () => {
    const given = givenAnswers();
    await using listener = await listen(given, { batches });
    await using client = new Client(listener.port, "127.0.0.1");
    const id = await client.connect();
    const replied = client.replies(200);
    for (let number = 0; number < 300; number += 1) {
      // Every third is dropped, so answers and packets are not in step.
      const packet = announcePacket(number % 3 === 0 ? Buffer.alloc(8) : id, { numWant: 0 });
      packet.writeUInt32BE(number, 12);
      client.send(packet);
    }
    const numbers = (await replied).map((reply) => reply.readUInt32BE(4));
    const expected = Array.from({ length: 300 }, (_, number) => number).filter((n) => n % 3 > 0);
    assert.deepEqual(numbers, expected);
    assert.equal(given.answers.counts.silences["connection-forged"], 100);
  });

  for (const host of ["127.0.0.1", "::1"]) {
    test(`what another thread has is answered ${way} when it has said, at ${host}`, async () => {
      const tracker = new GivenTracker();
      const ports = {
        reply: givenReplyBuffer(),
        counts: { seeders: 0, leechers: 0, downloaded: 0 },
      };
      const has = (infoHash: Uint8Array): boolean => infoHash[0] === 0x11;
      const elsewhere = new GivenElsewhere({ announces: tracker, ...ports, has });
      const given = givenAnswers({ elsewhere });
      await using listener = await listen(given, { host, batches });
      await using first = new Client(listener.port, host);
      await using second = new Client(listener.port, host);
      const id = await first.connect();
      await first.ask(announcePacket(id, { left: 0n, port: 1 }));
      elsewhere.holds = true;
      // A burst of some that are answered at once, and some that are not.
      const replied = first.replies(41);
      for (let number = 0; number < 40; number += 1) {
        const infoHash = (number % 2 === 0 ? "11" : "33").repeat(20);
        const packet = announcePacket(id, { infoHash, port: 2, numWant: 1 });
        packet.writeUInt32BE(number, 12);
        first.send(packet);
      }
      const scraped = scrapePacket(id, ["33".repeat(20), SWARM, "ff".repeat(20), SWARM]);
      first.send(scraped);
      const other = second.ask(announcePacket(await second.connect(), { port: 3 }));
      while (elsewhere.asked.length < 23) await new Promise((resolve) => setImmediate(resolve));
      elsewhere.release();
      const replies = await replied;
      const numbers = replies.slice(0, 40).map((reply) => reply.readUInt32BE(4));
      const [own, theirs] = [1, 0].map((rest) =>
        Array.from({ length: 20 }, (_, number) => 2 * number + rest),
      );
      assert.deepEqual(numbers, [...(own ?? []), ...(theirs ?? [])]);
      const address = host === "::1" ? `${"00".repeat(15)}01` : "7f000001";
      // To the reply of an announce the seed is told, which another thread knew.
      assert.equal(replies[39]?.toString("hex", 20), `${address}0001`);
      const one = `${"0".repeat(7)}1`;
      const [none, both] = ["0".repeat(24), one + "0".repeat(8) + one];
      const alone = "0".repeat(16) + one;
      assert.equal(replies[40]?.toString("hex", 8), alone + both + none + both);
      assert.equal((await other).toString("hex", 20).length, 2 * address.length + 8);
      assert.equal(given.answers.counts.announces, 42);
      assert.equal(given.answers.counts.scrapes, 1);
    });
  }

  test(`what another thread says when all is closed goes nowhere, ${way}`, async () => {
    const elsewhere = new GivenElsewhere({
      announces: new GivenTracker(),
      ...{ reply: givenReplyBuffer(), counts: { seeders: 0, leechers: 0, downloaded: 0 } },
    });
    elsewhere.holds = true;
    const listener = await listen(givenAnswers({ elsewhere }), { batches });
    await using client = new Client(listener.port, "127.0.0.1");
    client.send(announcePacket(await client.connect()));
    while (elsewhere.asked.length < 1) await new Promise((resolve) => setImmediate(resolve));
    await listener[Symbol.asyncDispose]();
    assert.doesNotThrow(() => elsewhere.release());
  });

  test(`a thread that is too busy is not waited for, ${way}`, async () => {
    const elsewhere = new GivenElsewhere({
      announces: new GivenTracker(),
      ...{ reply: givenReplyBuffer(), counts: { seeders: 0, leechers: 0, downloaded: 0 } },
      has: (infoHash) => infoHash[0] === 0x11,
    });
    elsewhere.isBusy = true;
    const given = givenAnswers({ elsewhere });
    await using listener = await listen(given, { batches });
    await using client = new Client(listener.port, "127.0.0.1");
    const id = await client.connect();
    for (const packet of [announcePacket(id), scrapePacket(id, [SWARM])]) client.send(packet);
    await client.ask(announcePacket(id, { infoHash: "33".repeat(20) }));
    assert.equal(given.answers.counts.silences["thread-busy"], 2);
  });

  test(`a packet too long to be read is dropped ${way}, and the next is answered`, async () => {
    const given = givenAnswers();
    await using listener = await listen(given, { batches });
    await using client = new Client(listener.port, "127.0.0.1");
    const id = await client.connect();
    const long = Buffer.concat([announcePacket(id), Buffer.alloc(20_000)]);
    for (const packet of [long, long, long]) client.send(packet);
    await client.ask(announcePacket(id));
    assert.equal(given.answers.counts.silences["too-long"], 3);
  });

  test(`a port in use is told, ${way}`, async () => {
    await using listener = await listen(givenAnswers(), { batches });
    const { port } = listener;
    await assert.rejects(listen(givenAnswers(), { port, batches }), {
      message: new RegExp(`^Cannot listen on 127.0.0.1:${port} for announces over UDP: the port`),
    });
  });

  test(`several listeners share a port, ${way}, when told to`, async () => {
    const given = givenAnswers();
    const options = { answers: given.answers, clock: systemClock, reusePort: true, batches };
    await using first = await listenUdp({ host: "127.0.0.1", port: 0 }, options);
    const place = { host: "127.0.0.1", port: first.port };
    await using second = await listenUdp(place, options);
    assert.equal(second.port, first.port);
    await using client = new Client(first.port, "127.0.0.1");
    assert.equal((await client.connect()).length, 8);
  });
}

test("a host that is none is told", async () => {
  await assert.rejects(listen(givenAnswers(), { host: "nowhere.invalid" }), {
    message: /^Cannot listen on nowhere.invalid:0 for announces over UDP: this machine has no/,
  });
});

test("this machine takes datagrams in batches where it can", async () => {
  const can = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
  await using listener = await listen(givenAnswers(), { batches: true });
  assert.equal(listener.batched, can);
});
