import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const SCRAPE_EVERY_MS = 1_000;

/** What was told to it. */
export type TraceSink = {
  readonly url: string;
  readonly told: { requests: number; bytes: number };
};

/** A collector of traces (OTLP over HTTP) on this machine, which counts what comes. */
export async function startTraceSink(running: AsyncDisposableStack): Promise<TraceSink> {
  const told = { requests: 0, bytes: 0 };
  const server = createServer((request, response) => {
    told.requests += 1;
    request.on("data", (bytes: Uint8Array) => {
      told.bytes += bytes.length;
    });
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await listening;
  running.defer(() => void server.close().closeAllConnections());
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, told };
}

/** Reads the metrics each second, as Prometheus would, until it is disposed of. */
export function scrapeEachSecond(adminUrl: string, running: AsyncDisposableStack): void {
  const stopped = new AbortController();
  running.defer(() => stopped.abort());
  const scrape = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await (await fetch(`${adminUrl}/metrics`, { signal: stopped.signal })).text();
      await delay(SCRAPE_EVERY_MS, undefined, { signal: stopped.signal });
    }
  };
  scrape().catch(() => {});
}
