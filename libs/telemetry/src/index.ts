export {
  type Recorded,
  type RecordedLog,
  type RecordedSpan,
  type RecordingTelemetry,
  recordingTelemetry,
} from "./recording-telemetry.ts";
export { silentTelemetry } from "./silent-telemetry.ts";
export type {
  Counter,
  Fields,
  Histogram,
  Labels,
  Log,
  Meter,
  Span,
  SpanOptions,
  Telemetry,
  Tracer,
} from "./telemetry.ts";
