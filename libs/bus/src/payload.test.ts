import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { errorCode } from "@seedfleet/runtime";
import fc from "fast-check";
import type { Schema } from "./definitions.ts";
import { decode, decodeMessage, encode, encodeMessage } from "./payload.ts";
import { anyText, givenSchema } from "./testing.ts";

const anything: Schema<unknown> = givenSchema("anything", (_value): _value is unknown => true);

test("decode() gives back what encode() was given", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const decoded = decode(anything, encode(anything, "a", value));
      deepEqual(decoded, { value: JSON.parse(JSON.stringify(value)) });
    }),
  );
});

test("decode() and decodeMessage() never throw, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      decode(anyText, bytes);
      equal(typeof decodeMessage(bytes), "string");
    }),
  );
});

test("nothing is the empty payload", () => {
  equal(encode(anything, "a", undefined).length, 0);
  deepEqual(decode(anything, new Uint8Array(0)), { value: undefined });
  deepEqual(decode(anyText, new Uint8Array(0)), { issues: ["it is not text"] });
});

test("decodeMessage() gives back what encodeMessage() was given", () => {
  equal(decodeMessage(encodeMessage("Cannot read «x»\r\n")), "Cannot read «x»\r\n");
});

test("encode() names the subject and the issues of a value that does not fit", () => {
  throws(
    () => encode(anyText, "a.{b}", 7 as never),
    (error: Error) => {
      equal(errorCode(error), "bus-invalid-payload");
      equal(error.message, 'Cannot accept a payload of "a.{b}": it is not text');
      return true;
    },
  );
});

test("a schema that validates asynchronously is a bug", () => {
  const slow: Schema<string> = {
    "~standard": { version: 1, vendor: "test", validate: async () => ({ value: "x" }) },
  };
  throws(() => encode(slow, "a", "x"), { code: "ERR_ASSERTION" });
});
