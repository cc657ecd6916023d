import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { BenchError } from "./bench-error.ts";

/** How often it is asked: it costs the process little beside its start, and the figure little. */
const ASK_EVERY_MS = 10;

/** Resolves when the process behind this admin port says that it is ready. */
export async function whenReady(port: number): Promise<void> {
  while (true) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
    await delay(ASK_EVERY_MS);
  }
}

/** The text that Prometheus would read of the process. */
export async function readMetrics(port: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}

/** The value of a metric in the text that Prometheus reads, over all its labels; null if absent. */
export function metricIn(text: string, name: string): number | null {
  const values = text
    .split("\n")
    .map((line) => /^([a-z_]+)(?:\{[^}]*\})? (\S+)/.exec(line))
    .filter((found) => found?.[1] === name)
    .map((found) => Number(found?.[2]));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await listening;
  const address = server.address();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  server.close(() => close());
  await closed;
  if (address === null || typeof address === "string") throw new BenchError("there is no port");
  return address.port;
}
