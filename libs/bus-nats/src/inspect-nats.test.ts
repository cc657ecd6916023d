import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { errorCode, systemClock } from "@seedfleet/runtime";
import { type NatsServer, realPartTest, startNatsServer } from "@seedfleet/testkit";
import { connectNatsBus, type NatsBusConfig } from "./connect-nats-bus.ts";
import { inspectNats, type NatsInspection } from "./inspect-nats.ts";

const STORES = [
  { kind: "key-value", name: "one" },
  { kind: "objects", name: "two" },
  { kind: "queue", name: "three" },
] as const;

const LISTENS = ["a.presence.*"];

/** Two users: one for whom there is no JetStream, one who may do next to nothing. */
const CONF = `
accounts {
  PLAIN { users: [{ user: plain, password: secret }] }
  FULL {
    jetstream: enabled
    users: [{
      user: little, password: secret
      permissions: { publish: { allow: ["$JS.API.INFO"] }, subscribe: { allow: ["_INBOX.>"] } }
    }]
  }
}
`;

realPartTest(
  ["nats-server"],
  "inspectNats() of a server without anything changes nothing",
  async (t) => {
    const nats = await given(t);
    const first = await inspect({ servers: [nats.url] });
    deepEqual(first.jetStream, { kind: "on", storageBytes: 0, storageBytesMax: null });
    deepEqual(
      first.stores.map(({ stream, state }) => [stream, state]),
      [
        ["KV_one", "absent"],
        ["OBJ_two", "absent"],
        ["QUEUE_three", "absent"],
      ],
    );
    deepEqual([first.serverCount, first.refused, first.encrypted], [1, [], false]);
    match(first.version, /^\d+\.\d+/);
    ok(first.roundTripMs >= 0);
    // It has not made what it asked for.
    deepEqual((await inspect({ servers: [nats.url] })).stores, first.stores);
  },
);

realPartTest(
  ["nats-server"],
  "inspectNats() of stores that are there tells of copies and time",
  async (t) => {
    const nats = await given(t);
    const config = { servers: [nats.url], name: "test" };
    const bus = await connectNatsBus(config, { clock: systemClock });
    await bus.keyValue("one");
    await bus.objectStore("two");
    await bus.workQueue("three");
    const { stores, clockAheadMs, jetStream } = await inspect({ servers: [nats.url] });
    for (const { state, replicas, hasLeader, copies } of stores) {
      deepEqual([state, replicas, hasLeader, copies], ["there", 1, true, []]);
    }
    equal(jetStream.kind, "on");
    // One machine has one clock; the rest is the round trip.
    ok(clockAheadMs !== null && Math.abs(clockAheadMs) < 1_000, String(clockAheadMs));
    const ahead = { ...systemClock, nowMs: () => systemClock.nowMs() - 60_000 };
    const behind = await inspectNats(ahead, config, { stores: STORES, listens: LISTENS });
    ok(Math.abs((behind.clockAheadMs ?? 0) - 60_000) < 1_000);
    await bus.close();
  },
);

realPartTest(
  ["nats-server"],
  "inspectNats() given an account without JetStream says so",
  async (t) => {
    const nats = await given(t, CONF);
    const { jetStream, stores } = await inspect({
      servers: [nats.url],
      credentials: { user: "plain", pass: "secret" },
    });
    deepEqual([jetStream.kind, stores], ["off", []]);
  },
);

realPartTest(
  ["nats-server"],
  "inspectNats() given a user who may do little tells what",
  async (t) => {
    const nats = await given(t, CONF);
    const { jetStream, stores, refused } = await inspect({
      servers: [nats.url],
      credentials: { user: "little", pass: "secret" },
    });
    equal(jetStream.kind, "on");
    deepEqual(
      stores.map(({ state }) => state),
      ["refused", "refused", "refused"],
    );
    deepEqual(refused.toSorted(), [
      "$JS.API.STREAM.INFO.KV_one",
      "$JS.API.STREAM.INFO.OBJ_two",
      "$JS.API.STREAM.INFO.QUEUE_three",
      "a.presence.*",
    ]);
  },
);

realPartTest(
  ["nats-server"],
  "inspectNats() given wrong credentials names none of them",
  async (t) => {
    const nats = await given(t, CONF);
    const { host } = new URL(nats.url);
    const config = { servers: [`nats://plain:wrong@${host}`] };
    await rejects(
      inspect({ ...config, credentials: { user: "plain", pass: "wrong" } }),
      (error) => {
        const text = error instanceof Error ? error.message : "";
        return errorCode(error) === "bus-unauthorized" && !text.includes("wrong");
      },
    );
  },
);

test("inspectNats() given nobody rejects", async () => {
  const isUnreachable = (error: unknown): boolean => errorCode(error) === "bus-unreachable";
  await rejects(inspect({ servers: ["nats://127.0.0.1:1"] }), isUnreachable);
});

function inspect(config: Omit<NatsBusConfig, "name">): Promise<NatsInspection> {
  const options = { stores: STORES, listens: LISTENS };
  return inspectNats(systemClock, { ...config, name: "test" }, options);
}

/** A server of its own, with this configuration. */
async function given(t: TestContext, conf: string | null = null): Promise<NatsServer> {
  const directory = await mkdtemp(join(tmpdir(), "seedfleet-nats-conf-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "nats.conf");
  if (conf !== null) await writeFile(file, conf);
  const nats = await startNatsServer(conf === null ? [] : ["-c", file]);
  t.after(() => nats.stop());
  return nats;
}
