/** As a shell reports a process that Ctrl-C ended. */
const EXIT_CODE_INTERRUPTED = 130;

/**
 * Under npm one Ctrl-C comes twice, from the terminal and from npm, within milliseconds. A person
 * who means it a second time takes longer than this.
 */
const ONE_REQUEST_MS = 1_000;

export type ShutdownSignal = "SIGINT" | "SIGTERM";

export type ShutdownPorts = {
  /** A monotonic clock. */
  readonly nowMs: () => number;
  readonly exit: (code: number) => void;
};

const processPorts: ShutdownPorts = {
  nowMs: () => performance.now(),
  exit: (code) => process.exit(code),
};

/**
 * Resolves on the first SIGINT or SIGTERM. A later one means that somebody will not wait for the
 * drain: the process ends at once. Does not keep the process alive; what it serves should.
 */
export function shutdownRequested(): Promise<ShutdownSignal> {
  const { promise, resolve } = Promise.withResolvers<ShutdownSignal>();
  const request = shutdownRequest(processPorts, resolve);
  process.on("SIGINT", request);
  process.on("SIGTERM", request);
  return promise;
}

/** What to do on a signal: the first requests the shutdown, one of a second later forces it. */
export function shutdownRequest(
  { nowMs, exit }: ShutdownPorts,
  resolve: (signal: ShutdownSignal) => void,
): (signal: ShutdownSignal) => void {
  let requestedAtMs: number | null = null;
  return (signal) => {
    if (requestedAtMs === null) {
      requestedAtMs = nowMs();
      resolve(signal);
    } else if (nowMs() - requestedAtMs >= ONE_REQUEST_MS) {
      exit(EXIT_CODE_INTERRUPTED);
    }
  };
}

/** Ends the process with code 1 if it has not ended by itself after `deadlineMs`. */
export function exitAfter(deadlineMs: number): void {
  const exit = (): void => {
    process.stderr.write(`seedfleet: still not stopped after ${deadlineMs} ms, so it ends now\n`);
    process.exit(1);
  };
  setTimeout(exit, deadlineMs).unref();
}
