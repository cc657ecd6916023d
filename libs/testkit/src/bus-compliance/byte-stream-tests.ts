import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Landing } from "@seedfleet/bus";
import { Gathered } from "../waiting.ts";
import { type BusTests, bytesStream, TRACE_ID } from "./fixture.ts";

/** Streams of bytes: their memory, and where it is. */
export const byteStreamTests: BusTests = {
  "stream() tells of all bytes in their order, none after their chunk is given": async (bus) => {
    const { asking, serving, run } = bus;
    const longest = Math.min(serving.payloadBytesMax, 1 << 20);
    const sent = [0, 1, longest, 65_536, longest].map((size) => randomBytes(size));
    serving.serveStream(bytesStream, { params: { run } }, () => sent);
    await serving.flush();
    const told: Uint8Array[] = [];
    const arriving = (bytes: Uint8Array): void => void told.push(Uint8Array.from(bytes));
    let givenBytes = 0;
    for await (const chunk of asking.stream(bytesStream, { run }, 0, { arriving })) {
      givenBytes += chunk.length;
      const soFar = Buffer.concat(told);
      ok(soFar.length >= givenBytes);
      ok(soFar.subarray(givenBytes - chunk.length, givenBytes).equals(chunk));
    }
    deepEqual(Buffer.concat(told), Buffer.concat(sent));
  },

  "stream() rejects with what whoever is told of its bytes throws": async (bus) => {
    const { asking, serving, run } = bus;
    const longest = Math.min(serving.payloadBytesMax, 1 << 20);
    serving.serveStream(bytesStream, { params: { run } }, () => [new Uint8Array(longest)]);
    await serving.flush();
    const arriving = (): void => {
      throw new RangeError("too much");
    };
    for (const options of [{ arriving }, { arriving }]) {
      const chunks = Array.fromAsync(asking.stream(bytesStream, { run }, 0, options));
      await rejects(chunks, new RangeError("too much"));
    }
    equal((await Array.fromAsync(asking.stream(bytesStream, { run }, 0))).length, 1);
  },

  "stream() gives bytes as they are, in the asker's trace": async (bus) => {
    const { asking, serving, run, askingTelemetry, servingTelemetry } = bus;
    const sizes = [0, 1, 65_536, Math.min(serving.payloadBytesMax, 1 << 20)];
    const traces = new Set<string | null>();
    serving.serveStream(bytesStream, { params: { run } }, async function* (fill) {
      traces.add(servingTelemetry.recorded.currentTraceId());
      for (const size of sizes) yield new Uint8Array(size).fill(fill);
    });
    await serving.flush();
    const chunks = await askingTelemetry.tracer.span("ask", { traceId: TRACE_ID }, () =>
      Array.fromAsync(asking.stream(bytesStream, { run }, 7)),
    );
    deepEqual(
      chunks.map((chunk) => chunk.length),
      sizes,
    );
    ok(chunks.every((chunk) => chunk.every((byte) => byte === 7)));
    deepEqual([...traces], [TRACE_ID]);
  },

  "serveStream() is told of each chunk, as it gave it, once nobody reads it": async (bus) => {
    const { asking, serving, run } = bus;
    const given = Array.from({ length: 6 }, (_, index) => new Uint8Array(200_000).fill(index));
    const told = new Gathered<Uint8Array>();
    const sent = (chunk: Uint8Array): void => {
      // Whoever is told may write to it at once.
      chunk.fill(255);
      told.add(chunk);
    };
    serving.serveStream(bytesStream, { params: { run }, sent }, () => given);
    await serving.flush();
    let taken = 0;
    for await (const chunk of asking.stream(bytesStream, { run }, 0)) {
      ok(chunk.every((byte) => byte === taken));
      taken += 1;
      asking.recycle(chunk);
    }
    equal(taken, given.length);
    const all = await told.count(given.length);
    deepEqual(new Set(all), new Set(given));
  },

  "recycle() leaves alone the chunks that were not given back": async (bus) => {
    const { asking, serving, run } = bus;
    serving.serveStream(bytesStream, { params: { run } }, function* () {
      for (let fill = 0; fill < 40; fill += 1) yield new Uint8Array(200_000).fill(fill);
    });
    await serving.flush();
    const kept: Uint8Array[] = [];
    let taken = 0;
    for await (const chunk of asking.stream(bytesStream, { run }, 0)) {
      if (taken % 4 === 0) kept.push(chunk);
      else asking.recycle(chunk);
      // A second time, and of what never was the bus's, it is nothing.
      if (taken % 4 !== 0) asking.recycle(chunk);
      asking.recycle(new Uint8Array(200_000));
      taken += 1;
    }
    equal(taken, 40);
    for (const [index, chunk] of kept.entries()) ok(chunk.every((byte) => byte === 4 * index));
  },

  "stream() gives bytes where the asker would have them, or in chunks": async (bus) => {
    const { asking, serving, run } = bus;
    serving.serveStream(bytesStream, { params: { run } }, function* (fill, _params, _, landing) {
      if (landing?.take() === true) {
        for (const part of landing.parts) part.fill(fill);
        // It may say that it is still at it.
        yield new Uint8Array(0);
        landing.fill();
      } else yield new Uint8Array(30).fill(fill);
    });
    await serving.flush();
    for (const fill of [1, 2]) {
      const landing = new Landing<number>([new Uint8Array(10), new Uint8Array(20)]);
      const chunks = await Array.fromAsync(asking.stream(bytesStream, { run }, fill, { landing }));
      const bytes = Buffer.concat(landing.isFilled ? landing.parts : chunks);
      deepEqual(bytes, Buffer.alloc(30, fill));
      equal(landing.isTaken, false);
    }
    const without = await Array.fromAsync(asking.stream(bytesStream, { run }, 3));
    deepEqual(Buffer.concat(without), Buffer.alloc(30, 3));
  },
};
