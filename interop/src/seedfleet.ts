import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RunningProgram } from "./running-program.ts";
import type { TestHost } from "./test-host.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLI = join(ROOT, "apps/cli/src/main.ts");

/** The `ready` line of `up --json`. */
export type Ready = {
  readonly pid: number;
  readonly torrents: readonly {
    readonly name: string;
    readonly infoHash: string;
    readonly sizeBytes: number;
    readonly torrentFile: string;
    readonly v1TorrentFile: string | null;
    readonly torrentUrl: string;
    readonly magnet: string;
    readonly v1Magnet: string | null;
  }[];
  readonly trackerUrls: readonly string[];
  readonly peerAddress: string;
  readonly consoleUrl: string;
  readonly adminUrl: string;
};

export type UpSettings = {
  /** More of the command line. */
  readonly args?: readonly string[];
  /** `SEEDFLEET_*` variables. */
  readonly env?: Readonly<Record<string, string>>;
};

export type Up = { readonly program: RunningProgram; readonly ready: Ready };

/** `seedfleet up` as a process of its own, once it seeds. */
export async function startUp(
  host: TestHost,
  paths: readonly string[],
  dataDir: string,
  options: UpSettings = {},
): Promise<Up> {
  const { args = [], env = {} } = options;
  const ports = ["--peer-port", "0", "--tracker-port", "0", "--console-port", "0"];
  const where = ["--host", host.address, "--data-dir", dataDir, ...ports, "--json"];
  const command = host.command(process.execPath, CLI, "up", ...paths, ...where, ...args);
  const program = RunningProgram.start(command, { env });
  const ready = await program.line((line) => event<Ready>(line, "ready"));
  return { program, ready };
}

/** A line of `--json` output if it tells of this event. */
export function event<Fields>(line: string, name: string): Fields | null {
  if (!line.startsWith("{")) return null;
  const told = JSON.parse(line);
  return told.event === name ? told : null;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** A log line if it has this message. */
export function logged(line: string, message: string): LogLine | null {
  if (!line.startsWith("{")) return null;
  const told = JSON.parse(line);
  return told.msg === message ? told : null;
}

/** The five services as processes of their own, over one NATS. */
export type FiveServices = AsyncDisposable & {
  /** Has the piece-store hash and publish a path, fetches its `.torrent` and writes it. */
  publish(path: string, torrentFile: string, options?: readonly string[]): Promise<void>;
  readonly gateway: Gateway;
  readonly scheduler: RunningProgram;
  readonly store: RunningProgram;
  readonly consoleUrl: string;
  /** All processes that were started. */
  readonly programs: readonly RunningProgram[];
  /** Another one beside the first, or one that ended anew: at this port, else at a free one. */
  startGateway(id: string, port?: number): Promise<Gateway>;
  startScheduler(id: string): Promise<RunningProgram>;
  /** In the place of the first, which must have ended; or another one, with content of its own. */
  startStore(id?: string, managedRoot?: string): Promise<RunningProgram>;
};

export type FiveSettings = {
  /** `SEEDFLEET_*` variables of every gateway. */
  readonly gatewayEnv?: Readonly<Record<string, string>>;
  /** `SEEDFLEET_*` variables of a service, or of the operator's command (`cli`). */
  readonly envOf?: (app: string) => Readonly<Record<string, string>>;
  /** Where the piece-store keeps content of its own; without it none is taken. */
  readonly managedRoot?: string;
};

export type Gateway = {
  readonly program: RunningProgram;
  /** Where peers come to it. */
  readonly address: readonly [string, number];
};

export async function startFiveServices(
  host: TestHost,
  natsUrl: string,
  root: string,
  options: FiveSettings = {},
): Promise<FiveServices> {
  const { envOf = () => ({}), gatewayEnv, managedRoot } = options;
  await using starting = new AsyncDisposableStack();
  let stack = starting;
  const programs: RunningProgram[] = [];
  const start = async (
    app: string,
    env: Readonly<Record<string, string>>,
  ): Promise<RunningProgram> => {
    const main = join(ROOT, "apps", app, "src/main.ts");
    const program = RunningProgram.start(host.command(process.execPath, main), {
      env: { SEEDFLEET_NATS_URL: natsUrl, SEEDFLEET_ID: "test", ...envOf(app), ...env },
    });
    stack.use(program);
    programs.push(program);
    await program.line((line) => logged(line, "service started"));
    return program;
  };
  const at = (service: string) => ({
    [`SEEDFLEET_${service}_HOST`]: host.address,
    [`SEEDFLEET_${service}_${service === "GATEWAY" ? "PEER_PORT" : "PORT"}`]: "0",
  });
  const startGateway = async (id: string, port?: number): Promise<Gateway> => {
    const program = await start("gateway", {
      ...{ SEEDFLEET_ID: id, ...at("GATEWAY"), ...gatewayEnv },
      ...(port === undefined ? {} : { SEEDFLEET_GATEWAY_PEER_PORT: String(port) }),
    });
    const listening = await program.line((line) => logged(line, "gateway listening"));
    return { program, address: [host.address, Number(listening["port"])] };
  };
  const startScheduler = (id: string): Promise<RunningProgram> =>
    start("choking-scheduler", { SEEDFLEET_ID: id });
  await start("tracker", at("TRACKER"));
  const scheduler = await startScheduler("test");
  const startStore = (id = "test", managed = managedRoot): Promise<RunningProgram> =>
    start("piece-store", {
      ...{ SEEDFLEET_ID: id, SEEDFLEET_PIECE_STORE_ROOTS: root },
      ...(managed === undefined ? {} : { SEEDFLEET_PIECE_STORE_MANAGED_ROOT: managed }),
    });
  const store = await startStore();
  const console = await start("console", at("CONSOLE"));
  const { url: consoleUrl } = await console.line((line) => logged(line, "console listening"));
  const gateway = await startGateway("test");
  stack = starting.move();
  return {
    publish: (path, torrentFile, flags = []) =>
      publish({ host, natsUrl, options: flags, env: envOf("cli") }, path, torrentFile),
    ...{ programs, gateway, scheduler, store, startGateway, startScheduler, startStore },
    consoleUrl: String(consoleUrl),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Has `seedfleet choking` set how a torrent's slots are given out. */
export async function setChoking(
  host: TestHost,
  natsUrl: string,
  infoHash: string,
  options: readonly string[],
): Promise<void> {
  const args = ["choking", infoHash, "--bus", natsUrl, "--json", ...options];
  await using command = RunningProgram.start(host.command(process.execPath, CLI, ...args));
  await command.succeeded();
}

/** Fetches a URL and prints its bytes as base64. Asked to come back, it does, as curl would. */
const FETCH = `
  import { setTimeout } from "node:timers/promises";
  let response = await fetch(process.argv[1]);
  for (let retries = 0; response.status === 503 && retries < 5; retries += 1) {
    await setTimeout(1_000);
    response = await fetch(process.argv[1]);
  }
  if (!response.ok) throw new Error(response.status + " " + (await response.text()));
  process.stdout.write(Buffer.from(await response.arrayBuffer()).toString("base64"));
`;

type PublishSettings = {
  readonly host: TestHost;
  readonly natsUrl: string;
  readonly options: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

async function publish(
  { host, natsUrl, options, env }: PublishSettings,
  path: string,
  torrentFile: string,
): Promise<void> {
  const args = ["publish", path, "--bus", natsUrl, "--json", ...options];
  const program = host.command(process.execPath, CLI, ...args);
  await using command = RunningProgram.start(program, { env });
  await command.succeeded();
  const torrents = command.lines.map((line) => event<{ torrentUrl: string }>(line, "torrent"));
  const url = torrents.find((torrent) => torrent !== null)?.torrentUrl ?? "";
  // The console's address may lie in a namespace this process is not in.
  const node = host.command(process.execPath, "--input-type=module", "--eval", FETCH, url);
  await using fetched = RunningProgram.start(node);
  await fetched.succeeded();
  await writeFile(torrentFile, Buffer.from(fetched.lines.join(""), "base64"));
}
