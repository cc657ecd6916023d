import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { BusTransport } from "@seedfleet/bus";
import { errorCode, errorMessage, systemClock } from "@seedfleet/runtime";
import {
  describeBusTransport,
  Gathered,
  type NatsServer,
  realPartTest,
  startNatsServer,
} from "@seedfleet/testkit";
import { connectNatsBus, type NatsCredentials } from "./connect-nats-bus.ts";
import type { NatsError } from "./errors.ts";

let shared: Promise<NatsServer> | null = null;
after(async () => (await shared)?.stop());

const reconnect = { delayMsMin: 5, delayMsMax: 50 };

function connectTo(url: string, credentials: NatsCredentials | null = null): Promise<BusTransport> {
  return connectNatsBus(
    { servers: [url], name: "test", credentials, reconnect },
    { clock: systemClock },
  );
}

describeBusTransport(
  "nats",
  async () => {
    shared ??= startNatsServer();
    const nats = await shared;
    const [asker, server] = [await connectTo(nats.url), await connectTo(nats.url)];
    const statuses = new Gathered<string>();
    for (const bus of [asker, server]) bus.onStatus(() => statuses.add(bus.status));
    const bothAre = (status: string): Promise<unknown> =>
      statuses.until(() => asker.status === status && server.status === status);
    return {
      asker,
      server,
      outage: {
        begin: async () => {
          await nats.kill();
          await bothAre("disconnected");
        },
        end: async () => {
          await nats.restart();
          if (asker.status !== "closed") await bothAre("connected");
        },
      },
      stop: async () => {
        await asker.close();
        await server.close();
      },
    };
  },
  { realParts: ["nats-server"], outages: true },
);

realPartTest(
  ["nats-server"],
  "connectNatsBus() says that nobody is there, and what to do",
  async () => {
    const nats = await startNatsServer();
    await nats.stop();
    const url = nats.url.replace("nats://", "nats://user:secret@");
    await rejects(connectTo(url), (error) => {
      equal(errorCode(error), "bus-unreachable");
      ok(errorMessage(error).includes(nats.url));
      match(errorMessage(error), /start nats-server/);
      ok(!JSON.stringify(error).includes("secret"));
      return true;
    });
  },
);

realPartTest(["nats-server"], "connectNatsBus() says that its credentials are wrong", async (t) => {
  const nats = await startNatsServer(["--user", "fleet", "--pass", "right"]);
  t.after(() => nats.stop());
  await rejects(connectTo(nats.url, { user: "fleet", pass: "wrong" }), (error) => {
    equal(errorCode(error), "bus-unauthorized");
    ok(!`${errorMessage(error)} ${JSON.stringify(error)}`.includes("wrong"));
    return true;
  });
  const bus = await connectTo(nats.url, { user: "fleet", pass: "right" });
  await bus.close();
});

realPartTest(
  ["nats-server"],
  "what is published while disconnected is lost, not kept for later",
  async (t) => {
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    const bus = await connectTo(nats.url);
    t.after(() => bus.close());
    const statuses = new Gathered<string>();
    bus.onStatus(statuses.add);
    const heard = new Gathered<number>();
    bus.subscribe("a", {}, ({ payload }) => heard.add(payload.length));
    await nats.kill();
    await statuses.count(1);
    for (let count = 0; count < 100; count += 1) bus.publish("a", new Uint8Array(1));
    await rejects(bus.flush(), (error) => errorCode(error) === "bus-disconnected");
    await nats.restart();
    await statuses.count(2);
    deepEqual(statuses.items, ["disconnected", "connected"]);
    bus.publish("a", new Uint8Array(7));
    deepEqual(await heard.count(1), [7]);
  },
);

realPartTest(
  ["nats-server"],
  "a refused subject is told to onFault, and the rest goes on",
  async (t) => {
    const { path, remove } = await givenPermissions();
    t.after(remove);
    const nats = await startNatsServer(["-c", path]);
    t.after(() => nats.stop());
    const faults = new Gathered<NatsError>();
    const bus = await connectNatsBus(
      { servers: [nats.url], name: "test", credentials: { user: "fleet", pass: "right" } },
      { clock: systemClock, onFault: faults.add },
    );
    t.after(() => bus.close());
    bus.subscribe("forbidden", {}, () => {});
    const [fault] = await faults.count(1);
    deepEqual(fault?.detail, {
      code: "bus-permission-denied",
      subject: "forbidden",
      operation: "subscription",
    });
    const heard = new Gathered<string>();
    bus.subscribe("allowed.>", {}, ({ subject }) => heard.add(subject));
    bus.publish("allowed.a", new Uint8Array(0));
    deepEqual(await heard.count(1), ["allowed.a"]);
  },
);

async function givenPermissions(): Promise<{ path: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "seedfleet-nats-config-"));
  const path = join(directory, "nats.conf");
  await writeFile(
    path,
    `authorization { users = [ { user: fleet, password: right, permissions: {
       publish: ["allowed.>"], subscribe: ["allowed.>", "_INBOX.>"] } } ] }`,
  );
  return { path, remove: () => rm(directory, { recursive: true }) };
}

realPartTest(
  ["nats-server"],
  "replicas are asked for, which one server alone refuses",
  async (t) => {
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    const bus = await connectNatsBus(
      { servers: [nats.url], name: "test", replicas: 3 },
      { clock: systemClock },
    );
    t.after(() => bus.close());
    const opened: readonly Promise<unknown>[] = [
      bus.keyValue("few"),
      bus.objectStore("few"),
      bus.workQueue("few"),
    ];
    for (const one of await Promise.allSettled(opened)) {
      match(
        one.status === "rejected" ? String(one.reason.cause) : "",
        /replicas > 1 not supported/,
      );
    }
  },
);
