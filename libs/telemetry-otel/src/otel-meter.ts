import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import type { Resource } from "@opentelemetry/resources";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { errorMessage } from "@seedfleet/runtime";
import type { Log, Meter } from "@seedfleet/telemetry";

/** Names the service on every sample, since several may share one port. */
const SERVICE_LABEL = /^service\.name$/;

export type CollectedMeter = {
  readonly meter: Meter;
  /** All measurements up to now, in the Prometheus text format. */
  metricsText(): Promise<string>;
  close(): Promise<void>;
};

/** The metrics of one service, kept in memory and read only when scraped. */
export function otelMeter(resource: Resource, log: Log): CollectedMeter {
  const reader = new ScrapeReader();
  const provider = new MeterProvider({ resource, readers: [reader] });
  const otel = provider.getMeter("seedfleet");
  const serializer = new PrometheusSerializer("", false, SERVICE_LABEL, true, true);
  const meter: Meter = {
    counter: (name, description) => otel.createCounter(name, { description }),
    total: (name, description, read) => {
      const total = otel.createObservableCounter(name, { description });
      total.addCallback((result) => result.observe(read()));
    },
    totals: (name, description, read) => {
      const totals = otel.createObservableCounter(name, { description });
      totals.addCallback((result) => {
        for (const [labels, count] of read()) result.observe(count, labels);
      });
    },
    histogram: (name, description, buckets) => {
      const advice = { explicitBucketBoundaries: [...buckets] };
      return otel.createHistogram(name, { description, advice });
    },
    gauge: (name, description, read) => {
      const gauge = otel.createObservableGauge(name, { description });
      gauge.addCallback((result) => result.observe(read()));
    },
  };
  return {
    meter,
    async metricsText() {
      const { resourceMetrics, errors } = await reader.collect();
      for (const error of errors) log.error("metric unreadable", { error: errorMessage(error) });
      return serializer.serialize(resourceMetrics);
    },
    close: () => provider.shutdown(),
  };
}

/** Collects when asked and has nothing to flush or stop. */
class ScrapeReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
