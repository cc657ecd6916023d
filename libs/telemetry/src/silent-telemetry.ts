import type { Telemetry } from "./telemetry.ts";

const ignore = (): void => {};

/** Tells nobody anything: for tests and for parts that run without an operator. */
export const silentTelemetry: Telemetry = {
  log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  meter: {
    counter: () => ({ add: ignore }),
    histogram: () => ({ record: ignore }),
    total: ignore,
    totals: ignore,
    gauge: ignore,
  },
  tracer: {
    span: (_name, _options, work) => work({ set: ignore }),
    inject: () => ({}),
    extract: (_headers, work) => work(),
  },
};
