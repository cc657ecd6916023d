import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type LookupFunction, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { peerIdFromBytes } from "@seedfleet/bytes";
import { watchPresence } from "@seedfleet/fleet";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { advanceUntil, turn, VirtualClock } from "@seedfleet/testkit";
import { GivenGateway, until } from "../testing.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { REACHABILITY_INTERVAL_MS, Reachability } from "./reachability.ts";

const ONE = givenTorrent("one");
const REACHED = "gateway reached by its advertised address";
const NOT_REACHED = "gateway not reached by its advertised address";

for (const encryption of ["allowed", "required", "off"] as const) {
  test(`a gateway with encryption ${encryption} reaches itself, and counts no peer`, async () => {
    await using given = await GivenGateway.start([ONE], { encryption });
    equal(given.gauge("reachable"), 0);
    equal(await given.gateway.checkReachability(), "reached");
    const { recorded } = given.telemetry;
    deepEqual([given.gauge("reachable"), given.logged(REACHED)], [1, 1]);
    equal(recorded.total("seedfleet_gateway_closed_connections"), 0);
    // The next one says nothing new, and the made-up torrent is not looked for.
    equal(await given.gateway.checkReachability(), "reached");
    deepEqual([given.logged(REACHED), given.logged("catalog unreachable")], [1, 0]);
  });
}

test("a gateway that is asked twice at once dials itself once", async () => {
  await using given = await GivenGateway.start([ONE]);
  const { gateway } = given;
  deepEqual(await Promise.all([gateway.checkReachability(), gateway.checkReachability()]), [
    ...["reached", "reached"],
  ]);
  equal(given.logged(REACHED), 1);
});

test("a gateway that cannot be reached says so once, stays ready, and sees a forward", async () => {
  const advertisedPort = await freePort();
  await using given = await GivenGateway.start([ONE], { advertisedPort });
  equal(await given.gateway.checkReachability(), "refused");
  equal(await given.gateway.checkReachability(), "refused");
  const [warning, ...more] = given.telemetry.recorded.logs.filter(({ level }) => level === "warn");
  deepEqual([warning?.message, more], [NOT_REACHED, []]);
  const { host, port, outcome, advice } = warning?.fields ?? {};
  deepEqual([host, port, outcome], ["127.0.0.1", advertisedPort, "refused"]);
  match(String(advice), /forward the port to this machine/);
  deepEqual(given.gateway.ready(), { ready: true, reasons: [] });
  equal(given.gauge("reachable"), 0);

  await using _forward = await listening((socket) => {
    const onward = connect(ownPort(given), "127.0.0.1").on("error", () => {});
    socket.on("close", () => onward.destroy()).pipe(onward);
    onward.on("close", () => socket.destroy()).pipe(socket);
  }, advertisedPort);
  equal(await given.gateway.checkReachability(), "reached");
  deepEqual([given.gauge("reachable"), given.logged(REACHED)], [1, 1]);
});

const others = [
  { does: "answers", serve: (socket: Socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n") },
  { does: "hangs up", serve: (socket: Socket) => void socket.destroy() },
  { does: "says nothing", serve: () => {} },
  { does: "talks without an end", serve: (socket: Socket) => void floodWith(socket) },
];

for (const encryption of ["allowed", "required"] as const) {
  for (const { does, serve } of others) {
    test(`a gateway, encryption ${encryption}, finds another program that ${does}`, async () => {
      await using other = await listening(serve);
      const config = { encryption, advertisedPort: other.port };
      await using given = await GivenGateway.start([ONE], config);
      const outcome = given.gateway.checkReachability();
      equal(await advanceUntil(given.clock, 100, outcome), "another-program");
    });
  }
}

test("a gateway that is full finds nothing out about itself", async () => {
  await using given = await GivenGateway.start([ONE], { peersMax: 1 });
  await given.join(ONE);
  const outcome = given.gateway.checkReachability();
  equal(await advanceUntil(given.clock, 100, outcome), null);
  deepEqual([given.logged(REACHED), given.logged(NOT_REACHED)], [0, 0]);
});

test("a gateway that listens at every address and advertises none asks for one", async () => {
  await using given = await GivenGateway.start([ONE], { host: "0.0.0.0" });
  equal(await given.gateway.checkReachability(), "unspecified");
  equal(given.logged(NOT_REACHED), 1);
});

test("a gateway's presence says whether it reached itself", async () => {
  await using given = await GivenGateway.start([ONE]);
  const presence = watchPresence(given, ["gateway"]);
  const reachable = (): unknown => presence.available("gateway")[0]?.gateway?.reachable;
  await given.bus.flush();
  equal(reachable(), null);
  await given.gateway.checkReachability();
  given.clock.advance(2_000);
  await given.bus.flush();
  equal(reachable(), true);
  presence.stop();
});

test("a gateway that drains gives up a look that is under way", async () => {
  await using other = await listening(() => {});
  await using given = await GivenGateway.start([ONE], { advertisedPort: other.port });
  const outcome = given.gateway.checkReachability();
  await until(() => other.sockets.size === 1);
  await advanceUntil(given.clock, 10, given.gateway.drain());
  equal(await outcome, null);
  equal(await given.gateway.checkReachability(), null);
  equal(given.logged(NOT_REACHED), 0);
});

test("Reachability looks after the start and every ten minutes, until it is stopped", async () => {
  const given = givenReachability("gateway.example", notFound);
  equal(given.lookups(), 0);
  given.clock.advance(1_000);
  await until(() => given.logs.length === 1);
  equal(given.logs[0]?.fields["outcome"], "unresolvable");
  for (const count of [2, 3]) {
    given.clock.advance(REACHABILITY_INTERVAL_MS);
    await until(() => given.lookups() === count);
    await turn();
  }
  // What has not changed is not said again.
  equal(given.logs.length, 1);
  given.reachability.stop();
  given.clock.advance(2 * REACHABILITY_INTERVAL_MS);
  await turn();
  equal(given.lookups(), 3);
});

for (const host of ["127.0.0.1", "127.3.2.1", "::1"]) {
  test(`Reachability given ${host} looks only when it is asked`, async () => {
    const given = givenReachability(host, notFound);
    given.clock.advance(3 * REACHABILITY_INTERVAL_MS);
    await turn();
    deepEqual([given.logs, given.reachability.isReachable], [[], null]);
    equal(await given.reachability.check(), "refused");
    equal(given.reachability.isReachable, false);
  });
}

test("Reachability given an address from which nothing comes back gives up", async () => {
  const given = givenReachability("gateway.example", () => {});
  equal(await advanceUntil(given.clock, 100, given.reachability.check()), "timed-out");
  ok(given.clock.nowMs() <= 11_000);
});

type GivenReachability = {
  readonly reachability: Reachability;
  readonly clock: VirtualClock;
  readonly logs: RecordingTelemetry["recorded"]["logs"];
  readonly lookups: () => number;
};

/** One whose address leads nowhere: port 1 of a host that may have no address. */
function givenReachability(host: string, lookup: LookupFunction): GivenReachability {
  const clock = new VirtualClock();
  const { log, meter, recorded } = recordingTelemetry();
  let lookups = 0;
  const counted: LookupFunction = (...asked) => {
    lookups += 1;
    lookup(...asked);
  };
  const reachability = new Reachability(
    { clock, log, meter, isFull: () => false, lookup: counted },
    { address: { host, port: 1 }, ownPeerId: OWN_PEER_ID, encryption: "allowed" },
  );
  return { reachability, clock, logs: recorded.logs, lookups: () => lookups };
}

const OWN_PEER_ID = peerIdFromBytes(Buffer.from("-SF0100-000000000000"));

const notFound: LookupFunction = (_host, _options, tell) => {
  const error = Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
  process.nextTick(() => tell(error, "", 4));
};

type Listening = AsyncDisposable & {
  readonly server: Server;
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
};

async function listening(serve: (socket: Socket) => void, port = 0): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    serve(socket);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    ...{ server, sockets },
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  await using server = await listening(() => {});
  return server.port;
}

/** The port it listens on, which is not the one it advertises. */
function ownPort({ telemetry }: GivenGateway): number {
  const line = telemetry.recorded.logs.find(({ message }) => message === "gateway listening");
  return Number(line?.fields["port"]);
}

function floodWith(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 1)));
  };
  socket.on("drain", more);
  more();
}
