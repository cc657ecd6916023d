import assert, { deepEqual, equal, match, rejects } from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { loadConfig, seededRng, systemClock } from "@seedfleet/runtime";
import { turn } from "@seedfleet/testkit";
import { trackerConfig } from "../config.ts";
import { openSockets } from "../sockets/testing.ts";
import { addressesOf, decoded, givenQuery, percentEncoded } from "../testing.ts";
import { givenInfoHash } from "../threads/testing.ts";
import { announcePacket, connectPacket, scrapePacket } from "../udp/testing.ts";
import { Replicas } from "./replicas.ts";

const ports = { clock: systemClock, rng: seededRng(1) };
const config = { ...loadConfig(trackerConfig, {}), host: "127.0.0.1", port: 0, workers: 2 };

test("Replicas.listen() given threads says what is wrong in the settings", async () => {
  await rejects(Replicas.listen(ports, { ...config, handoutPolicy: "nearest", zonesFile: null }), {
    detail: { code: "zones-file-missing" },
  });
});

test("Replicas.listen() given threads takes no port that another tracker shares", async () => {
  await using replicas = await Replicas.listen(ports, config);
  const { port } = replicas;
  const again = Replicas.listen(ports, { ...config, port });
  const code = await again.catch((error) => error.detail.code);
  const one = Replicas.listen(ports, { ...config, port, workers: 1 });
  equal(code, await one.catch((error) => error.detail.code));
});

test("Replicas load a part in every thread, and give all of it back", async () => {
  await using replicas = await Replicas.listen(ports, config);
  const parts = await Array.fromAsync(replicas.snapshot(new AbortController().signal));
  for (const part of parts) await replicas.load(part);
  const again = await Array.fromAsync(replicas.snapshot(new AbortController().signal));
  deepEqual(again, parts);
});

test("Replicas given threads say how many peers swarms have", async () => {
  await using replicas = await Replicas.listen(ports, config);
  const infoHash = infoHashFromBytes(new Uint8Array(20));
  deepEqual(await replicas.sizes([infoHash, infoHash]), [
    [0, 0],
    [0, 0],
  ]);
});

test("a snapshot that nobody goes on with does not keep replicas from stopping", async () => {
  const replicas = await Replicas.listen(ports, config);
  const parts = replicas.snapshot(new AbortController().signal);
  const [stopped, part] = [replicas[Symbol.asyncDispose](), parts.next()];
  await stopped;
  await part.then(
    ({ done }) => equal(done, false),
    (error) => equal(error.detail.code, "tracker-stopped"),
  );
});

// In threads of their own, so that both take from crowds while this one connects.
for (const host of ["127.0.0.1", "::1"]) {
  test(`threads answer crowds that come together, at ${host}`, async () => {
    const open = { ...config, host, mode: "open" } as const;
    await using replicas = await Replicas.listen(ports, open);
    replicas.tell({ kind: "open" });
    const crowd = (): Promise<readonly string[]> =>
      Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          announced(replicas.port, host, { port: String(1_000 + at) }),
        ),
      );
    // Threads open their doors when they hear of it.
    while ((await crowd()).some((reply) => reply.includes("Tracker is starting")));
    for (let each = 0; each < 4; each += 1) {
      for (const reply of await crowd()) match(reply, /^HTTP\/1.1 200 OK\r\n.*8:intervali/s);
    }
  });
}

test("threads hand the connections of a crowd over, and stop when all are answered", async () => {
  const before = openSockets();
  const hashes = Array.from({ length: 40 }, (_, nth) => givenInfoHash(nth + 1).toHex());
  {
    const open = { ...config, mode: "open", workers: 3 } as const;
    await using replicas = await Replicas.listen(ports, open);
    await opened(replicas);
    // Each peer is told of those before it in its swarm, of others never.
    const crowd = async (peer: number): Promise<void> => {
      const replies = await Promise.all(
        hashes.map((infoHash) =>
          announced(replicas.port, "127.0.0.1", {
            ...{ info_hash: percentEncoded(infoHash), port: String(peer), numwant: "50" },
            peer_id: percentEncoded(`${peer}0`.padStart(40, "0")),
          }),
        ),
      );
      for (const reply of replies) match(reply, new RegExp(`5:peers${6 * (peer - 1)}:`));
    };
    for (let peer = 1; peer <= 10; peer += 1) await crowd(peer);
    const last = crowd(11).catch(() => "closed before it was taken");
    await replicas.drain();
    await last;
  }
  // Of the clients some see it a moment later.
  while (openSockets() > before) await turn();
});

test("threads answer as one tracker, whichever a client comes to", async () => {
  const open = { ...config, mode: "open", wholeScrape: true, workers: 3 } as const;
  await using replicas = await Replicas.listen(ports, open);
  await using others = await Replicas.listen(ports, { ...open, workers: 2 });
  replicas.onDeltas = (batch) => others.apply(batch, 0);
  replicas.journal(true);
  await opened(replicas);
  await using client = await UdpClient.open(replicas.udpPort ?? 0);
  const hashes = Array.from({ length: 20 }, (_, nth) => givenInfoHash(nth + 1).toHex());
  // Every peer of a swarm is told of all before it, by UDP and by HTTP.
  for (let peer = 1; peer <= 8; peer += 1) {
    for (const infoHash of hashes) {
      const peers =
        peer % 2 === 0 ? client.announce(infoHash, peer) : fetched(replicas, infoHash, peer);
      equal(await peers, peer - 1);
    }
  }
  const scraped = await client.scrape(hashes);
  deepEqual(
    scraped,
    hashes.map(() => [0, 0, 8]),
  );
  const named = hashes.map((infoHash) => `info_hash=${percentEncoded(infoHash)}`).join("&");
  for (const query of [`?${named}`, ""]) {
    const reply = await fetch(`http://127.0.0.1:${replicas.port}/scrape${query}`);
    const { files } = decoded(Buffer.from(await reply.arrayBuffer())) as { files: object };
    const incomplete = Object.values(files).map(
      (file) => (file as { incomplete: number }).incomplete,
    );
    deepEqual(
      incomplete,
      hashes.map(() => 8),
    );
  }
  const infoHashes = hashes.map((infoHash) => infoHashFromBytes(Uint8Array.fromHex(infoHash)));
  const sizes = hashes.map(() => [8, 0]);
  deepEqual(await replicas.sizes(infoHashes), sizes);
  // Of other trackers a thread takes what is its own: from batches, and from snapshots.
  while ((await others.sizes(infoHashes)).some(([leechers]) => leechers < 8));
  deepEqual(await others.sizes(infoHashes), sizes);
  await using late = await Replicas.listen(ports, { ...open, workers: 4 });
  for await (const part of replicas.snapshot(new AbortController().signal)) await late.load(part);
  deepEqual(await late.sizes(infoHashes), sizes);
  // Threads tell what they count once a second.
  while (replicas.counts.peers !== 160) await new Promise((resolve) => setImmediate(resolve));
  equal(replicas.counts.swarms, hashes.length);
});

async function opened(replicas: Replicas): Promise<void> {
  replicas.tell({ kind: "open" });
  // It leaves nothing behind.
  const reply = () => announced(replicas.port, "127.0.0.1", { event: "stopped" });
  // Each connection may come to another.
  let [answers, asked] = [0, 0];
  while (answers < 20 && asked < 10_000) {
    asked += 1;
    answers = (await reply()).includes("Tracker is starting") ? 0 : answers + 1;
  }
}

/** An announce of a leecher over HTTP, on a connection that is kept; how many peers it is told. */
async function fetched(replicas: Replicas, infoHash: string, peer: number): Promise<number> {
  const query = givenQuery({
    ...{ info_hash: percentEncoded(infoHash), port: String(peer), numwant: "50" },
    peer_id: percentEncoded(`${peer}0`.padStart(40, "0")),
  });
  const reply = await fetch(`http://127.0.0.1:${replicas.port}/announce?${query}`);
  return addressesOf(decoded(Buffer.from(await reply.arrayBuffer())).peers).length;
}

type UdpSocket = { readonly socket: Socket; readonly id: Buffer };

/** A client with several sockets, which it uses in turn, so that it comes to every thread. */
class UdpClient implements AsyncDisposable {
  readonly #sockets: readonly UdpSocket[];
  readonly #port: number;
  #turn = 0;

  private constructor(port: number, sockets: readonly UdpSocket[]) {
    this.#port = port;
    this.#sockets = sockets;
  }

  static async open(port: number): Promise<UdpClient> {
    const sockets = Array.from({ length: 8 }, async () => {
      const socket = createSocket("udp4");
      const reply = await asked({ socket, port }, connectPacket());
      return { socket, id: reply.subarray(8) };
    });
    return new UdpClient(port, await Promise.all(sockets));
  }

  /** How many peers it is told. */
  async announce(infoHash: string, peer: number): Promise<number> {
    const reply = await this.#ask((id) => announcePacket(id, { infoHash, port: peer }));
    equal(reply.readUInt32BE(0), 1);
    return (reply.length - 20) / 6;
  }

  async scrape(infoHashes: readonly string[]): Promise<readonly (readonly number[])[]> {
    const reply = await this.#ask((id) => scrapePacket(id, infoHashes));
    return infoHashes.map((_, at) =>
      [8, 12, 16].map((field) => reply.readUInt32BE(field + 12 * at)),
    );
  }

  #ask(packet: (id: Buffer) => Buffer): Promise<Buffer> {
    const one = this.#sockets[this.#turn % this.#sockets.length];
    this.#turn += 1;
    assert(one !== undefined);
    return asked({ socket: one.socket, port: this.#port }, packet(one.id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#sockets) socket.close();
  }
}

async function asked(
  { socket, port }: { readonly socket: Socket; readonly port: number },
  packet: Buffer,
): Promise<Buffer> {
  const replied = once(socket, "message");
  socket.send(packet, port, "127.0.0.1");
  return (await replied)[0];
}

/** The reply to an announce on a connection of its own. */
async function announced(
  port: number,
  host: string,
  differing: Readonly<Record<string, string>>,
): Promise<string> {
  const socket = connect(port, host).setEncoding("latin1");
  await once(socket, "connect");
  const query = givenQuery(differing);
  socket.write(`GET /announce?${query} HTTP/1.1\r\nConnection: close\r\n\r\n`);
  return text(socket);
}
