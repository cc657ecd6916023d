import { equal, match, ok, rejects } from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Gathered, turn } from "@seedfleet/testkit";
import { type ExchangePorts, exchange } from "./http-exchange.ts";
import { DISCARDED_BYTES_MAX, REQUEST_MS_MAX, STALL_MS_MAX } from "./http-limits.ts";
import { OriginAgents } from "./origin-agents.ts";
import { WatchedClock } from "./testing.ts";

const never = new AbortController().signal;
const GET = { method: "GET", headers: {}, signal: never } as const;

/** A server whose answers a test writes by hand. */
class GivenServer implements AsyncDisposable {
  readonly clock: WatchedClock = new WatchedClock();
  readonly responses: Gathered<ServerResponse> = new Gathered();
  readonly #agents = new OriginAgents();
  readonly #server = createServer((_, response) => this.responses.add(response));
  connections = 0;

  async start(): Promise<URL> {
    this.#server.on("connection", () => {
      this.connections += 1;
    });
    await new Promise<void>((resolve) => void this.#server.listen(0, "127.0.0.1", () => resolve()));
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`);
  }

  get ports(): ExchangePorts {
    return { clock: this.clock, agents: this.#agents };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agents[Symbol.dispose]();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

test("exchange() ends what sends a byte now and then for too long", async () => {
  await using server = new GivenServer();
  const { clock } = server;
  const asked = exchange(server.ports, await server.start(), GET);
  const [response] = await server.responses.count(1);
  response?.writeHead(206, { "content-length": "1000" });
  let expected = 2;
  response?.write("x");
  const answer = await asked;
  const received = answer.receive(new Uint8Array(1_000));
  let bytes = 0;
  for (let passedMs = 0; passedMs < REQUEST_MS_MAX; passedMs += STALL_MS_MAX - 1) {
    bytes += 1;
    expected += 1;
    await clock.delays.until((delays) => stallTimers(delays) >= expected);
    clock.advance(STALL_MS_MAX - 1);
    response?.write("x");
  }
  const { bytes: got, fault } = await received;
  equal(got, bytes);
  match(fault?.message ?? "", /it took longer than 120 s/);
});

test("exchange() keeps a connection whose answer is not wanted, if that is short", async () => {
  await using server = new GivenServer();
  const url = await server.start();
  const ask = async (bytes: number): Promise<void> => {
    const count = server.responses.items.length + 1;
    const asked = exchange(server.ports, url, GET);
    const response = (await server.responses.count(count)).at(-1);
    ok(response !== undefined);
    response.write(Buffer.alloc(bytes - 1));
    const answer = await asked;
    answer.discard();
    response.end("x");
    while (Object.keys(server.ports.agents.agentFor(url).sockets).length > 0) await turn();
  };
  await ask(DISCARDED_BYTES_MAX);
  await ask(DISCARDED_BYTES_MAX);
  equal(server.connections, 1);
  await ask(DISCARDED_BYTES_MAX + 1);
  await ask(1);
  equal(server.connections, 2);
});

test("exchange() ends an answer that is not wanted and does not come", async () => {
  await using server = new GivenServer();
  const asked = exchange(server.ports, await server.start(), GET);
  const [response] = await server.responses.count(1);
  ok(response !== undefined);
  const closed = new Promise((resolve) => response.once("close", resolve));
  response.writeHead(404, { "content-length": "9" });
  response.write("x");
  (await asked).discard();
  server.clock.advance(STALL_MS_MAX);
  await closed;
});

for (const { given, writes, then } of [
  { given: "more bytes than there is room for", writes: ["abc", "de"], then: [0, "more bytes"] },
  { given: "all bytes and no end", writes: ["abc", "d"], then: [4, null] },
  { given: "some bytes and no end", writes: ["abc"], then: [3, "nothing came for 5 s"] },
] as const) {
  test(`exchange() given ${given} takes what it may`, async () => {
    await using server = new GivenServer();
    const { clock } = server;
    const asked = exchange(server.ports, await server.start(), GET);
    const [response] = await server.responses.count(1);
    const into = new Uint8Array(4);
    // One for the connection, one for the headers, and one for each chunk.
    const chunks = async (count: number): Promise<unknown> =>
      clock.delays.until((delays) => stallTimers(delays) === 2 + count);
    response?.write(writes[0]);
    const received = (await asked).receive(into);
    await chunks(1);
    if (writes[1] !== undefined) response?.write(writes[1]);
    if (then[0] === 4) await chunks(2);
    if (then[0] !== 0) clock.advance(STALL_MS_MAX);
    const { bytes, fault } = await received;
    equal(bytes, then[0]);
    if (then[1] === null) equal(fault, null);
    else match(fault?.message ?? "", new RegExp(then[1]));
  });
}

function stallTimers(delays: readonly number[]): number {
  return delays.filter((delayMs) => delayMs === STALL_MS_MAX).length;
}

test("exchange() sets no timer that outlives it, and leaves the signal alone", async () => {
  await using server = new GivenServer();
  const { clock } = server;
  const stopping = new AbortController();
  const asked = exchange(server.ports, await server.start(), { ...GET, signal: stopping.signal });
  const [response] = await server.responses.count(1);
  response?.end("x");
  const into = new Uint8Array(1);
  const { fault } = await (await asked).receive(into);
  equal(fault, null);
  clock.advance(REQUEST_MS_MAX);
  stopping.abort();
  equal(Buffer.from(into).toString(), "x");
  await rejects(
    exchange(server.ports, new URL("http://127.0.0.1/"), {
      ...GET,
      signal: stopping.signal,
    }),
    { name: "AbortError" },
  );
});
