import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "main.ts");

/** Ports that are free, so that tests may run side by side. */
export const FREE_PORTS: readonly string[] = [
  ...["--peer-port", "0"],
  ...["--tracker-port", "0"],
  ...["--console-port", "0"],
];

/** A process that has not done what a test waits for, so long after it began to, never will. */
const PATIENCE_MS = 20_000;

export type Ended = {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type CliEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

export type StartOptions = {
  /** Where the command runs, and keeps its data unless told otherwise. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another program to run instead: its file, or what it is. */
  readonly main?: string;
  readonly script?: string;
};

/** The command as a process of its own, as a person starts it. Killed when disposed. */
export class RunningCli implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  readonly #said = { stdout: "", stderr: "" };

  constructor(args: readonly string[], { cwd, env = {}, main = MAIN, script }: StartOptions) {
    const program = script === undefined ? [main] : ["--input-type=module", "-e", script, "--"];
    const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith("SEEDFLEET_"));
    const child = spawn(process.execPath, [...program, ...args], {
      cwd,
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (chunk: string) => {
        this.#said[name] += chunk;
      });
    }
    this.#ended = once(child, "close").then(([code]) => ({ code, ...this.#said }));
  }

  /** Resolves with how it ended; that it does is waited for from now on. */
  get ended(): Promise<Ended> {
    return this.#patiently(this.#ended);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with what was said on standard output once it is enough. */
  until(isEnough: (stdout: string) => boolean): Promise<string> {
    return this.#until("stdout", isEnough);
  }

  /** The same of standard error. */
  untilError(isEnough: (stderr: string) => boolean): Promise<string> {
    return this.#until("stderr", isEnough);
  }

  #until(name: "stdout" | "stderr", isEnough: (said: string) => boolean): Promise<string> {
    const enough = async (): Promise<string> => {
      while (!isEnough(this.#said[name])) {
        const more = once(this.#child[name] ?? this.#child, "data");
        const outcome = await Promise.race([more, this.#ended]);
        if ("stderr" in outcome) throw new Error(`ended too soon: ${outcome.stderr}`);
      }
      return this.#said[name];
    };
    return this.#patiently(enough());
  }

  /** Ends the process if this takes too long, so that no test waits for ever. */
  async #patiently<Outcome>(awaited: Promise<Outcome>): Promise<Outcome> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE_MS);
    try {
      return await awaited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The first event of this name that `--json` tells. */
  async event(name: string): Promise<CliEvent> {
    const found = (stdout: string): CliEvent | undefined =>
      eventsOf(stdout).find(({ event }) => event === name);
    const event = found(await this.until((stdout) => found(stdout) !== undefined));
    return event ?? { event: name };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }
}

/** Runs the command to its end. */
export function runToEnd(args: readonly string[], options: StartOptions): Promise<Ended> {
  return new RunningCli(args, options).ended;
}

/** What `--json` told in whole lines; a line that is no JSON throws. */
export function eventsOf(stdout: string): CliEvent[] {
  return linesOf(stdout).map((line): CliEvent => JSON.parse(line));
}

/** The whole lines of a text. */
export function linesOf(output: string): string[] {
  return output.split("\n").slice(0, -1);
}
