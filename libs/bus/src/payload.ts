import assert from "node:assert/strict";
import type { BusEvent, Schema } from "./definitions.ts";
import { invalidPayload } from "./errors.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** A schema may find as many issues as there are fields; an error message needs the first few. */
const ISSUES_TOLD_MAX = 8;

export type Decoded<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: readonly string[] };

/** JSON bytes of a value that fits its schema; `undefined` is the empty payload. */
export function encode<Value>(schema: Schema<Value>, subject: string, value: Value): Uint8Array {
  const checked = check(schema, value);
  if (checked.issues !== undefined) throw invalidPayload(subject, checked.issues);
  if (checked.value === undefined) return NOTHING;
  return Buffer.from(JSON.stringify(checked.value));
}

/** The value that foreign bytes stand for, or why they stand for none. Never throws. */
export function decode<Value>(schema: Schema<Value>, payload: Uint8Array): Decoded<Value> {
  if (payload.length === 0) return check(schema, undefined);
  let value: unknown;
  try {
    value = JSON.parse(text(payload));
  } catch {
    return { issues: ["it is not JSON"] };
  }
  return check(schema, value);
}

/** As `decode`, for a caller that asked for these bytes. */
export function decodeOrThrow<Value>(
  schema: Schema<Value>,
  subject: string,
  payload: Uint8Array,
): Value {
  const decoded = decode(schema, payload);
  if (decoded.issues !== undefined) throw invalidPayload(subject, decoded.issues);
  return decoded.value;
}

/** The bytes of an event. */
export function encodeEvent<Payload>(
  { payload: schema, subject }: BusEvent<string, Payload>,
  payload: Payload,
): Uint8Array {
  if (schema !== "bytes") return encode(schema, subject, payload);
  // The definition of an event of bytes has `Uint8Array` for its payload.
  assert(payload instanceof Uint8Array);
  return payload;
}

/** As `decode`; the payload of an event of bytes is what came, in memory of its own. */
export function decodeEvent<Payload>(
  { payload: schema }: BusEvent<string, Payload>,
  payload: Uint8Array,
): Decoded<Payload> {
  if (schema !== "bytes") return decode(schema, payload);
  return { value: payload.slice() as Payload };
}

export function encodeMessage(message: string): Uint8Array {
  return Buffer.from(JSON.stringify({ message }));
}

/** The message of a failure from the other end, whatever it really sent. */
export function decodeMessage(payload: Uint8Array): string {
  try {
    const value: unknown = JSON.parse(text(payload));
    const known = typeof value === "object" && value !== null && "message" in value;
    return known && typeof value.message === "string" ? value.message : "no message";
  } catch {
    return "no message";
  }
}

function check<Value>(schema: Schema<Value>, value: unknown): Decoded<Value> {
  const result = schema["~standard"].validate(value);
  assert(!(result instanceof Promise), "bus schemas must validate synchronously");
  if (result.issues === undefined) return result;
  return { issues: result.issues.slice(0, ISSUES_TOLD_MAX).map(({ message }) => message) };
}

function text(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
}
