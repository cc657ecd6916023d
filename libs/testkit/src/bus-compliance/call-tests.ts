import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type BusErrorDetail, noResponders } from "@seedfleet/bus";
import { errorCode, SeedfleetError } from "@seedfleet/runtime";
import { Gathered } from "../waiting.ts";
import { type BusTests, doubleCall, TRACE_ID } from "./fixture.ts";

/** For `rejects`: the error has this code. */
export function withCode(code: BusErrorDetail["code"]): (error: unknown) => boolean {
  return (error) => {
    equal(errorCode(error), code);
    return true;
  };
}

/** For `rejects`: the other end's handler failed with this code. */
export function withRemoteCode(remoteCode: string): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof SeedfleetError);
    deepEqual([error.detail.code, error.detail.remoteCode], ["bus-remote", remoteCode]);
    return true;
  };
}

/** Questions with one answer. */
export const callTests: BusTests = {
  "call() gives the reply, in the asker's trace, however many are asked at once": async (bus) => {
    const { asking, serving, run, askingTelemetry, servingTelemetry } = bus;
    const traces = new Set<string | null>();
    serving.serve(doubleCall, { params: { run } }, (number, params) => {
      equal(params.run, run);
      traces.add(servingTelemetry.recorded.currentTraceId());
      return number * 2;
    });
    await serving.flush();
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    const replies = await askingTelemetry.tracer.span("ask", { traceId: TRACE_ID }, () =>
      Promise.all(numbers.map((number) => asking.call(doubleCall, { run }, number))),
    );
    deepEqual(
      replies,
      numbers.map((number) => number * 2),
    );
    deepEqual([...traces], [TRACE_ID]);
  },

  "call() asks one server of a queue": async ({ asking, serving, run }) => {
    let asked = 0;
    for (let server = 0; server < 3; server += 1) {
      serving.serve(doubleCall, { params: { run }, queue: "servers" }, (number) => {
        asked += 1;
        return number;
      });
    }
    await serving.flush();
    for (let number = 0; number < 10; number += 1) await asking.call(doubleCall, { run }, number);
    equal(asked, 10);
  },

  "call() rejects at once when nobody serves it": async ({ asking, run }) => {
    await rejects(asking.call(doubleCall, { run }, 1), withCode("bus-no-responders"));
  },

  "call() rejects when the answer stays away, and forgets the late one": async (bus) => {
    const { asking, serving, clock, run } = bus;
    const asked = new Gathered<number>();
    const { promise: late, resolve: answer } = Promise.withResolvers<number>();
    serving.serve(doubleCall, { params: { run } }, (number) => {
      asked.add(number);
      return number === 1 ? late : number;
    });
    await serving.flush();
    const call = asking.call(doubleCall, { run }, 1);
    const failed = rejects(call, withCode("bus-timeout"));
    await asked.count(1);
    clock.advance(doubleCall.timeoutMs);
    await failed;
    answer(2);
    equal(await asking.call(doubleCall, { run }, 3), 3);
  },

  "call() takes a timeout and a signal of its own": async ({ asking, serving, clock, run }) => {
    const asked = new Gathered<number>();
    const { promise: never, resolve: end } = Promise.withResolvers<number>();
    serving.serve(doubleCall, { params: { run } }, (number) => {
      asked.add(number);
      return never;
    });
    await serving.flush();
    const hurried = asking.call(doubleCall, { run }, 1, { timeoutMs: 10 });
    const timedOut = rejects(hurried, withCode("bus-timeout"));
    const giveUp = new AbortController();
    const given = asking.call(doubleCall, { run }, 2, { signal: giveUp.signal });
    const gaveUp = rejects(given, withCode("bus-aborted"));
    await asked.count(2);
    clock.advance(10);
    await timedOut;
    giveUp.abort();
    await gaveUp;
    const unasked = asking.call(doubleCall, { run }, 3, { signal: giveUp.signal });
    await rejects(unasked, withCode("bus-aborted"));
    equal(asked.items.length, 2);
    end(0);
  },

  "call() rejects with the code of the handler that failed": async (bus) => {
    const { asking, serving, servingTelemetry, run } = bus;
    serving.serve(doubleCall, { params: { run } }, (number) => {
      if (number === 0) throw noResponders("something else: «umlauts äöü»");
      if (number === 1) return Promise.reject(new Error("a bug"));
      throw Object.assign(new Error("x"), { code: "two\r\nlines" });
    });
    await serving.flush();
    const ask = (number: number): Promise<number> => asking.call(doubleCall, { run }, number);
    await rejects(ask(0), withRemoteCode("bus-no-responders"));
    await rejects(ask(0), /«umlauts äöü»/);
    await rejects(ask(1), withRemoteCode("internal"));
    await rejects(ask(2), withRemoteCode("internal"));
    const { recorded } = servingTelemetry;
    equal(recorded.total("seedfleet_bus_handler_failures"), 4);
    const levels = recorded.logs.map(({ level }) => level);
    deepEqual(levels, ["debug", "debug", "error", "error"]);
  },

  "call() checks the request and the reply on both sides": async (bus) => {
    const { asking, asker, server, serving, run } = bus;
    serving.serve(doubleCall, { params: { run } }, (number) =>
      number === 1 ? ("wrong" as never) : number,
    );
    await serving.flush();
    const wrong = asking.call(doubleCall, { run }, "wrong" as never);
    await rejects(wrong, withCode("bus-invalid-payload"));
    await rejects(asking.call(doubleCall, { run }, 1), withRemoteCode("bus-invalid-payload"));

    const refused = new Gathered<string | undefined>();
    asker.subscribe(`${asker.inbox}.${run}`, {}, ({ headers }) =>
      refused.add(headers["seedfleet-error"]),
    );
    const replyTo = `${asker.inbox}.${run}`;
    asker.publish(`seedfleet.test.double.${run}`, Buffer.from('"wrong"'), { replyTo });
    deepEqual(await refused.count(1), ["bus-invalid-payload"]);

    server.subscribe(`seedfleet.test.double.${run}-foreign`, {}, (message) => {
      server.publish(message.replyTo ?? "", Buffer.from("{ not JSON"));
    });
    await server.flush();
    const foreign = asking.call(doubleCall, { run: `${run}-foreign` }, 1);
    await rejects(foreign, withCode("bus-invalid-payload"));
  },

  "call() survives requests that want no answer and answers that nobody asked for": async (bus) => {
    const { asking, asker, serving, servingTelemetry, run } = bus;
    serving.serve(doubleCall, { params: { run } }, (number) => number * 2);
    await serving.flush();
    asker.publish(`seedfleet.test.double.${run}`, Buffer.from("1"));
    asker.publish(`${asker.inbox}.nobody.0`, Buffer.from("1"), { replyTo: `${run}.nobody` });
    equal(await asking.call(doubleCall, { run }, 4), 8);
    equal(servingTelemetry.recorded.total("seedfleet_bus_dropped_messages"), 1);
  },

  "two buses on one transport do not read each other's answers": async ({
    asking,
    serving,
    run,
  }) => {
    serving.serve(doubleCall, { params: { run } }, (number) => number * 2);
    asking.serve(doubleCall, { params: { run: `${run}-back` } }, (number) => number * 3);
    await serving.flush();
    await asking.flush();
    const replies = await Promise.all([
      asking.call(doubleCall, { run }, 1),
      serving.call(doubleCall, { run: `${run}-back` }, 1),
    ]);
    deepEqual(replies, [2, 3]);
  },
};
