import { deepEqual } from "node:assert/strict";
import { DeliverPolicy, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { KeyValue, KeyValueChange } from "@seedfleet/bus";
import { systemClock } from "@seedfleet/runtime";
import { Gathered, realPartTest, startNatsServer } from "@seedfleet/testkit";
import { connectNatsBus } from "./connect-nats-bus.ts";

type GivenWatch = AsyncDisposable & {
  readonly bucket: KeyValue;
  readonly told: Gathered<KeyValueChange>;
  readonly client: NatsConnection;
  readonly consumers: JetStreamManager["consumers"];
};

/** A watch of a bucket called `few` that has told of its one key, "a". */
async function givenWatch(): Promise<GivenWatch> {
  await using stack = new AsyncDisposableStack();
  const nats = await startNatsServer();
  stack.defer(() => nats.stop());
  const bus = await connectNatsBus(
    { servers: [nats.url], name: "test", credentials: null },
    { clock: systemClock },
  );
  stack.defer(() => bus.close());
  const bucket = await bus.keyValue("few");
  await bucket.put("a", Buffer.from("1"));
  const told = new Gathered<KeyValueChange>();
  const watch = await bucket.watch(told.add);
  stack.defer(() => watch.stop());
  await told.count(2);
  const client = await connect({ servers: nats.url });
  stack.defer(() => client.close());
  const { consumers } = await jetstreamManager(client);
  const kept = stack.move();
  return { bucket, told, client, consumers, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function keysOf(changes: readonly KeyValueChange[]): string[] {
  return changes.flatMap((change) => (change.kind === "initialised" ? [] : [change.key]));
}

// As when the server that had the watcher dies, and the connection to another stays.
realPartTest(
  ["nats-server"],
  "a watch whose watcher the server has lost goes on within seconds",
  async () => {
    await using given = await givenWatch();
    const { bucket, consumers, told } = given;
    const lost: boolean[] = [];
    for await (const { name } of consumers.list("KV_few")) {
      lost.push(await consumers.delete("KV_few", name));
    }
    deepEqual(lost, [true]);
    await bucket.put("b", Buffer.from("2"));
    deepEqual(keysOf(await told.count(3)), ["a", "b"]);
  },
);

// To be asked about it would have the server count every key.
realPartTest(
  ["nats-server"],
  "a watch that has told every key goes on with a watcher of what changes",
  async () => {
    await using given = await givenWatch();
    const { bucket, client, consumers, told } = given;
    const begun = client.subscribe("$JS.EVENT.ADVISORY.CONSUMER.CREATED.KV_few.>", { max: 1 });
    for await (const _ of begun) break;
    const policies: (DeliverPolicy | undefined)[] = [];
    for await (const { config } of consumers.list("KV_few")) policies.push(config.deliver_policy);
    deepEqual(policies, [DeliverPolicy.StartSequence]);
    await bucket.put("b", Buffer.from("2"));
    await bucket.delete("a");
    deepEqual(keysOf(await told.count(4)), ["a", "b", "a"]);
  },
);
