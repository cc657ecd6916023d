import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import type { Bus } from "./bus.ts";
import {
  type BusEvent,
  defineCall,
  defineEvent,
  defineStream,
  paramsOf,
  patternFor,
  subjectFor,
} from "./definitions.ts";
import { anyNumber, anyText } from "./testing.ts";

const subject = "seedfleet.v1.pieces.{holder}.read.{infoHash}";

test("subjectFor() fills in every parameter", () => {
  const filled = subjectFor(subject, { holder: "store-1", infoHash: "ab12" });
  equal(filled, "seedfleet.v1.pieces.store-1.read.ab12");
  equal(subjectFor("seedfleet.v1.ingest", {}), "seedfleet.v1.ingest");
});

for (const value of ["", "*", ">", "a.b", "a b", "ü", "{x}", "a\r\n", "x".repeat(129)]) {
  test(`subjectFor() refuses ${JSON.stringify(value.slice(0, 8))} as a token`, () => {
    throws(() => subjectFor("a.{b}", { b: value }), TypeError);
    throws(() => patternFor("a.{b}", { b: value }), TypeError);
  });
}

test("patternFor() leaves open what is not given", () => {
  equal(patternFor(subject, {}), "seedfleet.v1.pieces.*.read.*");
  equal(patternFor(subject, { infoHash: "ab12" }), "seedfleet.v1.pieces.*.read.ab12");
});

test("paramsOf() is the inverse of subjectFor()", () => {
  const params = { holder: "store-1", infoHash: "ab12" };
  deepEqual(paramsOf(subject, subjectFor(subject, params)), params);
});

for (const foreign of [
  "seedfleet.v1.pieces.store-1.read",
  "seedfleet.v1.pieces.store-1.read.ab12.more",
  "seedfleet.v1.pieces.store-1.write.ab12",
  "seedfleet.v1.pieces.store-1.read.$",
  "seedfleet.v1.pieces..read.ab12",
  "",
]) {
  test(`paramsOf() given "${foreign}" is null`, () => {
    equal(paramsOf(subject, foreign), null);
  });
}

test("defineStream() refuses a window of nothing, and one without bounds", () => {
  const open = (chunksInFlightMax: number): unknown =>
    defineStream({ subject, request: anyText, chunk: "bytes", timeoutMs: 1, chunksInFlightMax });
  throws(() => open(0), { code: "ERR_ASSERTION" });
  throws(() => open(1_000_000), { code: "ERR_ASSERTION" });
});

// What follows is never run: that it compiles, and that its errors are errors, is the test.
export async function typing(bus: Bus): Promise<void> {
  const told = defineEvent({ subject: "told.{gateway}.{piece}", payload: anyText });
  const call = defineCall({ subject, request: anyText, reply: anyNumber, timeoutMs: 1 });
  const limits = { timeoutMs: 1, chunksInFlightMax: 1 };
  const bytes = defineStream({ subject, request: anyText, chunk: "bytes", ...limits });
  const numbers = defineStream({ subject, request: anyText, chunk: anyNumber, ...limits });
  const params = { holder: "a", infoHash: "b" };

  bus.publish(told, { gateway: "a", piece: "1" }, "x");
  // @ts-expect-error A parameter is missing.
  bus.publish(told, { gateway: "a" }, "x");
  // @ts-expect-error A parameter is mistyped.
  bus.publish(told, { gatewy: "a", piece: "1" }, "x");
  // @ts-expect-error A parameter is no string.
  bus.publish(told, { gateway: "a", piece: 1 }, "x");
  // @ts-expect-error The payload is of another type.
  bus.publish(told, { gateway: "a", piece: "1" }, 7);
  bus.subscribe(told, { params: { piece: "1" } }, (_text: string, { gateway }) => void gateway);
  // @ts-expect-error There is no such parameter.
  bus.subscribe(told, { params: { holder: "1" } }, () => {});
  // @ts-expect-error There is no such parameter.
  bus.subscribe(told, {}, (_text, { holder }) => void holder);

  const reply: number = await bus.call(call, params, "x");
  // @ts-expect-error The reply is a number.
  const wrongReply: string = await bus.call(call, params, "x");
  // @ts-expect-error The request is a text.
  await bus.call(call, params, 7);
  // @ts-expect-error An event is not called.
  await bus.call(told, { gateway: "a", piece: "1" }, "x");
  // @ts-expect-error The handler must give a number.
  bus.serve(call, {}, (text: string) => text);
  bus.serve(call, {}, async (text, { holder }) => text.length + holder.length);

  for await (const chunk of bus.stream(bytes, params, "x")) chunk.subarray(1);
  for await (const chunk of bus.stream(numbers, params, "x")) chunk.toFixed(reply);
  // @ts-expect-error The chunks are numbers.
  for await (const chunk of bus.stream(numbers, params, "x")) chunk.subarray(wrongReply.length);
  // @ts-expect-error The chunks are bytes.
  bus.serveStream(bytes, {}, () => [1]);
  bus.serveStream(numbers, {}, () => [1]);

  // @ts-expect-error A definition's subject is part of its type.
  const mistyped: BusEvent<"told.{gateway}", string> = told;
  void mistyped;
}
