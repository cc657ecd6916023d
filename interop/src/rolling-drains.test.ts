import { equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { fixedPort } from "./containers/fixed-port.ts";
import { givenTree } from "./given-content.ts";
import {
  encryptedOnly,
  type LibtorrentSettings,
  liftLimit,
  longestWaitMs,
  startLibtorrent,
} from "./libtorrent.ts";
import type { RunningProgram } from "./running-program.ts";
import { sameTree } from "./same-tree.ts";
import { type FiveServices, type Gateway, startFiveServices } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

/** So slow that a download takes a minute and a half, far more than all the restarts. */
const BYTES_PER_SECOND = 400_000;
const SIZE_BYTES = 36_000_000;

/** With few requests libtorrent's own waits under its limit are short: see drain.test.ts. */
const FEW_REQUESTS: LibtorrentSettings = { max_out_request_queue: 16 };

/** What a client may wait for content at most, whatever gateway leaves when. */
const WAIT_MS_MAX = 5_000;

type Case = {
  readonly settings?: LibtorrentSettings;
  readonly publish?: readonly string[];
};

/** Each has a torrent of its own, so that none gets content from another. */
const CASES: Readonly<Record<string, Case>> = {
  public: {},
  // Nobody but the tracker tells of gateways, and it is asked again much later.
  private: { publish: ["--private"] },
  encrypted: { settings: encryptedOnly("rc4"), publish: ["--private"] },
  // As libtorrent is by itself: both gateways are one peer to it, since they share an address.
  "one-address": { settings: { allow_multiple_connections_per_ip: false } },
};

type Client = { readonly name: string; readonly program: RunningProgram };

realPartTest(
  ["python3-libtorrent", "nats-server"],
  "clients go on while gateways are restarted one right after the other, at the same ports",
  async (t) => {
    await using work = await temporaryDirectory();
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    const ports = [await fixedPort(), await fixedPort()] as const;
    const gatewayEnv = { SEEDFLEET_GATEWAY_PEER_PORT: String(ports[0]) };
    await using services = await startFiveServices(host, nats.url, work.path, { gatewayEnv });
    let first = services.gateway;
    let second = await services.startGateway("second", ports[1]);

    await using running = new AsyncDisposableStack();
    const clients: Client[] = [];
    for (const [name, each] of Object.entries(CASES)) {
      const program = await download(services, join(work.path, name), each);
      clients.push({ name, program: running.use(program) });
    }
    for (const { program } of clients) await program.line(anyContent);

    first = await restarted(services, "test", first);
    second = await restarted(services, "second", second);
    first = await restarted(services, "test", first);
    await restarted(services, "second", second);

    for (const { name, program } of clients) {
      ok(!program.lines.includes("finished"), `${name} was done before the test was`);
      liftLimit(program);
    }
    await Promise.all(clients.map(({ program }) => program.succeeded()));
    for (const { name } of clients) {
      await sameTree(join(work.path, `${name}.client`, name), join(work.path, name));
    }
    const waits = clients.map(({ name, program }) => [name, longestWaitMs(program)] as const);
    const told = JSON.stringify(Object.fromEntries(waits));
    t.diagnostic(`longest wait in ms: ${told}`);
    ok(
      waits.every(([, waitMs]) => waitMs < WAIT_MS_MAX),
      told,
    );
  },
);

/** Publishes a tree at this path, and starts a client that downloads it. */
async function download(
  services: FiveServices,
  path: string,
  { settings = {}, publish = [] }: Case,
): Promise<RunningProgram> {
  const tree = await givenTree(path, { "image.iso": SIZE_BYTES });
  await services.publish(tree, `${path}.torrent`, publish);
  return await startLibtorrent({
    ...{ host, torrent: `${path}.torrent`, directory: `${path}.client` },
    ...{ settings: { ...FEW_REQUESTS, ...settings }, bytesPerSecondMax: BYTES_PER_SECOND },
  });
}

/** Drains the gateway, and starts it again as soon as it has ended; resolves once it is ready. */
async function restarted(
  services: FiveServices,
  id: string,
  { program, address: [, port] }: Gateway,
): Promise<Gateway> {
  equal(await program.stop("SIGTERM"), 0, [...program.lines, ...program.errorLines].join("\n"));
  return await services.startGateway(id, port);
}

function anyContent(line: string): true | null {
  return line.startsWith("from ") ? true : null;
}
