import { deepEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { after, describe, type TestContext } from "node:test";
import type { BusTransport } from "@seedfleet/bus";
import { errorCode, systemClock } from "@seedfleet/runtime";
import { Gathered, type NatsServer, realPartTest, startNatsServer } from "@seedfleet/testkit";
import { connectNatsBus } from "./connect-nats-bus.ts";

/** The users that deploy/nats gives the services, each here with its name as password. */
const USERS_CONF = join(import.meta.dirname, "../../../deploy/nats/users.conf");
const USERS = ["gateway", "tracker", "choking-scheduler", "piece-store", "console", "cli"];

const NOTHING = new Uint8Array(1);

describe("users of NATS", () => {
  for (const [user, subject] of [
    ["gateway", "seedfleet.v1.presence.tracker.gateway-1"],
    ["gateway", "seedfleet.v1.tracker.delta.tracker-1"],
    ["gateway", "seedfleet.v1.pieces.verified.00"],
    ["gateway", "$KV.seedfleet-catalog.00"],
    ["gateway", "$KV.seedfleet-budgets.fleet"],
    ["gateway", "$JS.API.STREAM.DELETE.KV_seedfleet-catalog"],
    ["gateway", "$JS.API.STREAM.UPDATE.KV_seedfleet-catalog"],
    ["gateway", "$JS.API.STREAM.PURGE.KV_seedfleet-catalog"],
    ["gateway", "_INBOX_tracker.abc"],
    ["tracker", "$O.seedfleet-metainfo.M.00"],
    ["choking-scheduler", "$JS.API.STREAM.MSG.GET.KV_seedfleet-catalog"],
    ["console", "seedfleet-queue.seedfleet-ingest.store-1"],
    ["piece-store", "seedfleet.v1.gateway.gateway-1.drain"],
  ] as const) {
    usersTest(`${user} may not publish to ${subject}`, async (connectAs) => {
      const { bus, refused } = await connectAs(user);
      bus.publish(subject, NOTHING);
      deepEqual(await refused.count(1), [`publish ${subject}`]);
    });
  }

  for (const [user, subject] of [
    ["gateway", "_INBOX_cli.>"],
    ["gateway", "seedfleet.v1.>"],
    ["gateway", "$KV.seedfleet-tracker-users.>"],
    ["console", "seedfleet.v1.choking.round.*"],
  ] as const) {
    usersTest(`${user} may not listen at ${subject}`, async (connectAs) => {
      const { bus, refused } = await connectAs(user);
      bus.subscribe(subject, {}, () => {});
      deepEqual(await refused.count(1), [`subscription ${subject}`]);
    });
  }

  usersTest("a gateway reads the catalog that a piece-store writes", async (connectAs) => {
    const [store, gateway] = [await connectAs("piece-store"), await connectAs("gateway")];
    // Whoever comes first makes the bucket.
    const read = await gateway.bus.keyValue("seedfleet-catalog");
    const written = await store.bus.keyValue("seedfleet-catalog");
    await written.put("00", NOTHING);
    equal((await read.get("00"))?.value.length, 1);
    await rejects(read.put("00", NOTHING), (error) => errorCode(error) === "bus-store-failed");
    equal((await read.get("00"))?.value.length, 1);
  });
});

type ConnectAs = (user: string) => Promise<{
  readonly bus: BusTransport;
  /** What the server refused it. */
  readonly refused: Gathered<string>;
}>;

let shared: Promise<NatsServer> | null = null;
after(async () => (await shared)?.stop());

function usersTest(title: string, run: (connectAs: ConnectAs) => Promise<void>): void {
  realPartTest(["nats-server"], title, async (t) => {
    shared ??= startNatsWithUsers();
    const { url } = await shared;
    await run((user) => connectAs(t, url, user));
  });
}

async function connectAs(t: TestContext, url: string, user: string): ReturnType<ConnectAs> {
  const refused = new Gathered<string>();
  const bus = await connectNatsBus(
    { servers: [url], name: user, credentials: { user, pass: user }, inbox: `_INBOX_${user}` },
    {
      clock: systemClock,
      onFault: ({ detail }) => {
        if (detail.code === "bus-permission-denied") {
          refused.add(`${detail.operation} ${detail.subject}`);
        }
      },
    },
  );
  t.after(() => bus.close());
  return { bus, refused };
}

function startNatsWithUsers(): Promise<NatsServer> {
  for (const user of USERS) {
    const name = user.toUpperCase().replaceAll("-", "_");
    process.env[`NATS_PASSWORD_${name}`] = user;
  }
  return startNatsServer(["-c", USERS_CONF]);
}
