import { deepEqual, equal, rejects } from "node:assert/strict";
import { createBus } from "@seedfleet/bus";
import { advanceUntil, Gathered, turn } from "../waiting.ts";
import { withCode, withRemoteCode } from "./call-tests.ts";
import { type BusFixture, type BusTests, bytesStream, countStream, losing } from "./fixture.ts";

function* countTo(end: number): Generator<number, void, void> {
  for (let number = 0; number < end; number += 1) yield number;
}

/** Never gives anything; ends when nobody wants it any more. */
async function* nothingUntil(signal: AbortSignal): AsyncGenerator<never, void, void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** A server that notes why its streams ended. */
function serveEndless({ serving, run }: BusFixture): Gathered<string> {
  const notes = new Gathered<string>();
  serving.serveStream(
    countStream,
    { params: { run } },
    async function* (_request, _params, signal) {
      signal.addEventListener("abort", () => notes.add("aborted"));
      notes.add("started");
      try {
        for (let number = 0; ; number += 1) yield number;
      } finally {
        notes.add("ended");
      }
    },
  );
  return notes;
}

/** Questions answered by a stream. */
export const streamTests: BusTests = {
  "stream() gives every chunk in order, however many": async ({ asking, serving, run }) => {
    serving.serveStream(countStream, { params: { run } }, countTo);
    await serving.flush();
    for (const count of [0, 1, 3, 4, 5, 8, 1_000]) {
      const chunks = await Array.fromAsync(asking.stream(countStream, { run }, count));
      deepEqual(chunks, [...countTo(count)]);
    }
  },

  "stream() never lets the server be further ahead than it was asked to": async (bus) => {
    const { asking, serving, run } = bus;
    const made = new Gathered<number>();
    let taken = 0;
    let aheadMax = 0;
    serving.serveStream(countStream, { params: { run } }, function* (count) {
      for (const number of countTo(count)) {
        made.add(number);
        aheadMax = Math.max(aheadMax, made.items.length - taken);
        yield number;
      }
    });
    await serving.flush();
    for await (const number of asking.stream(countStream, { run }, 40)) {
      taken += 1;
      equal(number, taken - 1);
      // The first is held until the server has made all it may; the others for a moment.
      if (taken === 1) await made.count(countStream.chunksInFlightMax);
      else await turn();
      await asking.flush();
      await serving.flush();
    }
    equal(taken, 40);
    equal(aheadMax, countStream.chunksInFlightMax);
  },

  "stream() tells the server when its consumer wants no more": async (bus) => {
    const notes = serveEndless(bus);
    await bus.serving.flush();
    for await (const number of bus.asking.stream(countStream, { run: bus.run }, 0)) {
      if (number === 5) break;
    }
    deepEqual(await notes.count(3), ["started", "aborted", "ended"]);
  },

  "stream() tells the server when its signal aborts, also before the first chunk": async (bus) => {
    const { asking, serving, run } = bus;
    const notes = new Gathered<string>();
    serving.serveStream(countStream, { params: { run } }, (_request, _params, signal) => {
      signal.addEventListener("abort", () => notes.add("aborted"));
      notes.add("started");
      return nothingUntil(signal);
    });
    await serving.flush();
    const giveUp = new AbortController();
    const asked = asking.stream(countStream, { run }, 0, { signal: giveUp.signal });
    const chunks = Array.fromAsync(asked);
    await notes.count(1);
    giveUp.abort();
    await rejects(chunks, withCode("bus-aborted"));
    deepEqual(await notes.count(2), ["started", "aborted"]);

    const early = new AbortController();
    const second = asking.stream(countStream, { run }, 0, { signal: early.signal });
    const unopened = rejects(Array.fromAsync(second), withCode("bus-aborted"));
    await turn();
    early.abort();
    await unopened;
    await notes.until((all) => all.at(-1) === "aborted" && all.length !== 3);
  },

  "stream() asks only when it is iterated, and not once its signal has aborted": async (bus) => {
    const notes = serveEndless(bus);
    await bus.serving.flush();
    bus.asking.stream(countStream, { run: bus.run }, 0);
    const signal = AbortSignal.abort();
    const asked = bus.asking.stream(countStream, { run: bus.run }, 0, { signal });
    await rejects(Array.fromAsync(asked), withCode("bus-aborted"));
    await bus.asking.flush();
    await bus.serving.flush();
    deepEqual(notes.items, []);
  },

  "stream() rejects at once when nobody serves it": async ({ asking, run }) => {
    const asked = asking.stream(countStream, { run }, 1);
    await rejects(Array.fromAsync(asked), withCode("bus-no-responders"));
  },

  "stream() gives the chunks before a failure, then the failure": async (bus) => {
    const { asking, serving, servingTelemetry, run } = bus;
    serving.serveStream(countStream, { params: { run } }, function* () {
      yield* countTo(6);
      throw Object.assign(new Error("the disk is gone"), { code: "EIO" });
    });
    await serving.flush();
    const taken: number[] = [];
    const take = async (): Promise<void> => {
      for await (const number of asking.stream(countStream, { run }, 0)) taken.push(number);
    };
    await rejects(take(), withRemoteCode("EIO"));
    deepEqual(taken, [...countTo(6)]);
    equal(servingTelemetry.recorded.total("seedfleet_bus_handler_failures"), 1);
  },

  "stream() rejects a chunk that breaks the schema, at the server": async (bus) => {
    const { asking, serving, run } = bus;
    serving.serveStream(countStream, { params: { run } }, () => ["one" as never]);
    serving.serveStream(bytesStream, { params: { run } }, () => ["one" as never]);
    await serving.flush();
    const numbers = Array.fromAsync(asking.stream(countStream, { run }, 0));
    await rejects(numbers, withRemoteCode("bus-invalid-payload"));
    const bytes = Array.fromAsync(asking.stream(bytesStream, { run }, 0));
    await rejects(bytes, withRemoteCode("bus-invalid-payload"));
  },

  "stream() rejects when a chunk was lost, and when the last one was": async (bus) => {
    const { asking, server, clock, servingTelemetry: telemetry, run } = bus;
    const isLost = (headers: Readonly<Record<string, string>>): boolean =>
      headers["seedfleet-chunk"] === "2" && headers["seedfleet-end"] === undefined;
    const lossy = createBus(losing(server, isLost), { clock, telemetry });
    lossy.serveStream(countStream, { params: { run } }, countTo);
    await lossy.flush();
    for (const count of [10, 3]) {
      const asked = Array.fromAsync(asking.stream(countStream, { run }, count));
      await rejects(asked, withCode("bus-stream-broken"));
    }
  },

  "stream() rejects when the server falls silent, and tells it to stop": async (bus) => {
    const { asking, serving, clock, run } = bus;
    const notes = new Gathered<string>();
    serving.serveStream(
      countStream,
      { params: { run } },
      async function* (_asked, _params, signal) {
        yield 0;
        yield* nothingUntil(signal);
        notes.add("stopped");
      },
    );
    await serving.flush();
    const chunks = Array.fromAsync(asking.stream(countStream, { run }, 0));
    const failed = rejects(chunks, withCode("bus-timeout"));
    await advanceUntil(clock, countStream.timeoutMs / 10, failed);
    await notes.count(1);
  },

  "serveStream() stops for an asker that takes nothing": async (bus) => {
    const notes = serveEndless(bus);
    await bus.serving.flush();
    const chunks = bus.asking.stream(countStream, { run: bus.run }, 0)[Symbol.asyncIterator]();
    await chunks.next();
    const stopped = notes.count(3);
    await advanceUntil(bus.clock, countStream.timeoutMs / 10, stopped);
    const rest = async (): Promise<void> => {
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next());
    };
    await rejects(rest(), withRemoteCode("bus-timeout"));
  },
};
