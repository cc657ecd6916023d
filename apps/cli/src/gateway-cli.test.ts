import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type InfoHash, infoHashBytes, parseInfoHash } from "@seedfleet/bytes";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { type NatsServer, realPartTest, startNatsServer } from "@seedfleet/testkit";
import { type Ended, eventsOf, FREE_PORTS, RunningCli, runToEnd } from "./testing.ts";

const GATEWAY = join(import.meta.dirname, "../../gateway/src/main.ts");

/** `seedfleet up` as a part of a fleet over a real nats-server. */
class GivenUp implements AsyncDisposable {
  readonly nats: NatsServer;
  readonly directory: GivenDirectory;
  readonly up: RunningCli;

  private constructor(nats: NatsServer, directory: GivenDirectory) {
    this.nats = nats;
    this.directory = directory;
    const args = ["up", "content.bin", ...FREE_PORTS, "--bus", nats.url, "--json"];
    const env = { SEEDFLEET_LOG_LEVEL: "silent", SEEDFLEET_SHUTDOWN_DEADLINE: "20s" };
    this.up = new RunningCli(args, { cwd: directory.path, env });
  }

  static async start(): Promise<GivenUp> {
    const content = { "content.bin": Buffer.alloc(200_000, "seed") };
    return new GivenUp(await startNatsServer(), new GivenDirectory(content));
  }

  async infoHash(): Promise<InfoHash> {
    const { torrents } = (await this.up.event("ready")) as unknown as {
      torrents: { infoHash: string }[];
    };
    const infoHash = parseInfoHash(torrents[0]?.infoHash ?? "");
    ok(infoHash !== null);
    return infoHash;
  }

  run(...args: readonly string[]): Promise<Ended> {
    return runToEnd([...args, "--bus", this.nats.url, "--json"], { cwd: this.directory.path });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.up[Symbol.asyncDispose]();
    await this.nats.stop();
    this.directory[Symbol.dispose]();
  }
}

realPartTest(
  ["nats-server"],
  "a gateway process is preheated, listed, and drained while a peer is connected",
  async () => {
    await using given = await GivenUp.start();
    const infoHash = await given.infoHash();
    const port = { SEEDFLEET_GATEWAY_PEER_PORT: "0", SEEDFLEET_SHUTDOWN_DEADLINE: "20s" };
    await using gateway = new RunningCli([], {
      ...{ cwd: given.directory.path, main: GATEWAY },
      env: { ...port, SEEDFLEET_NATS_URL: given.nats.url, SEEDFLEET_ID: "second" },
    });
    // One line for each thing that is said; this is the last of the start.
    const said = await gateway.untilError((text) => text.includes("service started"));
    using peer = await joinedPeer(Number(/"port":(\d+)/.exec(said)?.[1]), infoHash);

    const preheated = await given.run("preheat", infoHash, "--gateway", "second");
    equal(preheated.code, 0, preheated.stderr);
    const last = eventsOf(preheated.stdout).at(-1);
    deepEqual([last?.event, last?.["broughtBytes"]], ["preheated", 200_000]);

    const listed = eventsOf((await given.run("gateways")).stdout);
    const second = listed.find(({ id }) => id === "second");
    equal(listed.length, 2);
    deepEqual([second?.["peers"], second?.["draining"], second?.["hot"]], [1, false, [infoHash]]);

    const closed = once(peer.socket, "close");
    const drained = await given.run("drain", "second");
    equal(drained.code, 0, drained.stderr);
    deepEqual(eventsOf(drained.stdout), [
      { event: "draining", gateway: "second", peers: 1 },
      { event: "drained", gateway: "second" },
    ]);
    await closed;
    equal((await gateway.ended).code, 0);
  },
);

realPartTest(["nats-server"], "seedfleet up ends whole when its gateway is drained", async () => {
  await using given = await GivenUp.start();
  await given.infoHash();
  const [gateway] = eventsOf((await given.run("gateways")).stdout);
  const { code, stderr } = await given.run("drain", String(gateway?.["id"]));
  equal(code, 0, stderr);
  const ended = await given.up.ended;
  const last = { event: "stopping", signal: "drain" };
  deepEqual([ended.code, eventsOf(ended.stdout).at(-1)], [0, last]);
});

/** A peer whose handshake is done. */
async function joinedPeer(
  port: number,
  infoHash: InfoHash,
): Promise<Disposable & { readonly socket: Socket }> {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
  const protocol = Buffer.from("\x13BitTorrent protocol");
  socket.write(Buffer.concat([protocol, Buffer.alloc(8), infoHashBytes(infoHash)]));
  socket.write("-TE0001-000000000000");
  await once(socket, "data");
  socket.resume();
  return { socket, [Symbol.dispose]: () => void socket.destroy() };
}
