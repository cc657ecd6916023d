import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { NearPeers } from "./near-peers.ts";
import { loadTcpOptions, type TcpOptions } from "./tcp-options.ts";

const HOST = "127.0.0.1";

/** A kernel that tells what is given, and keeps what it is told. */
class GivenTcp implements TcpOptions {
  readonly told: string[] = [];
  readonly #control: string | null;
  readonly #roundTripMs: number | null;
  readonly #refused: string | null;

  constructor(control: string | null, roundTripMs: number | null, refused: string | null = null) {
    this.#control = control;
    this.#roundTripMs = roundTripMs;
    this.#refused = refused;
  }

  congestionControl(): string | null {
    return this.told.at(-1) ?? this.#control;
  }

  setCongestionControl(_descriptor: number, name: string): boolean {
    if (name === this.#refused) return false;
    this.told.push(name);
    return true;
  }

  roundTripMs(): number | null {
    return this.#roundTripMs;
  }
}

async function listening(): Promise<Server & AsyncDisposable> {
  const server = createServer({ pauseOnConnect: true }).listen(0, HOST);
  await once(server, "listening");
  return server;
}

/** A connection as the server has it. */
async function accepted(server: Server): Promise<Socket & AsyncDisposable> {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client = connect(port, HOST);
  const [socket]: Socket[] = await once(server, "connection");
  if (socket === undefined) throw new Error("nobody came");
  return Object.assign(socket, {
    async [Symbol.asyncDispose]() {
      client.destroy();
      socket.destroy();
    },
  });
}

for (const { given, roundTripMs, then } of [
  { given: "bbr", roundTripMs: 0.02, then: ["bbr", "reno"] },
  { given: "bbr", roundTripMs: 1, then: ["bbr", "reno"] },
  { given: "bbr", roundTripMs: 1.01, then: ["bbr", "reno", "bbr"] },
  { given: "bbr", roundTripMs: null, then: ["bbr", "reno", "bbr"] },
  { given: "bbr3", roundTripMs: 40, then: ["bbr3", "reno", "bbr3"] },
]) {
  test(`NearPeers given ${given} and ${roundTripMs} ms`, async () => {
    await using server = await listening();
    const tcp = new GivenTcp(given, roundTripMs);
    const near = NearPeers.of(server, tcp, 1);
    await using socket = await accepted(server);
    near?.came(socket);
    deepEqual(tcp.told, then);
  });
}

test("NearPeers are not for systems that pace nobody, nor where nobody may choose", async () => {
  await using server = await listening();
  for (const control of ["cubic", "reno", null]) {
    equal(NearPeers.of(server, new GivenTcp(control, 0.02), 1), null);
  }
  equal(NearPeers.of(server, new GivenTcp("bbr", 0.02), 0), null);
  const held = new GivenTcp("bbr", 0.02, "bbr");
  equal(NearPeers.of(server, held, 1), null);
  deepEqual(held.told, []);
});

test("NearPeers leave what a route chose", async () => {
  await using server = await listening();
  const tcp = new GivenTcp("bbr", 40);
  const near = NearPeers.of(server, tcp, 1);
  tcp.told.push("cubic");
  await using socket = await accepted(server);
  near?.came(socket);
  equal(tcp.told.at(-1), "cubic");
});

test("NearPeers of this kernel", async () => {
  const tcp = loadTcpOptions();
  // Another system than Linux has nobody near.
  if (tcp === null) return;
  const descriptor = (owner: object): number => Reflect.get(owner, "_handle").fd;
  await using server = await listening();
  // Where it is built in everybody may choose it.
  const isBbr = tcp.setCongestionControl(descriptor(server), "bbr");
  const control = tcp.congestionControl(descriptor(server));
  equal(control === "bbr", isBbr);
  const near = NearPeers.of(server, tcp, 1_000);
  equal(near !== null, isBbr);
  await using socket = await accepted(server);
  const roundTripMs = tcp.roundTripMs(descriptor(socket)) ?? Number.NaN;
  equal(roundTripMs > 0 && roundTripMs < 1_000, true, `${roundTripMs} ms`);
  near?.came(socket);
  equal(tcp.congestionControl(descriptor(socket)), isBbr ? "reno" : control);
  if (control !== null && isBbr) tcp.setCongestionControl(descriptor(server), control);
  NearPeers.of(server, tcp, Number.MIN_VALUE)?.came(socket);
  equal(tcp.congestionControl(descriptor(socket)), control);
  equal(tcp.setCongestionControl(descriptor(socket), "nothing like it"), false);
  equal(tcp.roundTripMs(-1), null);
});
