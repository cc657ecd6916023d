import { equal, ok } from "node:assert/strict";
import { setTimeout as pass } from "node:timers/promises";
import { Wait } from "testcontainers";
import { type ContainerMemory, containerMemory } from "./container-memory.ts";
import { docker, dockerLogs } from "./docker.ts";
import { fixedPort } from "./fixed-port.ts";
import { NetworkedContainer } from "./networked-container.ts";
import { testLabels } from "./test-label.ts";
import type { TestNetwork } from "./test-network.ts";

export const IMAGE = "seedfleet:latest";
const ADMIN_PORT = 9464;

/** Eight of them start at once, on two processors as well, which others may be using. */
const START_MS_MAX = 240_000;

/** As docker-compose.yml has it; longer than a service may take. */
const STOP_SECONDS_MAX = 20;

const POLL_MS = 100;
const BYTES_PER_GIB = 2 ** 30;

export type ServiceOptions = {
  readonly network: TestNetwork;
  readonly service: string;
  /** Its name in the network and in the fleet. */
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Of this machine, the same inside. */
  readonly ports?: readonly number[];
  readonly memoryBytes?: number;
  /** A directory of this machine that it may read, at the same path. */
  readonly content?: string;
};

export type ContainerState = {
  readonly Running: boolean;
  readonly OOMKilled: boolean;
  readonly ExitCode: number;
};

/** A service in a container, which is ready, and is killed at the end of the test. */
export class ServiceContainer implements AsyncDisposable {
  readonly name: string;
  readonly #network: TestNetwork;
  readonly #id: string;
  readonly #adminUrl: string;

  private constructor({ name, network }: ServiceOptions, id: string, adminPort: number) {
    this.name = name;
    this.#network = network;
    this.#id = id;
    this.#adminUrl = `http://127.0.0.1:${adminPort}`;
  }

  static async start(options: ServiceOptions): Promise<ServiceContainer> {
    const { network, service, name, settings, ports = [], memoryBytes, content } = options;
    const adminPort = await fixedPort();
    const container = new NetworkedContainer(IMAGE)
      .withLabels(testLabels)
      .inNetwork(network.name, name)
      .withCommand([service])
      .withEnvironment({ SEEDFLEET_ID: name, ...settings })
      .withDroppedCapabilities("ALL")
      .withSecurityOpt("no-new-privileges:true")
      .withExposedPorts(
        { container: ADMIN_PORT, host: adminPort },
        ...ports.map((port) => ({ container: port, host: port })),
      )
      .withWaitStrategy(Wait.forLogMessage(/\S/))
      .withStartupTimeout(START_MS_MAX);
    if (memoryBytes !== undefined) {
      container.withResourcesQuota({ memory: memoryBytes / BYTES_PER_GIB });
    }
    if (content !== undefined) {
      container.withBindMounts([{ source: content, target: content, mode: "ro" }]);
    }
    const started = new ServiceContainer(options, (await container.start()).getId(), adminPort);
    try {
      await started.#untilReady();
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Stops it as an update would, and starts it again; resolves once it is ready. */
  async restart(): Promise<void> {
    await docker("stop", "--time", String(STOP_SECONDS_MAX), this.#id);
    const { ExitCode } = await this.state();
    equal(ExitCode, 0, `${this.name} did not end well:\n${await this.logs()}`);
    await docker("start", this.#id);
    await this.#untilReady();
  }

  /** From now on nobody reaches it, and it nobody. */
  async cutOff(): Promise<void> {
    await docker("network", "disconnect", this.#network.name, this.#id);
  }

  async state(): Promise<ContainerState> {
    return JSON.parse(await docker("inspect", "--format", "{{json .State}}", this.#id));
  }

  async memory(): Promise<ContainerMemory> {
    return await containerMemory(this.#id);
  }

  async logs(): Promise<string> {
    return await dockerLogs(this.#id);
  }

  /** The value of one of its metrics, over all labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.#adminUrl}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker("rm", "--force", "--volumes", this.#id);
  }

  /** One that ends is started again, as any orchestrator does: NATS may have been busy. */
  async #untilReady(): Promise<void> {
    const deadlineMs = performance.now() + START_MS_MAX;
    while (!(await this.#isReady())) {
      ok(performance.now() < deadlineMs, `${this.name} is not ready:\n${await this.logs()}`);
      if (!(await this.state()).Running) await docker("start", this.#id);
      await pass(POLL_MS);
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.#adminUrl}/readyz`)).ok;
    } catch {
      return false;
    }
  }
}
