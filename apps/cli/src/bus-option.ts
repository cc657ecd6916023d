import { usageError } from "./usage-error.ts";

/** The lines of a command's help that tell of its connection to a running fleet. */
export const BUS_USAGE =
  "  --bus nats://HOST:PORT   the fleet's bus (SEEDFLEET_NATS_URL, else nats://127.0.0.1:4222)";

/** Where the fleet's bus is; null leaves it to the settings. */
export function natsUrl(value: string | undefined): string | null {
  if (value === undefined) return null;
  if (/^(nats|tls):\/\/./.test(value) && URL.canParse(value)) return value;
  throw usageError(`--bus is nats://HOST:PORT, not "${value}"`);
}
