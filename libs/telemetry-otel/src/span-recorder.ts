import type { Tracer } from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { Resource } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";

/** A collector that takes longer loses the batch: spans must not hold up the end of a process. */
export const EXPORT_TIMEOUT_MS = 3_000;

export type SpanRecorder = {
  readonly tracer: Tracer;
  /** Sends what is left, or gives up after `EXPORT_TIMEOUT_MS`. Never rejects. */
  close(): Promise<void>;
};

export type SpanRecorderConfig = {
  /** The collector's base, as in `http://127.0.0.1:4318`; spans go to its `v1/traces`. */
  readonly otlpUrl: string;
  readonly resource: Resource;
  readonly sampler: Sampler;
};

/** Records the sampled spans of one service and sends them to a collector in batches. */
export function startSpanRecorder(config: SpanRecorderConfig, log: Log): SpanRecorder {
  const base = config.otlpUrl.endsWith("/") ? config.otlpUrl : `${config.otlpUrl}/`;
  const exporter = new OTLPTraceExporter({
    url: new URL("v1/traces", base).href,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new TracerProvider({
    resource: config.resource,
    sampler: new ParentBasedSampler({ root: config.sampler }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: reporting(exporter, log),
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  return {
    tracer: provider.getTracer("seedfleet"),
    // A failed export has been logged already; it must not fail the shutdown.
    close: () => provider.shutdown().catch(() => {}),
  };
}

/** Says that spans are lost, once in a row: a collector may be away for hours. */
function reporting(exporter: SpanExporter, log: Log): SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        if (failed && !failing) {
          log.warn("spans lost", { spans: spans.length, error: errorMessage(result.error) });
        }
        failing = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
