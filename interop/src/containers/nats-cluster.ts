import { ok } from "node:assert/strict";
import { type StartedTestContainer, Wait } from "testcontainers";
import { eventually } from "../eventually.ts";
import { docker } from "./docker.ts";
import { NetworkedContainer } from "./networked-container.ts";
import { testLabels } from "./test-label.ts";
import type { TestNetwork } from "./test-network.ts";

const SERVERS = ["nats-1", "nats-2", "nats-3"];
const MONITOR_PORT = 8222;

/** Three servers of NATS that keep JetStream's data together. */
export type NatsCluster = AsyncDisposable & {
  /** What the fleet is told. */
  readonly url: string;
  /** How many replicas each stream has, by its name. */
  replicas(): Promise<Readonly<Record<string, number>>>;
  /** Kills the server that leads a stream, and gives its name once others lead all streams. */
  killLeader(stream: string): Promise<string>;
};

type StreamDetail = {
  readonly name: string;
  readonly cluster: { readonly leader?: string; readonly replicas?: readonly unknown[] };
};

type JetStreamState = {
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size?: number };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[];
};

export async function startNatsCluster(network: TestNetwork): Promise<NatsCluster> {
  const [first = "", second = "", third = ""] = SERVERS;
  const two = await Promise.all([startServer(network, first), startServer(network, second)]);
  await untilLed(two);
  // Were all three to elect their first leader together, one may stay outside of the other two.
  const started = [...two, await startServer(network, third)];
  await untilLed(started);
  const running = new Map(SERVERS.map((name, index) => [name, started[index]]));
  const any = (): StartedTestContainer => {
    const [server] = running.values();
    ok(server, "no NATS server is left");
    return server;
  };
  return {
    url: SERVERS.map((name) => `nats://${name}:4222`).join(","),
    async replicas() {
      const streams = streamsOf(await stateOf(any()));
      return Object.fromEntries(
        streams.map(({ name, cluster }) => [name, 1 + (cluster.replicas ?? []).length]),
      );
    },
    async killLeader(stream) {
      const state = await stateOf(any());
      const leader = streamsOf(state).find(({ name }) => name === stream)?.cluster.leader ?? "";
      const server = running.get(leader);
      ok(server, `nobody leads ${stream}`);
      running.delete(leader);
      await docker("kill", server.getId());
      await eventually(async () => {
        const leaders = streamsOf(await stateOf(any())).map(({ cluster }) => cluster.leader ?? "");
        return leaders.every((name) => running.has(name));
      }, true);
      return leader;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((server) => server.stop()));
    },
  };
}

/** Resolves once all of them know of each other and have one leader. */
async function untilLed(servers: readonly StartedTestContainer[]): Promise<void> {
  await eventually(async () => {
    const metas = (await Promise.all(servers.map(stateOf))).map((state) => state.meta_cluster);
    const leaders = new Set(metas.map((meta) => meta?.leader ?? ""));
    const isWhole = metas.every((meta) => meta?.cluster_size === servers.length);
    return isWhole && leaders.size === 1 && !leaders.has("");
  }, true);
}

function startServer(network: TestNetwork, name: string): Promise<StartedTestContainer> {
  const routes = SERVERS.map((other) => `nats://${other}:6222`).join(",");
  return new NetworkedContainer("nats:2")
    .withLabels(testLabels)
    .inNetwork(network.name, name)
    .withCommand([
      ...["--name", name, "--jetstream", "--store_dir", "/tmp/jetstream"],
      ...["--cluster_name", "fleet", "--cluster", "nats://0.0.0.0:6222", "--routes", routes],
      ...["--http_port", String(MONITOR_PORT)],
    ])
    .withTmpFs({ "/tmp": "rw" })
    .withExposedPorts(MONITOR_PORT)
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start();
}

async function stateOf(server: StartedTestContainer): Promise<JetStreamState> {
  const authority = `${server.getHost()}:${server.getMappedPort(MONITOR_PORT)}`;
  const response = await fetch(`http://${authority}/jsz?streams=true`);
  return (await response.json()) as JetStreamState;
}

function streamsOf({ account_details: accounts = [] }: JetStreamState): readonly StreamDetail[] {
  return accounts.flatMap(({ stream_detail: streams = [] }) => streams);
}
