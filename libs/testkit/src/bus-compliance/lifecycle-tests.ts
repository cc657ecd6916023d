import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { errorCode } from "@seedfleet/runtime";
import { Gathered } from "../waiting.ts";
import { withCode } from "./call-tests.ts";
import { type BusTests, countStream, doubleCall, toldEvent } from "./fixture.ts";
import { bytes, changeText } from "./store-tests.ts";

/** Closing. */
export const lifecycleTests: BusTests = {
  "close() lets handlers finish and their answers go out": async ({ asking, serving, run }) => {
    const asked = new Gathered<number>();
    const { promise: held, resolve: answer } = Promise.withResolvers<number>();
    serving.serve(doubleCall, { params: { run } }, (number) => {
      asked.add(number);
      return held;
    });
    await serving.flush();
    // Where both ends are one connection, closing it would close the asker's end too early to see.
    const call = asking.call(doubleCall, { run }, 1);
    await asked.count(1);
    const closing = serving.close();
    answer(2);
    if (asking.status === "connected") equal(await call, 2);
    await closing;
    equal(serving.status, "closed");
  },

  "close() fails what waits for an answer, and everything after it": async (bus) => {
    const { asking, run } = bus;
    const statuses = new Gathered<string>();
    asking.onStatus(statuses.add);
    const store = await asking.keyValue(run);
    bus.server.subscribe(`seedfleet.test.*.${run}`, {}, () => {});
    await bus.server.flush();
    const call = rejects(asking.call(doubleCall, { run }, 1), withCode("bus-closed"));
    const chunks = Array.fromAsync(asking.stream(countStream, { run }, 1));
    const stream = rejects(chunks, withCode("bus-closed"));
    await asking.flush();
    await asking.close();
    await asking.close();
    await call;
    await stream;
    deepEqual(statuses.items, ["closed"]);
    const isClosed = (error: unknown): boolean => errorCode(error) === "bus-closed";
    throws(() => asking.publish(toldEvent, { run, topic: "a" }, "x"), isClosed);
    throws(() => asking.subscribe(toldEvent, {}, () => {}), isClosed);
    throws(() => bus.asker.publish("a", bytes("x")), isClosed);
    await rejects(asking.call(doubleCall, { run }, 1), withCode("bus-closed"));
    await rejects(asking.flush(), withCode("bus-closed"));
    await rejects(asking.keyValue(run), withCode("bus-closed"));
    await rejects(store.get("a"), withCode("bus-closed"));
  },

  "close() hands over what is at hand": async ({ asker, server, run }) => {
    const heard = new Gathered<string>();
    server.subscribe(`${run}.a`, {}, ({ subject }) => heard.add(subject));
    await server.flush();
    for (let number = 0; number < 100; number += 1) asker.publish(`${run}.a`, bytes("x"));
    await asker.flush();
    await server.close();
    equal(heard.items.length, 100);
  },
};

/** A bus that goes away as by kill -9 and comes back. */
export const outageTests: BusTests = {
  "after an outage subscriptions deliver, calls work and values are there": async (bus) => {
    const { asking, serving, outage, run } = bus;
    const heard = new Gathered<string>();
    serving.subscribe(toldEvent, { params: { run } }, heard.add);
    serving.serve(doubleCall, { params: { run } }, (number) => number * 2);
    serving.serveStream(countStream, { params: { run } }, function* () {
      yield* [1, 2, 3];
    });
    const store = await asking.keyValue(run);
    const objects = await asking.objectStore(run);
    await store.put("a", bytes("1"));
    await objects.put("a", bytes("object"));
    await serving.flush();

    await outage?.begin();
    await rejects(asking.call(doubleCall, { run }, 1), withCode("bus-disconnected"));
    const chunks = Array.fromAsync(asking.stream(countStream, { run }, 1));
    await rejects(chunks, withCode("bus-disconnected"));
    await rejects(store.get("a"), withCode("bus-disconnected"));
    asking.publish(toldEvent, { run, topic: "a" }, "lost");
    equal(bus.askingTelemetry.recorded.total("seedfleet_bus_dropped_messages"), 1);
    await outage?.end();

    await serving.flush();
    equal(await asking.call(doubleCall, { run }, 2), 4);
    deepEqual(await Array.fromAsync(asking.stream(countStream, { run }, 1)), [1, 2, 3]);
    asking.publish(toldEvent, { run, topic: "a" }, "kept");
    deepEqual(await heard.count(1), ["kept"]);
    deepEqual(Buffer.from((await store.get("a"))?.value ?? []), bytes("1"));
    deepEqual(Buffer.from((await objects.get("a")) ?? []), bytes("object"));
    equal(await store.update("a", bytes("x"), 0), null);
  },

  "after an outage a watch goes on, and tells nothing twice": async (bus) => {
    const { asking, serving, outage, run } = bus;
    const store = await asking.keyValue(run);
    await store.put("a", bytes("1"));
    await store.put("b", bytes("1"));
    const told = new Gathered<string>();
    await (await serving.keyValue(run)).watch((change) => told.add(changeText(change)));
    deepEqual(await told.count(3), ["a=1", "b=1", "initialised"]);
    await outage?.begin();
    await outage?.end();
    await store.put("b", bytes("2"));
    await store.delete("a");
    deepEqual((await told.count(5)).slice(3), ["b=2", "a deleted"]);
    await outage?.begin();
    await outage?.end();
    await store.put("c", bytes("3"));
    deepEqual((await told.count(6)).slice(5), ["c=3"]);
  },

  "a call under way when the bus goes away times out, and the bus can be closed": async (bus) => {
    const { asking, serving, outage, clock, run } = bus;
    const statuses = new Gathered<string>();
    asking.onStatus(statuses.add);
    const asked = new Gathered<number>();
    const { promise: held, resolve: answer } = Promise.withResolvers<number>();
    serving.serve(doubleCall, { params: { run } }, (number) => {
      asked.add(number);
      return held;
    });
    await serving.flush();
    const call = rejects(asking.call(doubleCall, { run }, 1), withCode("bus-timeout"));
    await asked.count(1);
    await outage?.begin();
    answer(2);
    clock.advance(doubleCall.timeoutMs);
    await call;
    await asking.close();
    deepEqual(statuses.items, ["disconnected", "closed"]);
    await outage?.end();
  },
};
