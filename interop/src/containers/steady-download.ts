import { ok } from "node:assert/strict";
import type { GivenFiles } from "../given-content.ts";
import { liftLimit, longestWaitMs } from "../libtorrent.ts";
import type { RunningProgram } from "../running-program.ts";
import type { FleetGateway } from "./container-fleet.ts";

/**
 * Under a limit libtorrent takes all that it asked for at once, and then waits as long as that
 * should have taken. With few requests such waits are far shorter than those looked for here.
 */
export const STEADY: {
  readonly bytesPerSecondMax: number;
  readonly settings: Readonly<Record<string, number>>;
} = { bytesPerSecondMax: 500_000, settings: { max_out_request_queue: 16 } };

/** Under the limit it takes longer than the runner gives a test. */
export const STEADY_FILES: GivenFiles = { "content.bin": 150_000_000 };

/** Resolves with the gateway that first gave a client content. */
export async function firstSource(
  client: RunningProgram,
  gateways: readonly FleetGateway[],
): Promise<FleetGateway> {
  return await client.line((line) => {
    const [, port] = /^from \S+ (\d+)$/.exec(line) ?? [];
    return gateways.find((gateway) => String(gateway.port) === port) ?? null;
  });
}

/** Lets clients take the rest as fast as they can; fails unless each gets everything. */
export async function finish(clients: readonly RunningProgram[]): Promise<void> {
  for (const client of clients) {
    ok(!client.lines.includes("finished"), "a client was done before the test was");
    liftLimit(client);
  }
  await Promise.all(clients.map((client) => client.succeeded()));
}

/** The longest that one of the clients waited for content, in ms. */
export function longestOfAll(clients: readonly RunningProgram[]): number {
  return Math.max(...clients.map(longestWaitMs));
}
