import { BenchError } from "./bench-error.ts";

const EXIT_INTERRUPTED = 130;

/**
 * Runs a benchmark until it is done or a signal comes; either way everything goes that was put on
 * the stack. Linux only: what a process uses is read from `/proc`.
 */
export async function runBench(
  run: (running: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  if (process.platform !== "linux") throw new BenchError("processes are read from Linux's /proc");
  await using running = new AsyncDisposableStack();
  const interrupted = Promise.withResolvers<never>();
  const stop = (signal: string): void => {
    process.exitCode = EXIT_INTERRUPTED;
    interrupted.reject(new BenchError(`stopped by ${signal}`));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  running.defer(() => void process.off("SIGINT", stop).off("SIGTERM", stop));
  await Promise.race([run(running), interrupted.promise]);
}

/** What goes on, for whoever waits: standard output is the report's. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
