import { deepEqual, equal } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { infoHashFromBytes, peerIdFromBytes } from "@seedfleet/bytes";
import {
  type ExplainedConnection,
  type ExplainRequest,
  explainCall,
  presenceEvent,
} from "@seedfleet/contracts";
import { loadConfig } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { type ConsoleConfig, consoleConfig } from "./config.ts";
import { bindConsole, startConsole } from "./console.ts";
import { peerAccess } from "./peer-route.ts";

const HASH = infoHashFromBytes(new Uint8Array(20).fill(0xab));
const TOKEN = "0123456789abcdef";
const DEFAULTS = loadConfig(consoleConfig, {});

const WAITING: ExplainedConnection = {
  ...{ infoHash: HASH, peerId: peerIdFromBytes(new Uint8Array(20)), host: "192.0.2.1" },
  ...{ listenPort: 6_881, connectedAtMs: 0, amChoking: true, unchokedAtMs: null },
  ...{ peerInterested: true, uploadOnly: false, haveBytes: null, contentBytes: 1, sentBytes: 0 },
  ...{ uploadBytesPerSecond: 0, slots: 4, slotsHeld: 4 },
  moments: [
    {
      ...{ atMs: 5, round: 1, decidedBy: "scheduler-1", decision: "choked", rank: 5, wanting: 6 },
      because: { rule: "outranked", slots: 4 },
    },
  ],
};

test("GET /peers/PEER tells why it is choked, in words and in figures", async (t) => {
  const given = await givenConsole(t);
  const asked = await given.gateway("gateway-1", [WAITING]);
  await given.gateway("gateway-2", []);
  const { status, body } = await given.get("/peers/192.0.2.1:6881");
  equal(status, 200);
  const why = "choked: 5th of 6 that want one of 4 slots";
  const moments = WAITING.moments.map((each) => ({ ...each, why }));
  deepEqual(body, {
    connections: [{ gateway: "gateway-1", nowMs: 10, ...WAITING, why, moments }],
    ...{ leftOut: 0, silent: [] },
  });
  await given.get(`/peers/-LT20B0-?torrent=${HASH.toUpperCase()}`);
  deepEqual(asked, [
    { peer: { kind: "address", host: "192.0.2.1", port: 6_881 }, infoHash: null },
    { peer: { kind: "peer-id", prefix: "2d4c54323042302d" }, infoHash: HASH },
  ]);
});

test("GET /peers/PEER given one that nobody knows is 404 once all gateways said so", async (t) => {
  const given = await givenConsole(t);
  equal((await given.get("/peers/192.0.2.1")).status, 503);
  await given.gateway("gateway-1", []);
  equal((await given.get("/peers/192.0.2.1")).status, 404);
  await given.announce("gateway-2");
  equal((await given.get("/peers/192.0.2.1")).status, 503);
});

for (const path of [
  "/peers/two%20words",
  "/peers/192.0.2.1?torrent=x",
  "/peers/a?torrent=b&torrent=c",
]) {
  test(`GET ${path} is the client's mistake`, async (t) => {
    equal((await (await givenConsole(t)).get(path)).status, 400);
  });
}

test("GET /peers/PEER of a console with a token takes that alone", async (t) => {
  const given = await givenConsole(t, { apiToken: TOKEN });
  await given.gateway("gateway-1", [WAITING]);
  for (const authorization of ["", "Bearer wrong", `Basic ${TOKEN}`]) {
    equal((await given.get("/peers/192.0.2.1", { authorization })).status, 401);
  }
  const { status } = await given.get("/peers/192.0.2.1", { authorization: `Bearer ${TOKEN}` });
  equal(status, 200);
});

test("GET /peers/PEER of a console that has a URL and no token is for nobody", async (t) => {
  const given = await givenConsole(t, { advertisedUrl: "https://seeds.example" });
  await given.gateway("gateway-1", [WAITING]);
  equal((await given.get("/peers/192.0.2.1")).status, 403);
});

const accesses = [
  { given: { host: "127.0.0.1" }, then: "everybody" },
  { given: { host: "::1" }, then: "everybody" },
  { given: { host: "0.0.0.0" }, then: "nobody" },
  { given: { host: "192.0.2.9" }, then: "nobody" },
  { given: { host: "127.0.0.1", advertisedUrl: "https://seeds.example" }, then: "nobody" },
  { given: { host: "127.0.0.1", apiToken: TOKEN }, then: "token" },
  { given: { host: "0.0.0.0", apiToken: TOKEN }, then: "token" },
] as const;

for (const { given, then } of accesses) {
  test(`peerAccess() given ${JSON.stringify(given)} is for ${then}`, () => {
    equal(peerAccess({ ...DEFAULTS, ...given }).kind, then);
  });
}

async function givenConsole(t: TestContext, config: Partial<ConsoleConfig> = {}) {
  const ports = { clock: new VirtualClock(), telemetry: silentTelemetry };
  const bus = createBus(openEmbeddedBus({ file: null }), ports);
  const settings = { ...DEFAULTS, port: 0, id: "console-1", ...config };
  const bound = await bindConsole(settings);
  const running = await startConsole({ ...ports, bus }, settings, bound);
  t.after(async () => {
    await running[Symbol.asyncDispose]();
    await bus.close();
  });
  const announce = async (id: string): Promise<void> => {
    bus.publish(
      presenceEvent,
      { role: "gateway", id },
      {
        ...{ role: "gateway", id, version: "0.1.0", startedAtMs: 0, draining: false, load: 0 },
        ...{ peerAddress: null, urls: [], gateway: null },
      },
    );
    await bus.flush();
  };
  return {
    announce,
    /** One that is there, and knows these connections. */
    async gateway(id: string, connections: readonly ExplainedConnection[]) {
      const asked: ExplainRequest[] = [];
      bus.serve(explainCall, { params: { gateway: id } }, (request) => {
        asked.push(request);
        return { nowMs: 10, connections, leftOut: 0 };
      });
      await announce(id);
      return asked;
    },
    async get(path: string, headers: Record<string, string> = {}) {
      const response = await fetch(`http://127.0.0.1:${bound.port}${path}`, { headers });
      equal(response.headers.get("cache-control"), "no-store");
      return { status: response.status, body: await response.json() };
    },
  };
}
