import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { bindSocket, SOCK_DGRAM } from "../sockets/bind-socket.ts";
import { loadLibcSockets } from "../sockets/libc-sockets.ts";
import { DatagramWait } from "./datagram-wait.ts";
import { WAITED_FROM_CALLS_PER_MS, WAITS_PER_TURN_MAX } from "./udp-limits.ts";

const loaded = loadLibcSockets();
const skip = loaded === null ? "this machine has no node:ffi" : false;

type Given = AsyncDisposable & {
  readonly wait: DatagramWait;
  waits: number;
  send(): Promise<void>;
};

async function givenSocket(): Promise<Given> {
  assert(loaded !== null);
  const at = createSocket("udp4").bind(0, "127.0.0.1");
  await once(at, "listening");
  const { port } = at.address();
  await new Promise<void>((resolve) => at.close(() => resolve()));
  const descriptor = bindSocket(loaded, SOCK_DGRAM, {
    address: "127.0.0.1",
    port,
    reusePort: false,
  });
  assert(descriptor !== null);
  const poll: typeof loaded.poll = (...args) => {
    given.waits += 1;
    return loaded.poll(...args);
  };
  const client = createSocket("udp4");
  const given: Given = {
    wait: new DatagramWait({ ...loaded, poll }, descriptor),
    waits: 0,
    send: () =>
      new Promise((resolve, reject) => {
        client.send("x", port, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
      }),
    async [Symbol.asyncDispose]() {
      loaded.close(descriptor);
      await new Promise<void>((resolve) => client.close(() => resolve()));
    },
  };
  return given;
}

function busy(wait: DatagramWait, nowMs: number): void {
  for (let call = 0; call < WAITED_FROM_CALLS_PER_MS; call += 1) wait.taken(nowMs + call / 100);
}

test("DatagramWait does not wait where datagrams are few", { skip }, async () => {
  await using given = await givenSocket();
  for (let ms = 0; ms < 20; ms += 1) given.wait.taken(1_000 + ms);
  assert.equal(given.wait.forNext(), false);
  assert.equal(given.waits, 0);
});

test("DatagramWait finds the next datagram where they are many", { skip }, async () => {
  await using given = await givenSocket();
  await given.send();
  busy(given.wait, 1_000);
  assert.equal(given.wait.forNext(), true);
});

test("DatagramWait waits in vain once", { skip }, async () => {
  await using given = await givenSocket();
  busy(given.wait, 1_000);
  assert.equal(given.wait.forNext(), false);
  assert.equal(given.wait.forNext(), false);
  assert.equal(given.waits, 1);
});

test("DatagramWait lets the event loop have its turn", { skip }, async () => {
  await using given = await givenSocket();
  await given.send();
  busy(given.wait, 1_000);
  for (let each = 0; each < WAITS_PER_TURN_MAX; each += 1) assert.equal(given.wait.forNext(), true);
  assert.equal(given.wait.forNext(), false);
  await turn();
  assert.equal(given.wait.forNext(), true);
});
