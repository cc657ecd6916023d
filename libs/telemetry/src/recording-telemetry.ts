import { AsyncLocalStorage } from "node:async_hooks";
import { isPromise } from "node:util/types";
import type { Fields, Labels, Log, Telemetry, Tracer } from "./telemetry.ts";

const TRACE_ID_HEX = 32;
const SPAN_ID_HEX = 16;

export type RecordedLog = {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Fields;
};

export type RecordedSpan = {
  readonly name: string;
  /** As given in the options, else of the trace it joined or began. */
  readonly traceId: string;
  readonly attributes: Fields;
  readonly outcome: "running" | "ended" | "failed";
};

/** What was told so far. */
export interface Recorded {
  readonly logs: readonly RecordedLog[];
  readonly spans: readonly RecordedSpan[];
  /** The sum of a counter: over all labels, or of exactly these. Null if it was never made. */
  total(name: string, labels?: Labels): number | null;
  /** What a histogram was given, in order. Null if it was never made. */
  values(name: string): readonly number[] | null;
  /** What a gauge reads now. Null if it was never made. */
  gauge(name: string): number | null;
  /** The trace that whoever asks is in. Null if in none. */
  currentTraceId(): string | null;
}

export interface RecordingTelemetry extends Telemetry {
  readonly recorded: Recorded;
}

type Measurement = { readonly value: number; readonly labels: Labels };

/** Keeps all that is told, so that a test can read it. Traces flow as with the real one. */
export function recordingTelemetry(): RecordingTelemetry {
  const logs: RecordedLog[] = [];
  const spans: RecordedSpan[] = [];
  const measured = new Map<string, Measurement[]>();
  const gauges = new Map<string, () => number>();
  const totals = new Map<string, () => Iterable<readonly [Labels, number]>>();
  const currentTrace = new AsyncLocalStorage<string>();
  const logAt =
    (level: keyof Log): Log[typeof level] =>
    (message, fields = {}) => {
      logs.push({ level, message, fields });
    };
  const measure = (name: string): ((value: number, labels?: Labels) => void) => {
    const measurements = measured.get(name) ?? [];
    measured.set(name, measurements);
    return (value, labels = {}) => {
      measurements.push({ value, labels });
    };
  };
  return {
    log: {
      debug: logAt("debug"),
      info: logAt("info"),
      warn: logAt("warn"),
      error: logAt("error"),
    },
    meter: {
      counter: (name) => ({ add: measure(name) }),
      histogram: (name) => ({ record: measure(name) }),
      total: (name, _description, read) => {
        gauges.set(name, read);
      },
      totals: (name, _description, read) => {
        totals.set(name, read);
      },
      gauge: (name, _description, read) => {
        gauges.set(name, read);
      },
    },
    tracer: recordingTracer(spans, currentTrace),
    recorded: {
      logs,
      spans,
      total(name, labels) {
        const read = totals.get(name)?.();
        const all = read === undefined ? measured.get(name) : [...read].map(measurementOf);
        const wanted = all?.filter((one) => !labels || sameLabels(one.labels, labels));
        return wanted?.reduce((sum, { value }) => sum + value, 0) ?? null;
      },
      values: (name) => measured.get(name)?.map(({ value }) => value) ?? null,
      gauge: (name) => gauges.get(name)?.() ?? null,
      currentTraceId: () => currentTrace.getStore() ?? null,
    },
  };
}

function recordingTracer(spans: RecordedSpan[], currentTrace: AsyncLocalStorage<string>): Tracer {
  return {
    span(name, { attributes = {}, traceId }, work) {
      const index = spans.length;
      const trace = traceId ?? currentTrace.getStore() ?? hex(index + 1, TRACE_ID_HEX);
      const update = (change: Partial<RecordedSpan>): void => {
        const before = spans[index] ?? { name, traceId: trace, attributes, outcome: "running" };
        spans[index] = { ...before, ...change };
      };
      update({});
      const set = (more: Fields): void =>
        update({ attributes: { ...spans[index]?.attributes, ...more } });
      const ended = (): void => update({ outcome: "ended" });
      const failed = (): void => update({ outcome: "failed" });
      try {
        const result = currentTrace.run(trace, () => work({ set }));
        if (isPromise(result)) void result.then(ended, failed);
        else ended();
        return result;
      } catch (error) {
        failed();
        throw error;
      }
    },
    inject() {
      const trace = currentTrace.getStore();
      return trace === undefined ? {} : { traceparent: `00-${trace}-${hex(1, SPAN_ID_HEX)}-01` };
    },
    extract(headers, work) {
      const [, trace] = headers["traceparent"]?.split("-") ?? [];
      return trace === undefined ? work() : currentTrace.run(trace, work);
    },
  };
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, "0");
}

function measurementOf([labels, value]: readonly [Labels, number]): Measurement {
  return { labels, value };
}

function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
