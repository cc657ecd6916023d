import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOffSampler, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";
import type { Telemetry } from "@seedfleet/telemetry";
import type { DestinationStream } from "pino";
import { otelMeter } from "./otel-meter.ts";
import { otelTracer } from "./otel-tracer.ts";
import { type LogLevel, pinoLog } from "./pino-log.ts";
import { startSpanRecorder } from "./span-recorder.ts";

const STDERR = 2;

export type TelemetryConfig = {
  /** As operators know it: `gateway`. */
  readonly service: string;
  readonly version: string;
  /** Tells the replicas of a service apart. */
  readonly instanceId: string;
  readonly logLevel: LogLevel;
  /** Standard error unless said otherwise: standard output is for results. */
  readonly logDestination?: number | DestinationStream;
  /** The collector's base, as in `http://127.0.0.1:4318`; null records no spans. */
  readonly otlpUrl: string | null;
  /** The share of traces that are recorded, the same in every process of a fleet. */
  readonly sampleRatio: number;
};

/** Gives the metrics of a service in the Prometheus text format. */
export interface MetricsSource {
  metricsText(): Promise<string>;
}

export interface RunningTelemetry extends Telemetry, MetricsSource, AsyncDisposable {}

/**
 * What one service tells: logs as JSON lines, metrics to be scraped, sampled spans to a collector.
 * Services that share a process each start their own. Disposing flushes, and gives up in time.
 */
export function startTelemetry(config: TelemetryConfig): RunningTelemetry {
  const { service, version, instanceId, otlpUrl } = config;
  const resource = resourceFromAttributes({
    "service.name": service,
    "service.version": version,
    "service.instance.id": instanceId,
  });
  const log = pinoLog({
    level: config.logLevel,
    destination: config.logDestination ?? STDERR,
    base: { service, version, instance: instanceId },
  });
  const sampler =
    otlpUrl === null ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(config.sampleRatio);
  const recorder = otlpUrl === null ? null : startSpanRecorder({ otlpUrl, resource, sampler }, log);
  const { meter, metricsText, close: closeMeter } = otelMeter(resource, log);
  return {
    log,
    meter,
    metricsText,
    tracer: otelTracer(recorder?.tracer ?? null, sampler),
    async [Symbol.asyncDispose]() {
      await recorder?.close();
      await closeMeter();
      await log.flush();
    },
  };
}
