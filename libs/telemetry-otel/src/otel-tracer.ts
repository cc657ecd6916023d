import assert from "node:assert/strict";
import { isPromise } from "node:util/types";
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isValidTraceId,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { RandomIdGenerator, type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace";
import { errorMessage } from "@seedfleet/runtime";
import type { Fields, Span, Tracer } from "@seedfleet/telemetry";
import { activeContext } from "./active-context.ts";

/** A span id of zeroes is no span id. */
const SPAN_ID_ZERO = "0000000000000000";
const SPAN_ID_ONE = "0000000000000001";

const propagator = new W3CTraceContextPropagator();
const ids = new RandomIdGenerator();
const unrecorded: Span = { set: () => {} };

/**
 * Spans that are recorded by `recorder` where their trace is sampled. The others, and all of them
 * where `recorder` is null, only hand their trace id on, so that logs of several services join.
 *
 * A given trace id is sampled by `sampler` alone, so every process decides alike without asking;
 * spans then hang under a parent that no process records, whose id follows from the trace id.
 */
export function otelTracer(recorder: OtelTracer | null, sampler: Sampler): Tracer {
  return {
    span(name, { attributes = {}, traceId }, work) {
      const active = activeContext.active();
      const parent = traceId === undefined ? active : traceContext(traceId, sampler);
      const parentSpan = trace.getSpanContext(parent);
      if (parentSpan === undefined && recorder === null) {
        const root = traceContext(ids.generateTraceId(), sampler);
        return activeContext.with(root, () => work(unrecorded));
      }
      const sampled = parentSpan === undefined || (parentSpan.traceFlags & TraceFlags.SAMPLED) > 0;
      if (recorder === null || !sampled) {
        if (parent === active) return work(unrecorded);
        return activeContext.with(parent, () => work(unrecorded));
      }
      const span = recorder.startSpan(name, { attributes: attributesOf(attributes) }, parent);
      return activeContext.with(trace.setSpan(parent, span), () => runSpan(span, work));
    },
    inject() {
      const headers: Record<string, string> = {};
      propagator.inject(activeContext.active(), headers, defaultTextMapSetter);
      return headers;
    },
    extract(headers, work) {
      if (headers["traceparent"] === undefined) return work();
      const active = activeContext.active();
      return activeContext.with(propagator.extract(active, headers, defaultTextMapGetter), work);
    },
  };
}

function traceContext(traceId: string, sampler: Sampler): Context {
  assert(isValidTraceId(traceId), `not a trace id: ${traceId}`);
  const { decision } = sampler.shouldSample(ROOT_CONTEXT, traceId, "", 0, {}, []);
  const sampled = decision === SamplingDecision.RECORD_AND_SAMPLED;
  const tail = traceId.slice(SPAN_ID_ZERO.length);
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: tail === SPAN_ID_ZERO ? SPAN_ID_ONE : tail,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}

function runSpan<Result>(span: OtelSpan, work: (span: Span) => Result): Result {
  const fail = (error: unknown): void => {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
    span.end();
  };
  try {
    const result = work({ set: (fields) => span.setAttributes(attributesOf(fields)) });
    // The caller waits for `result` itself; this branch only watches, and never rejects.
    if (isPromise(result)) void result.then(() => span.end(), fail);
    else span.end();
    return result;
  } catch (error) {
    fail(error);
    throw error;
  }
}

/** OpenTelemetry has no null: what is absent is left out. */
function attributesOf(fields: Fields): Attributes {
  const attributes: Attributes = {};
  for (const [key, value] of Object.entries(fields)) if (value !== null) attributes[key] = value;
  return attributes;
}
