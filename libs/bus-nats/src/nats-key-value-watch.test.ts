import { deepEqual } from "node:assert/strict";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { KeyValueChange } from "@seedfleet/bus";
import { systemClock } from "@seedfleet/runtime";
import { Gathered, realPartTest, startNatsServer } from "@seedfleet/testkit";
import { connectNatsBus } from "./connect-nats-bus.ts";

// As when the server that had the watcher dies, and the connection to another stays.
realPartTest(
  ["nats-server"],
  "a watch whose watcher the server has lost goes on within seconds",
  async () => {
    await using stack = new AsyncDisposableStack();
    const nats = await startNatsServer();
    stack.defer(() => nats.stop());
    const bus = await connectNatsBus(
      { servers: [nats.url], name: "test", credentials: null },
      { clock: systemClock },
    );
    stack.defer(() => bus.close());
    const bucket = await bus.keyValue("few");
    const told = new Gathered<KeyValueChange>();
    const watch = await bucket.watch(told.add);
    stack.defer(() => watch.stop());
    await bucket.put("a", Buffer.from("1"));
    await told.count(2);

    const client = await connect({ servers: nats.url });
    stack.defer(() => client.close());
    const { consumers } = await jetstreamManager(client);
    const lost: boolean[] = [];
    for await (const { name } of consumers.list("KV_few")) {
      lost.push(await consumers.delete("KV_few", name));
    }
    deepEqual(lost, [true]);
    await bucket.put("b", Buffer.from("2"));
    const changes = await told.count(3);
    deepEqual(
      changes.flatMap((change) => (change.kind === "initialised" ? [] : [change.key])),
      ["a", "b"],
    );
  },
);
