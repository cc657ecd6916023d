import { deepEqual, equal, match } from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { eventually } from "../eventually.ts";
import { givenTree } from "../given-content.ts";
import { startLibtorrent } from "../libtorrent.ts";
import { sameTree } from "../same-tree.ts";
import { loopbackHost } from "../test-host.ts";
import { downloadFile } from "./download-file.ts";
import { fixedPort } from "./fixed-port.ts";
import { readableDirectory } from "./readable-directory.ts";

const execute = promisify(execFile);

const FILE = join(import.meta.dirname, "../../../docker-compose.yml");
/** Of the console's list. */
type Listed = { readonly name: string; readonly torrentUrl: string };

const PROJECT = `seedfleet-test-${process.pid}`;

/** docker-compose.yml as its own project, with ports that are free. */
class ComposedFleet implements AsyncDisposable {
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
    const options = ["compose", "--file", FILE, "--project-name", PROJECT];
    const { stdout } = await execute("docker", [...options, ...args], {
      env: { ...process.env, ...this.#env },
    });
    return stdout.trim();
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

test("docker compose up seeds a directory to a client on the machine", async () => {
  await using content = await readableDirectory();
  await using work = await readableDirectory();
  await givenTree(join(content.path, "tree"), { "a.bin": 5_000_000, "nested/b.bin": 300_000 });
  await givenTree(content.path, { "single.bin": 1_000_000 });
  const consolePort = await fixedPort();
  await using fleet = await ComposedFleet.up(content.path, consolePort);

  const torrents = new Map<string, string>();
  await eventually(async () => {
    for (const { name, torrentUrl } of await listed(consolePort)) torrents.set(name, torrentUrl);
    return [...torrents.keys()].toSorted();
  }, ["single.bin", "tree"]);
  for (const [name, url] of torrents) {
    const torrent = join(work.path, `${name}.torrent`);
    await downloadFile(url, torrent);
    const directory = join(work.path, name);
    await using client = await startLibtorrent({ host: loopbackHost, torrent, directory });
    await client.succeeded();
  }
  await sameTree(join(work.path, "tree", "tree"), join(content.path, "tree"));
  await mkdir(join(work.path, "expected"));
  await copyFile(join(content.path, "single.bin"), join(work.path, "expected", "single.bin"));
  await sameTree(join(work.path, "single.bin"), join(work.path, "expected"));
  match(await fleet.compose("run", "--rm", "cli", "ls"), /single\.bin/);

  // nats-server itself ends with 1 when it is asked to.
  await fleet.compose("stop", "--timeout", "20");
  const failed = (await fleet.exitCodes()).filter(
    ([service, exitCode]) => service !== "nats" && exitCode !== 0,
  );
  deepEqual(failed, [], "a service did not drain");
});

test("what docker-compose.yml says of watching a fleet holds together", async () => {
  const args = ["compose", "--file", FILE, "--profile", "observe", "--profile", "tools", "config"];
  const { stdout } = await execute("docker", [...args, "--format", "json"]);
  const { services } = JSON.parse(stdout);
  equal(services.prometheus.read_only, true);
  const watched = Object.keys(services).filter((name) => services[name].build !== undefined);
  deepEqual(watched.toSorted(), [
    ...["choking-scheduler", "cli", "console", "gateway-1", "gateway-2"],
    ...["piece-store", "publish", "tracker"],
  ]);
});

/** What the console lists; nothing while it is not there. */
async function listed(port: number): Promise<readonly Listed[]> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/torrents`);
    return ((await response.json()) as { readonly torrents: readonly Listed[] }).torrents;
  } catch {
    return [];
  }
}
