import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunningProgram } from "../running-program.ts";
import { COMPOSE_FILE } from "./compose-config.ts";
import { fixedPort } from "./fixed-port.ts";
import { startScript } from "./script-container.ts";
import { testName } from "./test-label.ts";

const execute = promisify(execFile);

const TRACE_SINK = join(import.meta.dirname, "trace-sink.ts");

/** docker-compose.yml as its own project, with ports that are free. */
export class ComposedFleet implements AsyncDisposable {
  readonly #env: Readonly<Record<string, string>>;

  private constructor(env: Readonly<Record<string, string>>) {
    this.#env = env;
  }

  static async up(content: string, consolePort: number): Promise<ComposedFleet> {
    const fleet = new ComposedFleet({
      FLEET_CONTENT: content,
      FLEET_CONSOLE_PORT: String(consolePort),
      FLEET_TRACKER_PORT: String(await fixedPort()),
      FLEET_PEER_PORT_1: String(await fixedPort()),
      FLEET_PEER_PORT_2: String(await fixedPort()),
      FLEET_OTLP_URL: "http://jaeger:4318",
      FLEET_TRACE_RATIO: "1",
    });
    try {
      await fleet.compose("up", "--detach", "--no-build");
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  async compose(...args: readonly string[]): Promise<string> {
    const options = ["compose", "--file", COMPOSE_FILE, "--project-name", testName];
    const { stdout } = await execute("docker", [...options, ...args], {
      env: { ...process.env, ...this.#env },
    });
    return stdout.trim();
  }

  /** Starts, under Jaeger's name, what takes the services' traces. */
  async takeTraces(): Promise<RunningProgram> {
    const sink = startScript(TRACE_SINK, { network: `${testName}_default`, alias: "jaeger" });
    await sink.line((line) => (line === "listening" ? true : null));
    return sink;
  }

  /** What each of these answers to one of the services, by its URL; null if it does not. */
  async answers(urls: readonly string[]): Promise<Readonly<Record<string, string | null>>> {
    const script = `const get = async (url) => {
      const response = await fetch(url).catch(() => null);
      return [url, response?.ok ? await response.text() : null];
    };
    const answers = await Promise.all(JSON.parse(process.argv[1]).map(get));
    process.stdout.write(JSON.stringify(Object.fromEntries(answers)));`;
    const node = ["node", "--input-type=module", "--eval", script, JSON.stringify(urls)];
    return JSON.parse(await this.compose("exec", "--no-TTY", "console", ...node));
  }

  /** How each of its services ended, in order of their names. */
  async exitCodes(): Promise<readonly (readonly [string, number])[]> {
    const lines = (await this.compose("ps", "--all", "--format", "json")).split("\n");
    return lines
      .map((line) => JSON.parse(line))
      .map(({ Service, ExitCode }) => [String(Service), Number(ExitCode)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose("down", "--volumes", "--timeout", "20");
  }
}
