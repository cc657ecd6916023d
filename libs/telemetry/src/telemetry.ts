/** Fields beside a constant log message, or attributes of a span. */
export type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** Label values of one measurement. Keep their number of combinations small. */
export type Labels = Readonly<Record<string, string>>;

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export interface Counter {
  add(count: number, labels?: Labels): void;
}

export interface Histogram {
  record(value: number, labels?: Labels): void;
}

/** Names end in a unit (`seedfleet_gateway_sent_bytes`); docs/METRICS.md lists them all. */
export interface Meter {
  counter(name: string, description: string): Counter;
  /** A count that its owner keeps anyway: read when scraped, so the hot path pays nothing. */
  total(name: string, description: string, read: () => number): void;
  /** The same of several counts, each with its labels. */
  totals(name: string, description: string, read: () => Iterable<readonly [Labels, number]>): void;
  histogram(name: string, description: string, buckets: readonly number[]): Histogram;
  /** `read` is called when the metrics are scraped, so a gauge costs nothing in between. */
  gauge(name: string, description: string, read: () => number): void;
}

export interface Span {
  set(attributes: Fields): void;
}

export type SpanOptions = {
  readonly attributes?: Fields;
  /** 32 hex digits: starts a new trace under this id instead of joining the current one. */
  readonly traceId?: string;
};

export interface Tracer {
  /** Runs `work` inside a span, which ends when `work` returns, settles or throws. */
  span<Result>(name: string, options: SpanOptions, work: (span: Span) => Result): Result;
  /** The headers (`traceparent`) that carry the current trace to another process. */
  inject(): Readonly<Record<string, string>>;
  /** Runs `work` inside the trace that `headers` carry, or in the current one if none. */
  extract<Result>(headers: Readonly<Record<string, string>>, work: () => Result): Result;
}

/** What a service tells about itself. The adapter decides where it goes. */
export interface Telemetry {
  readonly log: Log;
  readonly meter: Meter;
  readonly tracer: Tracer;
}
