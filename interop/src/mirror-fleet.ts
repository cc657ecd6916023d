import { join } from "node:path";
import { type MirrorProgress, mirrorProgressEvent } from "@seedfleet/contracts";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { Gathered, type NatsServer, startNatsServer } from "@seedfleet/testkit";
import {
  type LibtorrentOptions,
  type LibtorrentSettings,
  listenPort,
  startLibtorrent,
} from "./libtorrent.ts";
import { RunningProgram } from "./running-program.ts";
import { sameTree } from "./same-tree.ts";
import type { SeededTorrent } from "./seeded-torrent.ts";
import { event, type FiveServices, startFiveServices } from "./seedfleet.ts";
import type { RunningSeed } from "./seeds.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");

/** A `mirroring` line of `mirror --json`. */
export type Mirroring = {
  readonly infoHash: string;
  readonly state: string;
  readonly reason: string | null;
  readonly pieceCount: number | null;
  readonly havePieces: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly peers: number;
};

type Torrent = Pick<SeededTorrent, "metainfo" | "directory">;

/** The five services as processes of their own, of which the piece-store keeps content. */
export class MirrorFleet implements AsyncDisposable {
  /** For all that the test writes. */
  readonly path: string;
  readonly nats: NatsServer;
  readonly services: FiveServices;
  readonly #managedRoot: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { path, nats, services }: Pick<MirrorFleet, "path" | "nats" | "services">,
    { managedRoot, stack }: { readonly managedRoot: string; readonly stack: AsyncDisposableStack },
  ) {
    this.path = path;
    this.nats = nats;
    this.services = services;
    this.#managedRoot = managedRoot;
    this.#stack = stack;
  }

  static async start(
    gatewayEnv: Readonly<Record<string, string>> = {},
    where?: string,
  ): Promise<MirrorFleet> {
    await using starting = new AsyncDisposableStack();
    const { path } = starting.use(await temporaryDirectory());
    const nats = await startNatsServer();
    starting.defer(() => nats.stop());
    const managedRoot = where ?? join(path, "managed");
    const services = starting.use(
      await startFiveServices(host, nats.url, path, { gatewayEnv, managedRoot }),
    );
    return new MirrorFleet({ path, nats, services }, { managedRoot, stack: starting.move() });
  }

  /** A client that has all of a torrent. It ends with the fleet at the latest. */
  async seed(
    { torrentFile, directory }: Pick<SeededTorrent, "torrentFile" | "directory">,
    settings: LibtorrentSettings = {},
    options: Pick<LibtorrentOptions, "seedMode"> = {},
  ): Promise<RunningSeed> {
    const torrent = { torrent: torrentFile, directory };
    const client = { host, ...torrent, settings, ...options, stays: true };
    const program = this.#stack.use(await startLibtorrent(client));
    await program.line((line) => (line === "finished" ? true : null));
    return { program, port: await listenPort(program) };
  }

  /** `seedfleet mirror`, followed until it is complete. It ends with the fleet at the latest. */
  mirror(torrent: string, ...options: readonly string[]): RunningProgram {
    return this.#stack.use(this.#cli("mirror", torrent, ...options));
  }

  /** Runs a command of `seedfleet` to its end, and gives the lines of its JSON. */
  async run(...args: readonly string[]): Promise<readonly string[]> {
    await using command = this.#cli(...args);
    await command.succeeded();
    return command.lines;
  }

  /** What gateways tell of a mirror from now on. */
  async watch({ metainfo }: Torrent): Promise<Gathered<MirrorProgress>> {
    const bus = await this.bus();
    const told = new Gathered<MirrorProgress>();
    const params = { infoHash: metainfo.infoHash };
    bus.subscribe(mirrorProgressEvent, { params }, told.add);
    await bus.flush();
    return told;
  }

  /** One of the test's own, until the fleet ends. */
  async bus(): Promise<Awaited<ReturnType<typeof connectBus>>> {
    const options = { servers: [this.nats.url], user: null, password: null, token: null };
    const ports = { clock: systemClock, telemetry: silentTelemetry, name: "test" };
    const bus = await connectBus(options, ports);
    this.#stack.defer(() => bus.close());
    return bus;
  }

  /** Where the store keeps the files. */
  contentOf({ metainfo }: Torrent): string {
    return join(this.#managedRoot, metainfo.infoHash, "content");
  }

  /** Fails unless the store has the files, byte by byte. */
  async expectMirrored(torrent: Torrent, where?: string): Promise<void> {
    const { metainfo, directory } = torrent;
    await sameTree(
      where === undefined ? this.contentOf(torrent) : join(where, metainfo.infoHash, "content"),
      metainfo.single ? directory : join(directory, metainfo.name),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #cli(...args: readonly string[]): RunningProgram {
    const bus = ["--bus", this.nats.url, "--json"];
    return RunningProgram.start(host.command(process.execPath, CLI, ...args, ...bus));
  }
}

/** The option that names somebody who has it. */
export function peerOption({ port }: Pick<RunningSeed, "port">): readonly string[] {
  return ["--peer", `${host.address}:${port}`];
}

/** The first `mirroring` line that is as wanted. */
export function mirroring(
  command: RunningProgram,
  isWanted: (told: Mirroring) => boolean,
): Promise<Mirroring> {
  return command.line((line) => {
    const told = event<Mirroring>(line, "mirroring");
    return told !== null && isWanted(told) ? told : null;
  });
}

/** All `mirroring` lines so far. */
export function mirroringLines({ lines }: RunningProgram): readonly Mirroring[] {
  return lines.flatMap((line) => event<Mirroring>(line, "mirroring") ?? []);
}
