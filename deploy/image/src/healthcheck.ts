// What the image's HEALTHCHECK runs in a service's container: ends with 0 once it is ready.
import { ADMIN_PORT } from "./image-defaults.ts";

const TIMEOUT_MS = 4_000;

const { SEEDFLEET_ADMIN_HOST: host = "0.0.0.0", SEEDFLEET_ADMIN_PORT: port = ADMIN_PORT } =
  process.env;
const reached = host === "0.0.0.0" || host === "::" ? "localhost" : host;
const authority = reached.includes(":") ? `[${reached}]` : reached;
try {
  const response = await fetch(`http://${authority}:${port}/readyz`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  process.stdout.write(`${await response.text()}\n`);
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`${error}\n`);
  process.exitCode = 1;
}
