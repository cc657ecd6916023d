import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { BusMessage } from "@seedfleet/bus";
import { errorCode } from "@seedfleet/runtime";
import { Gathered } from "../waiting.ts";
import { type BusTests, TRACE_ID, toldEvent } from "./fixture.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** Subjects that carry bytes, and events upon them. */
export const subjectTests: BusTests = {
  "subscribe() hears what is published, in order, but not on the publisher's stack": async ({
    asker,
    server,
    run,
  }) => {
    const heard = new Gathered<string>();
    server.subscribe(`${run}.a`, {}, ({ payload }) => heard.add(Buffer.from(payload).toString()));
    await server.flush();
    for (let number = 0; number < 1_000; number += 1) {
      asker.publish(`${run}.a`, Buffer.from(String(number)));
    }
    equal(heard.items.length, 0);
    const items = await heard.count(1_000);
    deepEqual(
      items,
      Array.from({ length: 1_000 }, (_, number) => String(number)),
    );
  },

  "subscribe() takes wildcards": async ({ asker, server, run }) => {
    const heard = new Gathered<string>();
    for (const pattern of ["*", "b.*", "*.c", ">"]) {
      server.subscribe(`${run}.${pattern}`, {}, ({ subject }) =>
        heard.add(`${subject.slice(run.length + 1)} by ${pattern}`),
      );
    }
    await server.flush();
    for (const subject of ["a", "b.c", "b.c.d"]) asker.publish(`${run}.${subject}`, NOTHING);
    const items = await heard.count(6);
    deepEqual(items.toSorted(), [
      "a by *",
      "a by >",
      "b.c by *.c",
      "b.c by >",
      "b.c by b.*",
      "b.c.d by >",
    ]);
  },

  "subscribe() given a queue: exactly one member gets each message": async (bus) => {
    const { asker, server, run } = bus;
    const heard = new Gathered<string>();
    const byAll = new Gathered<string>();
    for (let member = 0; member < 3; member += 1) {
      server.subscribe(`${run}.work`, { queue: "workers" }, ({ payload }) =>
        heard.add(Buffer.from(payload).toString()),
      );
    }
    server.subscribe(`${run}.work`, {}, () => byAll.add("message"));
    await server.flush();
    for (let job = 0; job < 300; job += 1) asker.publish(`${run}.work`, Buffer.from(String(job)));
    asker.publish(`${run}.work`, Buffer.from("last"));
    await byAll.count(301);
    await asker.flush();
    await server.flush();
    equal(heard.items.length, 301);
    equal(new Set(heard.items).size, 301);
  },

  "unsubscribe() ends the handing over": async ({ asker, server, run }) => {
    const heard = new Gathered<string>();
    const first = server.subscribe(`${run}.a`, {}, () => {
      heard.add("first");
      first.unsubscribe();
      first.unsubscribe();
    });
    server.subscribe(`${run}.a`, {}, () => heard.add("second"));
    await server.flush();
    asker.publish(`${run}.a`, NOTHING);
    asker.publish(`${run}.a`, NOTHING);
    const items = await heard.until((all) => all.filter((name) => name === "second").length === 2);
    equal(items.filter((name) => name === "first").length, 1);
  },

  "publish() carries headers and the reply subject": async ({ asker, server, run }) => {
    const heard = new Gathered<BusMessage>();
    server.subscribe(`${run}.a`, {}, heard.add);
    await server.flush();
    asker.publish(`${run}.a`, NOTHING, { headers: { "a-name": "a value: 1" }, replyTo: "b.c" });
    asker.publish(`${run}.a`, Buffer.from("x"));
    const [first, second] = await heard.count(2);
    deepEqual(first?.headers, { "a-name": "a value: 1" });
    deepEqual([first?.replyTo, first?.payload.length, first?.noResponders], ["b.c", 0, false]);
    deepEqual([second?.headers, second?.replyTo], [{}, null]);
  },

  "publish() with a reply subject is answered at once where nobody listens": async (bus) => {
    const { asker, run } = bus;
    const heard = new Gathered<BusMessage>();
    asker.subscribe(`${asker.inbox}.${run}`, {}, heard.add);
    asker.publish(`${run}.nobody`, NOTHING, { replyTo: `${asker.inbox}.${run}` });
    const [answer] = await heard.count(1);
    ok(answer?.noResponders);
  },

  "publish() takes payloads up to the limit, and refuses larger ones": async (bus) => {
    const { asker, server, run } = bus;
    const heard = new Gathered<number>();
    server.subscribe(`${run}.a`, {}, ({ payload }) => heard.add(payload.length));
    await server.flush();
    const largest = new Uint8Array(asker.payloadBytesMax);
    const headers = { traceparent: "x".repeat(55), "seedfleet-chunk": "1" };
    asker.publish(`${run}.a`, largest, { headers, replyTo: `${asker.inbox}.x` });
    deepEqual(await heard.count(1), [largest.length]);
    const tooLarge = new Uint8Array(asker.payloadBytesMax + 1);
    throws(
      () => asker.publish(`${run}.a`, tooLarge),
      (error) => errorCode(error) === "bus-payload-too-large",
    );
  },

  "an event reaches every subscriber of its parameters, in its publisher's trace": async (bus) => {
    const { asking, serving, run, askingTelemetry, servingTelemetry } = bus;
    const heard = new Gathered<unknown>();
    const note = (name: string) => (payload: string, params: object) =>
      heard.add({ name, payload, ...params, trace: servingTelemetry.recorded.currentTraceId() });
    serving.subscribe(toldEvent, { params: { run } }, note("any topic"));
    serving.subscribe(toldEvent, { params: { run, topic: "b" } }, note("topic b"));
    await serving.flush();
    askingTelemetry.tracer.span("ask", { traceId: TRACE_ID }, () =>
      asking.publish(toldEvent, { run, topic: "a" }, "x"),
    );
    asking.publish(toldEvent, { run, topic: "b" }, "y");
    const items = await heard.count(3);
    deepEqual(items.toSorted(byText), [
      { name: "any topic", payload: "x", run, topic: "a", trace: TRACE_ID },
      { name: "any topic", payload: "y", run, topic: "b", trace: null },
      { name: "topic b", payload: "y", run, topic: "b", trace: null },
    ]);
  },

  "an event that breaks its schema is refused by the publisher, dropped by the subscriber": async ({
    asking,
    asker,
    serving,
    servingTelemetry,
    run,
  }) => {
    const heard = new Gathered<string>();
    serving.subscribe(toldEvent, { params: { run } }, heard.add);
    await serving.flush();
    throws(
      () => asking.publish(toldEvent, { run, topic: "a" }, 7 as never),
      (error) => errorCode(error) === "bus-invalid-payload",
    );
    for (const text of ["7", "{", ""]) {
      asker.publish(`seedfleet.test.told.${run}.a`, Buffer.from(text));
    }
    asker.publish(`seedfleet.test.told.${run}.$`, Buffer.from('"a topic that is no token"'));
    asking.publish(toldEvent, { run, topic: "a" }, "well");
    deepEqual(await heard.count(1), ["well"]);
    equal(servingTelemetry.recorded.total("seedfleet_bus_dropped_messages"), 4);
  },

  "an event's handler that throws is reported, and hears the next event": async (bus) => {
    const { asking, serving, servingTelemetry, run } = bus;
    const heard = new Gathered<string>();
    serving.subscribe(toldEvent, { params: { run } }, async (payload) => {
      heard.add(payload);
      throw new Error(`no ${payload}`);
    });
    serving.subscribe(toldEvent, { params: { run } }, () => {
      throw new Error("at once");
    });
    await serving.flush();
    asking.publish(toldEvent, { run, topic: "a" }, "one");
    asking.publish(toldEvent, { run, topic: "a" }, "two");
    await heard.count(2);
    await asking.flush();
    await serving.flush();
    equal(servingTelemetry.recorded.total("seedfleet_bus_handler_failures"), 4);
  },
};

/** Who of several subscribers hears first is nobody's promise. */
function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}
