import { trace } from "@opentelemetry/api";
import type { Fields, Log } from "@seedfleet/telemetry";
import { type DestinationStream, type Logger, pino } from "pino";
import { activeContext } from "./active-context.ts";
import { LineWriter } from "./line-writer.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export type LogConfig = {
  readonly level: LogLevel;
  /** A file descriptor, or whatever takes lines. */
  readonly destination: number | DestinationStream;
  /** On every line. */
  readonly base: Fields;
};

export type FlushableLog = Log & { flush(): Promise<void> };

/** One writer per file descriptor, so that the lines of several services never mix. */
const writers = new Map<number, LineWriter>();

/** JSON lines with the ids of the trace they were written in. */
export function pinoLog({ level, destination, base }: LogConfig): FlushableLog {
  const stream = typeof destination === "number" ? writerOf(destination) : destination;
  const logger = pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceIds,
    },
    stream,
  );
  return {
    debug: writeAt(logger, "debug"),
    info: writeAt(logger, "info"),
    warn: writeAt(logger, "warn"),
    error: writeAt(logger, "error"),
    flush: async () => {
      if (stream instanceof LineWriter) await stream.flush();
    },
  };
}

function writeAt(logger: Logger, level: keyof Log): Log[typeof level] {
  return (message, fields) => logger[level](fields ?? {}, message);
}

function traceIds(): Readonly<Record<string, string>> {
  const span = trace.getSpanContext(activeContext.active());
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

function writerOf(fd: number): LineWriter {
  const writer = writers.get(fd) ?? new LineWriter(fd);
  writers.set(fd, writer);
  return writer;
}
