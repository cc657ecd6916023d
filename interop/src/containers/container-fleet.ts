import { mkdir } from "node:fs/promises";
import { eventually } from "../eventually.ts";
import { type LibtorrentOptions, startLibtorrent } from "../libtorrent.ts";
import type { RunningProgram } from "../running-program.ts";
import { scrape } from "../scrape.ts";
import { thisMachine } from "../test-host.ts";
import { docker } from "./docker.ts";
import { downloadFile } from "./download-file.ts";
import { fixedPort } from "./fixed-port.ts";
import { type NatsCluster, startNatsCluster } from "./nats-cluster.ts";
import { IMAGE, ServiceContainer } from "./service-container.ts";
import { testLabel } from "./test-label.ts";
import { startTestNetwork, type TestNetwork } from "./test-network.ts";

export type FleetOptions = {
  readonly gatewaySettings: Readonly<Record<string, string>>;
  readonly gatewayMemoryBytes: number;
  /** The directory under which everything that is published lies. */
  readonly content: string;
};

export type FleetGateway = { readonly container: ServiceContainer; readonly port: number };

/** The console's list, as far as tests look at it. */
export type Listed = {
  readonly name: string;
  readonly infoHash: string;
  readonly pieceLengthBytes: number;
  readonly torrentUrl: string;
};

const REPLICAS = 3;

/**
 * What this machine sends by UDP to a container's published port is answered from the container's
 * own address, since both are in one network; so a client would wait for an answer by uTP.
 */
const WITHOUT_UDP = { enable_outgoing_utp: false };

/** Every service in containers of the image, over a cluster of three NATS servers. */
export class ContainerFleet implements AsyncDisposable {
  readonly #running: AsyncDisposableStack = new AsyncDisposableStack();
  readonly #services: ServiceContainer[] = [];
  readonly #gateways: FleetGateway[] = [];
  readonly #content: string;
  readonly #network: TestNetwork;
  readonly #announceUrls: string[] = [];
  readonly nats: NatsCluster;
  #consoleUrl = "";

  private constructor(content: string, network: TestNetwork, nats: NatsCluster) {
    this.#content = content;
    this.#network = network;
    this.nats = nats;
    this.#running.use(network);
    this.#running.use(nats);
  }

  static async start(options: FleetOptions): Promise<ContainerFleet> {
    const network = await startTestNetwork();
    const fleet = new ContainerFleet(options.content, network, await startNatsCluster(network));
    try {
      await fleet.#start(options);
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** All services, one of a kind after the other. */
  get services(): readonly ServiceContainer[] {
    return this.#services;
  }

  get gateways(): readonly FleetGateway[] {
    return this.#gateways;
  }

  /** The network's name, by which containers become a part of it. */
  get network(): string {
    return this.#network.name;
  }

  /** This machine's address in the network, by which clients reach gateways and trackers. */
  get address(): string {
    return this.#network.hostAddress;
  }

  /** Publishes a path with the image's command line, and gives what the console lists of it. */
  async publish(path: string, name: string): Promise<Listed> {
    const mount = ["--volume", `${path}:${path}:ro`];
    const nats = ["--env", `SEEDFLEET_NATS_URL=${this.nats.url}`];
    const network = ["--network", this.#network.name];
    const options = ["--rm", "--label", testLabel, ...network, ...mount, ...nats];
    await docker("run", ...options, IMAGE, "cli", "publish", path);
    const listed: Listed[] = [];
    await eventually(async () => {
      const response = await fetch(`${this.#consoleUrl}/torrents`);
      // While NATS elects a leader the console cannot list anything.
      if (!response.ok) return false;
      const { torrents } = (await response.json()) as { readonly torrents: readonly Listed[] };
      listed.push(...torrents.filter((torrent) => torrent.name === name).slice(0, 1));
      return listed.length > 0;
    }, true);
    const [torrent] = listed;
    if (torrent === undefined) throw new Error(`${name} is not listed`);
    // Who asks a tracker too soon is told that there is no such torrent, and libtorrent asks again
    // after minutes. Trackers hear of it at once, but late when a NATS server has just died.
    await Promise.all(this.#announceUrls.map((url) => eventually(() => knows(url, torrent), true)));
    return torrent;
  }

  /** Starts libtorrent on this machine, as a part of the containers' network. */
  async download(
    torrent: Listed,
    directory: string,
    options: Partial<LibtorrentOptions> = {},
  ): Promise<RunningProgram> {
    const file = `${directory}.torrent`;
    await mkdir(directory, { recursive: true });
    await downloadFile(torrent.torrentUrl, file);
    return startLibtorrent({
      ...options,
      settings: { ...WITHOUT_UDP, ...options.settings },
      host: thisMachine(this.address),
      torrent: file,
      directory,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.disposeAsync();
  }

  async #start(options: FleetOptions): Promise<void> {
    const all = await Promise.allSettled([
      ...twoOf("tracker").map((name) => this.#startTracker(name)),
      ...twoOf("choking-scheduler").map((name) => this.#startService("choking-scheduler", name)),
      ...twoOf("gateway").map((name) => this.#startGateway(name, options)),
      this.#startService("piece-store", "piece-store-1", {
        settings: { SEEDFLEET_PIECE_STORE_ROOTS: this.#content },
        content: this.#content,
      }),
      this.#startConsole("console-1"),
    ]);
    // Only now, so that no other is still about to start when this one is taken away.
    for (const one of all) if (one.status === "rejected") throw one.reason;
  }

  async #startTracker(name: string): Promise<void> {
    const port = await fixedPort();
    const settings = {
      SEEDFLEET_TRACKER_PORT: String(port),
      SEEDFLEET_TRACKER_ADVERTISED_HOST: this.address,
      SEEDFLEET_TRACKER_UDP: "false",
    };
    await this.#startService("tracker", name, { settings, ports: [port] });
    this.#announceUrls.push(`http://${this.address}:${port}/announce`);
  }

  async #startGateway(
    name: string,
    { gatewaySettings, gatewayMemoryBytes }: FleetOptions,
  ): Promise<void> {
    const port = await fixedPort();
    const settings = {
      SEEDFLEET_GATEWAY_PEER_PORT: String(port),
      SEEDFLEET_GATEWAY_ADVERTISED_HOST: this.address,
      ...gatewaySettings,
    };
    const container = await this.#startService("gateway", name, {
      settings,
      ports: [port],
      memoryBytes: gatewayMemoryBytes,
    });
    this.#gateways.push({ container, port });
  }

  async #startConsole(name: string): Promise<void> {
    const port = await fixedPort();
    this.#consoleUrl = `http://${this.address}:${port}`;
    const settings = {
      SEEDFLEET_CONSOLE_PORT: String(port),
      SEEDFLEET_CONSOLE_URL: this.#consoleUrl,
    };
    await this.#startService("console", name, { settings, ports: [port] });
  }

  async #startService(
    service: string,
    name: string,
    options: Partial<Parameters<typeof ServiceContainer.start>[0]> = {},
  ): Promise<ServiceContainer> {
    const container = await ServiceContainer.start({
      ...options,
      ...{ network: this.#network, service, name },
      settings: {
        SEEDFLEET_NATS_URL: this.nats.url,
        SEEDFLEET_NATS_REPLICAS: String(REPLICAS),
        ...options.settings,
      },
    });
    this.#services.push(this.#running.use(container));
    return container;
  }
}

function twoOf(role: string): readonly string[] {
  return [`${role}-1`, `${role}-2`];
}

/** Whether a tracker tells of the torrent. */
async function knows(announceUrl: string, { infoHash }: Listed): Promise<boolean> {
  return await scrape(announceUrl, infoHash).then(
    () => true,
    () => false,
  );
}
