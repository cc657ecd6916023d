import { drainCall } from "@seedfleet/contracts";
import { delay, errorCode, SeedfleetError } from "@seedfleet/runtime";
import type { DrainOptions } from "./drain-options.ts";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { formatCount } from "./format.ts";

/** Beyond any deadline that a gateway is likely to be given; it is 15 s unless told otherwise. */
const DRAIN_WAIT_MS_MAX = 120_000;

const ASK_INTERVAL_MS = 200;

/** `seedfleet drain`: has a gateway of a running fleet drain and end. */
export async function drain(options: DrainOptions, print: (text: string) => void): Promise<void> {
  await using fleet = await connectFleet("drain", options.natsUrl);
  await drainGateway(fleet, options, print);
}

/** Asks for the drain, and again until nobody answers. Throws where there is no such gateway. */
export async function drainGateway(
  { bus, clock }: Pick<Fleet, "bus" | "clock">,
  { gateway, json }: Pick<DrainOptions, "gateway" | "json">,
  print: (text: string) => void,
): Promise<void> {
  const ask = async (): Promise<number | "gone" | "silent"> => {
    try {
      return (await bus.call(drainCall, { gateway }, {})).peers;
    } catch (error) {
      const code = errorCode(error);
      if (code === "bus-no-responders") return "gone";
      // It may be too busy to answer, or end with the question in its hands.
      if (code === "bus-timeout") return "silent";
      throw error;
    }
  };
  const untilMs = clock.nowMs() + DRAIN_WAIT_MS_MAX;
  const first = await ask();
  if (first === "gone") throw unknown(gateway);
  if (first !== "silent") {
    if (json) print(`${JSON.stringify({ event: "draining", gateway, peers: first })}\n`);
    else print(`Draining ${gateway}, which has ${formatCount(first, "peer")}\n`);
  }
  while ((await ask()) !== "gone") {
    if (clock.nowMs() >= untilMs) throw stillThere(gateway);
    await delay(clock, ASK_INTERVAL_MS);
  }
  if (json) print(`${JSON.stringify({ event: "drained", gateway })}\n`);
  else print(`${gateway} is gone\n`);
}

function unknown(gateway: string): SeedfleetError {
  const message = `Cannot drain ${gateway}: no such gateway is running; see seedfleet gateways`;
  return new SeedfleetError(message, { code: "gateway-unknown" });
}

function stillThere(gateway: string): SeedfleetError {
  const seconds = DRAIN_WAIT_MS_MAX / 1_000;
  const message = `Cannot drain ${gateway}: it is still there after ${seconds} s; see its log`;
  return new SeedfleetError(message, { code: "drain-slow" });
}
