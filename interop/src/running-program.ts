import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export type ProgramOptions = {
  /** Beside the test's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A standard input that stays open until the program is stopped. */
  readonly openInput?: boolean;
};

const RUNNING = new Set<ChildProcess>();

// Nothing a test started outlives the test's own process.
process.once("exit", () => {
  for (const child of RUNNING) child.kill("SIGKILL");
});

/** A program a test started, and the lines it has said so far. */
export class RunningProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #lines: string[] = [];
  readonly #errorLines: string[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #exited: Promise<unknown>;
  /** It has ended, and all that it said has been read: that may come later. */
  readonly #closed: Promise<unknown>;
  #isClosed = false;

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    this.#exited = once(child, "exit");
    this.#closed = once(child, "close");
    this.#collect(child.stdout, this.#lines);
    this.#collect(child.stderr, this.#errorLines);
    child.once("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
    RUNNING.add(child);
    child.once("exit", () => RUNNING.delete(child));
  }

  static start(
    [program = "", ...args]: readonly string[],
    options: ProgramOptions = {},
  ): RunningProgram {
    const { env = {}, cwd, openInput = false } = options;
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: [openInput ? "pipe" : "ignore", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
    });
    return new RunningProgram([program, ...args].join(" "), child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Lines of standard output. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Lines of standard error. */
  get errorLines(): readonly string[] {
    return this.#errorLines;
  }

  /** The first line of either stream for which `find` gives something; fails if there is none. */
  async line<Found>(find: (line: string) => Found | null): Promise<Found> {
    let seen = 0;
    let seenErrors = 0;
    for (;;) {
      const fresh = [...this.#lines.slice(seen), ...this.#errorLines.slice(seenErrors)];
      seen = this.#lines.length;
      seenErrors = this.#errorLines.length;
      for (const line of fresh) {
        const found = find(line);
        if (found !== null) return found;
      }
      if (this.#isClosed) assert.fail(this.#obituary());
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Writes a line to its standard input, which must be open. */
  tell(line: string): void {
    assert(this.#child.stdin !== null);
    this.#child.stdin.write(`${line}\n`);
  }

  /** Resolves with the exit code once all that it said is there; a signal's is null. */
  async exited(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  /** Gives what `promise` does; fails with what it said if it ends before. */
  async outlives<Result>(promise: Promise<Result>): Promise<Result> {
    const ended = this.#closed.then(() => assert.fail(this.#obituary()));
    return await Promise.race([promise, ended]);
  }

  /** Fails with what it said unless it ends with code 0. */
  async succeeded(): Promise<void> {
    assert.equal(await this.exited(), 0, this.#obituary());
  }

  async stop(signal: "SIGINT" | "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    // What it started may hold its output open for longer.
    await this.#exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  #collect(stream: NodeJS.ReadableStream | null, into: string[]): void {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      into.push(line);
      this.#wake();
    });
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }

  /** A signal leaves no code. */
  #obituary(): string {
    const end = this.#child.exitCode ?? this.#child.signalCode;
    const tail = [...this.#lines.slice(-10), ...this.#errorLines.slice(-20)].join("\n");
    return `${this.#name} ended with ${end}:\n${tail}`;
  }
}
