import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { BenchError } from "./bench-error.ts";

/** Longer than any of ours takes to stop in peace. */
const STOP_MS_MAX = 10_000;

/** Enough of what a process complained of to see why it ended. */
const COMPLAINT_CHARACTERS_MAX = 2_000;

export type ChildCommand = {
  /** What messages call it. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

type Fields = Readonly<Record<string, unknown>>;
type Reading = { readonly event: string; readonly settle: (fields: Fields | BenchError) => void };

/**
 * A process of this benchmark that tells what happens as one JSON object a line, each with an
 * `event`. Disposing of it ends it; one that ends by itself fails whoever waits for an event.
 */
export class BenchProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #told = new Map<string, Fields>();
  readonly #hearing = new Map<string, (fields: Fields) => void>();
  readonly #readings = new Set<Reading>();
  #complaint = "";
  #ended: BenchError | null = null;

  /** Starts a process that ends with `running`, and none when that has ended already. */
  static start(command: ChildCommand, running: AsyncDisposableStack): BenchProcess {
    if (running.disposed) throw new BenchError("the benchmark was stopped");
    return running.use(new BenchProcess(command));
  }

  constructor({ name, program, args, env }: ChildCommand) {
    this.#name = name;
    // Its standard input stays open as long as we live: a process may watch it end.
    const child = spawn(program, args, { env: { ...process.env, ...env } });
    this.#child = child;
    this.#exited = once(child, "close").catch((error: unknown) => this.#end(String(error)));
    child.on("close", (code, signal) => this.#end(`ended with ${signal ?? `code ${code}`}`));
    child.stdin.on("error", () => {});
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-COMPLAINT_CHARACTERS_MAX);
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.#read(line));
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw this.#ended ?? new BenchError(`${this.#name} did not start`);
    return pid;
  }

  /** The last it said on its standard error. */
  get complaint(): string {
    return this.#complaint;
  }

  /** The fields of the event it told, or tells within the time. */
  async event(event: string, timeoutMs: number): Promise<Fields> {
    const told = this.#told.get(event);
    if (told !== undefined) return told;
    if (this.#ended !== null) throw this.#ended;
    const { promise, resolve, reject } = Promise.withResolvers<Fields>();
    const reading: Reading = {
      event,
      settle: (fields) => (fields instanceof BenchError ? reject(fields) : resolve(fields)),
    };
    this.#readings.add(reading);
    const late = new BenchError(`${this.#name} did not tell "${event}" in ${timeoutMs} ms`);
    const timer = setTimeout(reject, timeoutMs, late);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#readings.delete(reading);
    });
  }

  /** Hears every event of that name from now on. */
  hear(event: string, listener: (fields: Fields) => void): void {
    this.#hearing.set(event, listener);
  }

  /** Writes a line to its standard input. One that has ended is told nothing. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    child.kill("SIGTERM");
    await this.#exited;
    clearTimeout(timer);
  }

  #read(line: string): void {
    const fields = parseLine(line);
    const event = fields?.["event"];
    if (fields === null || typeof event !== "string") return;
    this.#told.set(event, fields);
    this.#hearing.get(event)?.(fields);
    for (const reading of this.#readings) if (reading.event === event) reading.settle(fields);
  }

  #end(how: string): void {
    const complaint = this.#complaint.trim();
    const detail = complaint === "" ? "" : `: ${complaint}`;
    this.#ended ??= new BenchError(`${this.#name} ${how}${detail}`);
    for (const reading of this.#readings) reading.settle(this.#ended);
  }
}

function parseLine(line: string): Fields | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}
