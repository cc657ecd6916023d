import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type Presence, presenceEvent } from "@seedfleet/contracts";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { givenPresence, withStatus } from "../testing.ts";
import type { LiveGateway } from "./gateway-board.ts";
import { tellGateways } from "./tell-gateways.ts";

const SECOND = givenPresence("gateway-2", { peerAddress: { host: "192.0.2.1", port: 6882 } });

test("tellGateways() gives a first gateway at once", async () => {
  await using fleet = givenFleet();
  deepEqual(fleet.ids(), []);
  await fleet.say(givenPresence("gateway-1"));
  deepEqual(fleet.ids(), ["gateway-1"]);
});

test("tellGateways() leaves out who drains, and who fell silent", async () => {
  await using fleet = givenFleet();
  await fleet.say(givenPresence("gateway-1"));
  await fleet.say(SECOND);
  await fleet.say({ ...SECOND, draining: true });
  fleet.clock.advance(500);
  deepEqual(fleet.ids(), ["gateway-1"]);
  fleet.clock.advance(6_000);
  deepEqual(fleet.ids(), []);
});

test("tellGateways() given a host name leaves the gateway out and says so once", async () => {
  await using fleet = givenFleet();
  const peerAddress = { host: "gateway.example", port: 6881 };
  await fleet.say(givenPresence("gateway-1", { peerAddress }));
  deepEqual(fleet.ids(), []);
  fleet.clock.advance(2_000);
  deepEqual(
    fleet.telemetry.recorded.logs.map(({ level, fields }) => [level, fields]),
    [["warn", { gateway: "gateway-1", host: "gateway.example" }]],
  );
});

test("tellGateways() given a bus away keeps those it knew until they can speak", async () => {
  await using fleet = givenFleet();
  await fleet.say(givenPresence("gateway-1"));
  await fleet.say(SECOND);
  fleet.clock.advance(500);
  fleet.tell("disconnected");
  fleet.clock.advance(60_000);
  equal(fleet.ids().length, 2);
  fleet.tell("connected");
  await fleet.say({ ...SECOND, load: 0.5 });
  fleet.clock.advance(2_000);
  deepEqual(fleet.ids(), ["gateway-1", "gateway-2"]);
  await fleet.say({ ...SECOND, load: 0.5 });
  fleet.clock.advance(5_000);
  deepEqual(fleet.ids(), ["gateway-2"]);
});

test("tellGateways() given a bus back leaves out at once who says that it drains", async () => {
  await using fleet = givenFleet();
  await fleet.say(givenPresence("gateway-1"));
  await fleet.say(SECOND);
  fleet.clock.advance(500);
  fleet.tell("disconnected");
  fleet.tell("connected");
  await fleet.say({ ...SECOND, draining: true });
  fleet.clock.advance(500);
  deepEqual(fleet.ids(), ["gateway-1"]);
});

type Fleet = AsyncDisposable & {
  readonly clock: VirtualClock;
  readonly telemetry: RecordingTelemetry;
  readonly tell: (status: Bus["status"]) => void;
  ids(): string[];
  say(presence: Presence): Promise<void>;
};

function givenFleet(): Fleet {
  const clock = new VirtualClock();
  const telemetry = recordingTelemetry();
  const real = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
  const { bus, tell } = withStatus(real);
  let told: readonly LiveGateway[] = [];
  const watch = tellGateways({ bus, clock, log: telemetry.log }, (gateways) => {
    told = gateways;
  });
  return {
    clock,
    telemetry,
    tell,
    ids: () => told.map(({ id }) => id),
    async say(presence) {
      bus.publish(presenceEvent, { role: presence.role, id: presence.id }, presence);
      await bus.flush();
    },
    async [Symbol.asyncDispose]() {
      watch.stop();
      await real.close();
    },
  };
}
