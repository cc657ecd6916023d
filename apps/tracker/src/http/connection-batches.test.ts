import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Gathered, turn, VirtualClock } from "@seedfleet/testkit";
import { Networks } from "../addresses/networks.ts";
import { NOWHERE } from "../announces/elsewhere.ts";
import { loadLibcSockets } from "../sockets/libc-sockets.ts";
import { openSockets } from "../sockets/testing.ts";
import { givenQuery } from "../testing.ts";
import { ConnectionBatches } from "./connection-batches.ts";
import { Connections } from "./connections.ts";
import { HttpAnswers } from "./http-answers.ts";
import type { HttpHandler } from "./http-handler.ts";
import {
  FIRST_READ_BYTES,
  HEADERS_TIMEOUT_MS,
  REPLY_BUFFER_BYTES,
  SILENT_TURNS_MAX,
} from "./http-limits.ts";
import { LateAnswer } from "./late-answer.ts";
import { ReplyBytes } from "./reply-bytes.ts";
import { givenHandler } from "./testing.ts";

const ASK = `GET /announce?${givenQuery()} HTTP/1.1\r\n`;
const LAST = `${ASK}Connection: close\r\n\r\n`;
const ANSWERED = /^HTTP\/1.1 200 OK\r\n.*5:peers6:/s;
const ANSWERED_ANY = /^HTTP\/1.1 200 OK\r\n.*5:peers/s;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const MANY_BYTES = 16 * 1_024 * 1_024;

const skip = loadLibcSockets() === null && "this machine has no FFI";

const rows = [
  { given: "a whole announce", said: LAST, reply: ANSWERED, kept: 0 },
  { given: "HTTP/1.0", said: `${ASK.replace("1.1", "1.0")}\r\n`, reply: ANSWERED, kept: 0 },
  { given: "two announces", said: `${ASK}\r\n${LAST}`, reply: /OK.*peers6:.*OK.*peers6:/s },
  { given: "a body", said: LAST.replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nx") },
  { given: "another path", said: "GET /x HTTP/1.0\r\n\r\n", reply: / 404 / },
  { given: "a scrape of everything", said: "GET /scrape HTTP/1.0\r\n\r\n", reply: /nevere$/ },
  { given: "POST", said: "POST /announce HTTP/1.0\r\n\r\n", reply: / 405 / },
  { given: "what is not HTTP", said: "\x13Bit", reply: / 400 / },
  { given: "the first bytes only", said: "G", reply: / 400 / },
  {
    given: "more than it reads at once",
    said: LAST.replace("compact", `x=${"a".repeat(FIRST_READ_BYTES)}&compact`),
  },
] as const;

for (const row of rows) {
  test(`ConnectionBatches given ${row.given} answers it or keeps it`, { skip }, async () => {
    await using port = await givenPort();
    const client = await port.client(row.said);
    equal(port.batches.takeWaiting(), 1);
    equal(port.connections.count, "kept" in row ? row.kept : 1);
    client.end();
    match(await text(client), "reply" in row ? row.reply : ANSWERED);
  });
}

for (const { address, from, told } of [
  { address: "::1", from: "::1", told: `16:${"\0".repeat(15)}\x01` },
  { address: "::", from: "::1", told: `16:${"\0".repeat(15)}\x01` },
  { address: "::", from: "127.0.0.1", told: "4:\x7f\0\0\x01" },
]) {
  test(`ConnectionBatches at ${address} knows who asks from ${from}`, { skip }, async () => {
    await using port = await givenPort({ address });
    const client = await port.client(LAST, from);
    client.setEncoding("latin1");
    equal(port.batches.takeWaiting(), 1);
    equal(port.connections.count, 0);
    const reply = await text(client);
    match(reply, ANSWERED_ANY);
    ok(reply.includes(`11:external ip${told}`));
  });
}

test("ConnectionBatches keeps who wants to ask again", { skip }, async () => {
  await using port = await givenPort();
  const client = await port.client(`${ASK}\r\n`);
  port.batches.takeWaiting();
  match(String((await once(client, "data"))[0]), ANSWERED);
  client.write(LAST);
  match(await text(client), ANSWERED);
});

test("ConnectionBatches keeps who has said nothing yet, as long as others", { skip }, async () => {
  await using port = await givenPort();
  const [slow, silent] = [await port.client(), await port.client()];
  equal(port.batches.takeWaiting(), 2);
  const [half, rest] = [LAST.slice(0, 50), LAST.slice(50)];
  await new Promise((resolve) => slow.write(half, resolve));
  slow.write(rest);
  match(await text(slow), ANSWERED);
  port.connections.expire(HEADERS_TIMEOUT_MS);
  equal(await text(silent), "");
  deepEqual(port.refusals.items, ["timeout"]);
});

test("ConnectionBatches that comes again waits for what is not said yet", { skip }, async () => {
  await using port = await givenPort();
  const before = openSockets();
  const clients = [await port.client(), await port.client(), await port.client()] as const;
  equal(port.batches.takeWaiting(true), 3);
  equal(port.connections.count, 3);
  const [first, second, third] = clients;
  for (const [client, said] of [
    [first, LAST],
    [second, "GET"],
  ] as const) {
    await new Promise((done) => client.write(said, done));
  }
  equal(port.batches.takeWaiting(true), 0);
  // The first is done with; Node.js has the second, and the third is looked at once more.
  match(await text(first), ANSWERED);
  equal(port.connections.count, 2);
  await new Promise((done) => third.write(LAST, done));
  second.write(LAST.slice(3));
  equal(port.batches.takeWaiting(true), 0);
  for (const client of [second, third]) match(await text(client), ANSWERED);
  for (const client of clients) client.destroy();
  await until(() => openSockets() === before);
});

for (const ends of ["says nothing for some turns", "is given away"]) {
  test(`ConnectionBatches gives one that ${ends} to Node.js`, { skip }, async () => {
    await using port = await givenPort();
    const client = await port.client();
    const turns = ends === "is given away" ? 1 : SILENT_TURNS_MAX + 1;
    for (let each = 0; each < turns; each += 1) port.batches.takeWaiting(true);
    if (ends === "is given away") port.batches.giveAway();
    equal(port.connections.count, 1);
    // Nobody takes anything by turns now.
    client.write(LAST);
    match(await text(client), ANSWERED);
    await until(() => port.connections.count === 0);
  });
}

test("ConnectionBatches leaves alone who was closed while it said nothing", { skip }, async () => {
  await using port = await givenPort();
  const client = await port.client();
  port.batches.takeWaiting(true);
  port.connections.destroy();
  await port.connections.gone();
  // Whoever is next has that descriptor.
  const next = await port.client(LAST);
  port.batches.giveAway();
  equal(await text(client).catch(() => ""), "");
  equal(port.batches.takeWaiting(true), 1);
  match(await text(next), ANSWERED);
});

test("ConnectionBatches closes more than there may be", { skip }, async () => {
  await using port = await givenPort();
  const clients = await Promise.all(Array.from({ length: 6 }, () => port.client()));
  equal(port.batches.takeWaiting(), 6);
  equal(port.connections.count, 4);
  deepEqual(port.refusals.items, ["connections-full", "connections-full"]);
  const [first] = clients;
  first?.destroy();
});

test("ConnectionBatches given a proxy reads its header first", { skip }, async () => {
  await using port = await givenPort({ proxies: Networks.parse(["127.0.0.0/8"]) as Networks });
  const client = await port.client(LAST);
  port.batches.takeWaiting();
  equal(await text(client), "");
  deepEqual(port.refusals.items, ["proxy-header"]);
});

test("ConnectionBatches sends the rest of a reply as the client takes it", { skip }, async () => {
  const zeros = Buffer.alloc(MANY_BYTES, "0");
  await using port = await givenPort({
    handler: givenHandler((_question, output) => {
      output.raw(zeros);
      return "written";
    }),
  });
  const client = await port.client(LAST);
  port.batches.takeWaiting();
  equal(port.connections.count, 1);
  equal((await text(client)).split("\r\n\r\n")[1]?.length, MANY_BYTES);
});

test("ConnectionBatches keeps who waits for another thread", { skip }, async () => {
  const late: LateAnswer[] = [];
  const answer = (): LateAnswer => {
    const answer = new LateAnswer();
    late.push(answer);
    return answer;
  };
  await using port = await givenPort({ handler: givenHandler(answer) });
  const clients = await Promise.all(Array.from({ length: 5 }, () => port.client(LAST)));
  equal(port.batches.takeWaiting(), 5);
  // One more than there may be was closed.
  deepEqual([port.connections.count, late.length], [4, 4]);
  for (const [at, each] of late.entries()) each.ready((output) => output.text(`${at}e`));
  equal(port.connections.count, 0);
  const replies = await Promise.all(clients.map((client) => text(client).catch(() => "")));
  const bodies = replies.map((reply) => reply.split("\r\n\r\n")[1] ?? "none");
  deepEqual(bodies.toSorted(), ["0e", "1e", "2e", "3e", "none"]);
});

test("ConnectionBatches closes who waits when all are closed", { skip }, async () => {
  const late = new LateAnswer();
  await using port = await givenPort({ handler: givenHandler(() => late) });
  const client = await port.client(LAST);
  port.batches.takeWaiting();
  const gone = port.connections.gone();
  port.connections.destroy();
  await gone;
  equal(await text(client).catch(() => ""), "");
  late.ready(() => ok(false, "nobody is there to be answered"));
});

test("ConnectionBatches leaves no descriptor behind", { skip }, async () => {
  await using port = await givenPort();
  const before = readdirSync("/proc/self/fd").length;
  for (let each = 0; each < 40; each += 1) {
    const client = await port.client(LAST);
    port.batches.takeWaiting();
    await text(client);
    client.destroy();
    await once(client, "close");
  }
  equal(readdirSync("/proc/self/fd").length, before);
});

test("ConnectionBatches keeps sockets that no other program inherits", { skip }, async () => {
  await using port = await givenPort();
  const before = sockets();
  await port.client();
  port.batches.takeWaiting();
  const opened = sockets().filter(({ name }) => before.every((each) => each.name !== name));
  equal(opened.length, 2);
  const wanted = O_CLOEXEC | O_NONBLOCK;
  for (const { flags } of opened) equal(flags & wanted, wanted);
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

/** The sockets of this process, and the flags that the kernel has of their descriptors. */
function sockets(): { readonly name: string; readonly flags: number }[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const name = readlinkSync(`/proc/self/fd/${fd}`);
      if (!name.startsWith("socket:")) return [];
      const info = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
      return [{ name, flags: Number.parseInt(/flags:\s+(\d+)/.exec(info)?.[1] ?? "0", 8) }];
    } catch {
      // That of the directory itself is gone.
      return [];
    }
  });
}

type Port = AsyncDisposable & {
  readonly batches: ConnectionBatches;
  readonly connections: Connections;
  readonly refusals: Gathered<string>;
  /** A client that is connected, and whose first words are with the kernel. */
  client(said?: string, to?: string): Promise<Socket>;
};

async function givenPort(
  given: {
    readonly proxies?: Networks;
    readonly handler?: HttpHandler;
    readonly address?: string;
  } = {},
): Promise<Port> {
  const { address = "127.0.0.1" } = given;
  const refusals = new Gathered<string>();
  const clock = new VirtualClock();
  const host = {
    handler: given.handler ?? givenAnswers(refusals),
    draining: false,
    output: new ReplyBytes(REPLY_BUFFER_BYTES),
    nowMs: () => clock.nowMs(),
    proxies: given.proxies ?? Networks.none,
    readsForwardedFor: false,
  };
  const connections = new Connections(4, host);
  const place = { address, port: 0, reusePort: false };
  const batches = ConnectionBatches.open(place, { host, keeper: connections });
  if (batches === null) throw new Error("no port");
  const port = await portOf(batches);
  const clients: Socket[] = [];
  return {
    ...{ batches, connections, refusals },
    async client(said, to = address) {
      const socket = connect(port, to);
      socket.on("error", () => {});
      clients.push(socket);
      await once(socket, "connect");
      if (said !== undefined) await new Promise((done) => socket.write(said, "latin1", done));
      return socket;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      batches.close();
      connections.destroy();
      await connections.gone();
    },
  };
}

/** As Node.js tells it, which listens at a duplicate for a moment. */
async function portOf(batches: ConnectionBatches): Promise<number> {
  const server = createServer().listen({ fd: batches.duplicate() });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function givenAnswers(refusals: Gathered<string>): HttpAnswers {
  return new HttpAnswers(
    {
      announces: {
        answer(request, { peers }) {
          peers.endpoints.set(request.endpoint);
          peers.count = 1;
          return null;
        },
        scrape: () => null,
      },
      counts: { announced: () => {}, scraped: () => {}, refused: refusals.add },
      admit: () => true,
      elsewhere: NOWHERE,
      everySwarm: null,
    },
    {
      mayNameAddress: Networks.none,
      forwardingProxies: Networks.none,
      peersMax: 1,
      trackerId: null,
    },
  );
}
