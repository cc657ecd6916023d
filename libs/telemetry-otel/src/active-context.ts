import type { ContextManager } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";

/**
 * The current trace of whatever runs now. All telemetry of a process shares it, so that a call
 * between two services in one process stays in its trace. Nothing is registered with
 * OpenTelemetry's globals: other code in the process keeps its own.
 */
export const activeContext: ContextManager = new AsyncLocalStorageContextManager().enable();
