import { type ConfigSchema, loadConfig, printConfig } from "./config.ts";
import { SeedfleetError } from "./errors.ts";
import { exitAfter, shutdownRequested } from "./lifecycle.ts";

/** The longest a timer can run (24.8 days). */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** How long a process may take to stop, whatever its service is. */
export type ServiceConfig = { readonly shutdownDeadlineMs: number };

/**
 * Puts a service together. What it hands to `running` is disposed in reverse, so telemetry goes
 * first (flushed last) and what should stop first goes last. `requestStop` ends the process as a
 * signal does.
 */
export type StartService<Config> = (
  config: Config,
  running: AsyncDisposableStack,
  requestStop: () => void,
) => void | Promise<void>;

/**
 * The life of a process: reads its configuration, starts, waits for a signal or for the
 * service itself to ask for its end, stops what runs.
 *
 * `--print-config` prints the settings instead. A failure of the world (`SeedfleetError`) is one
 * line for a person and exit code 1; anything else is our fault and ends with its stack.
 */
export async function runService<Config extends ServiceConfig>(
  schema: ConfigSchema<Config>,
  start: StartService<Config>,
): Promise<void> {
  if (process.argv.includes("--print-config")) {
    process.stdout.write(printConfig(schema));
    return;
  }
  try {
    await serveUntilSignal(loadConfig(schema, process.env), start);
  } catch (error) {
    if (!(error instanceof SeedfleetError)) throw error;
    process.stderr.write(`seedfleet: ${error.message}\n`);
    process.exitCode = 1;
  }
}

async function serveUntilSignal<Config extends ServiceConfig>(
  config: Config,
  start: StartService<Config>,
): Promise<void> {
  const endInTime = (): void => exitAfter(config.shutdownDeadlineMs);
  // Asked before the start: a signal that comes as soon as the service is ready must drain it.
  const { promise: asked, resolve: requestStop } = Promise.withResolvers<void>();
  const requested = Promise.race([shutdownRequested(), asked]).then(endInTime);
  await using running = new AsyncDisposableStack();
  try {
    await start(config, running, requestStop);
  } catch (error) {
    endInTime();
    throw error;
  }
  // A service that only waits for messages in its own process has nothing else to keep it alive.
  const keepAlive = setInterval(() => {}, TIMER_MS_MAX);
  await requested;
  clearInterval(keepAlive);
}
