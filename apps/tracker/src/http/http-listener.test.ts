import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { type Clock, systemClock } from "@seedfleet/runtime";
import { Gathered, VirtualClock } from "@seedfleet/testkit";
import { Networks } from "../addresses/networks.ts";
import { AnnounceReply, type AnnounceRequest } from "../announces/announce-request.ts";
import { NOWHERE } from "../announces/elsewhere.ts";
import { GivenHandOvers } from "../announces/testing-elsewhere.ts";
import { loadLibcSockets } from "../sockets/libc-sockets.ts";
import { openSockets } from "../sockets/testing.ts";
import { givenQuery } from "../testing.ts";
import { notRegistered } from "../violation.ts";
import { HttpAnswers, type HttpAnswersPorts } from "./http-answers.ts";
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS } from "./http-limits.ts";
import { type HttpListener, type HttpListenerConfig, listenHttp } from "./http-listener.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const HERE = Networks.parse(["127.0.0.0/8"]) as Networks;
const ASK = `GET /announce?${givenQuery()} HTTP/1.1\r\n`;
const PROXY = Buffer.from("0d0a0d0a000d0a515549540a2111000cc0000201cb007101b6791f90", "hex");
const CLOSE = "Connection: close\r\n\r\n";

const skip = loadLibcSockets() === null && "this machine has no FFI";

const rows = [
  { given: "an announce", request: ASK + CLOSE, reply: /^HTTP\/1.1 200 OK\r\n.*5:peers6:/s },
  {
    given: "HTTP/1.0",
    request: `${ASK.replace("1.1", "1.0")}\r\n`,
    reply: /Connection: close\r\n/,
  },
  {
    given: "no port",
    request: `GET /announce?${givenQuery({ port: "0" })} HTTP/1.0\r\n\r\n`,
    reply: /200 OK.*d14:failure reason27:port is not from 1 to 65535e/s,
  },
  {
    given: "a passkey that is none",
    request: `${ASK.replace("/ann", "/x/ann")}${CLOSE}`,
    reply: /Passkey is not valid8:retry in5:nevere$/,
  },
  { given: "another path", request: `GET /x HTTP/1.0\r\n\r\n`, reply: / 404 /, why: "not-found" },
  { given: "POST", request: "POST /announce HTTP/1.1\r\n\r\n", reply: / 405 /, why: "method" },
  { given: "what is not HTTP", request: "\x13Bit", reply: / 400 /, why: "malformed" },
  { given: "half a request", request: "GET /ann", reply: / 400 /, why: "malformed" },
  {
    given: "64 KiB",
    request: `GET /announce?${"a".repeat(65_536)} HTTP/1.1\r\n\r\n`,
    reply: / 200 .*Request is too longe$/s,
    why: "too-long",
  },
  {
    given: "a scrape of everything",
    request: "GET /scrape HTTP/1.0\r\n\r\n",
    reply: /8:retry in5:nevere$/,
  },
] as const;

for (const { batches, late, handsOver = false } of [
  { batches: true, late: false },
  { batches: false, late: false },
  { batches: true, late: true },
  { batches: true, late: true, handsOver: true },
]) {
  const way = `batches: ${batches}, by another thread: ${late}, handed over: ${handsOver}`;
  test(`listenHttp() answers crowds that come and go, ${way}`, async () => {
    const before = openSockets();
    {
      const config = { connectionsMax: 1_000, batches };
      await using tracker = await givenTracker({ config, late, clock: systemClock });
      if (handsOver) tracker.elsewhere.takeOver = tracker.listener.takeOver;
      for (let crowd = 0; crowd < 5; crowd += 1) {
        const asked = Array.from({ length: 100 }, () => exchange(tracker, [ASK + CLOSE]));
        for (const reply of await Promise.all(asked)) match(reply, / 200 OK.*5:peers6:/s);
      }
      const kept = await Promise.all(Array.from({ length: 50 }, () => open(tracker)));
      for (const socket of kept) socket.write(`${ASK}\r\n`);
      await Promise.all(kept.map((socket) => once(socket, "data")));
      equal(tracker.listener.connectionCount, 50);
      await tracker.listener.drain();
      const refused = connect(tracker.listener.port, "127.0.0.1");
      const [error] = await once(refused, "error");
      equal(error.code, "ECONNREFUSED");
      await Promise.all(kept.map((socket) => once(socket.destroy(), "close")));
    }
    equal(openSockets(), before);
  });
}

for (const { late, ...row } of rows.flatMap((row) => [
  { ...row, late: false },
  { ...row, late: true },
])) {
  const who = late ? "has another thread answer" : "answers";
  test(`listenHttp() given ${row.given} ${who}, however it is cut`, async () => {
    await using tracker = await givenTracker({ late });
    match(await exchange(tracker, [row.request]), row.reply);
    deepEqual(tracker.refusals.items, "why" in row ? [row.why] : []);
    const half = row.request.length >> 1;
    match(
      await exchange(tracker, [row.request.slice(0, half), row.request.slice(half)]),
      row.reply,
    );
  });
}

for (const late of [false, true]) {
  test(`listenHttp() answers pipelined requests, by another thread: ${late}`, async () => {
    await using tracker = await givenTracker({ late });
    const many = 2_000;
    const reply = await exchange(tracker, [`${ASK}\r\n`.repeat(many) + ASK + CLOSE]);
    equal(reply.split("HTTP/1.1 200 OK").length - 1, many + 1);
  });
}

test("listenHttp() answers in order what another thread has and what it has itself", async () => {
  const other = givenQuery({ info_hash: "%01".repeat(20), port: "1" });
  const theirs = `GET /announce?${other} HTTP/1.1\r\n`;
  await using tracker = await givenTracker({ late: true, has: (infoHash) => infoHash[0] === 1 });
  const asked = [theirs, ASK, ASK, theirs, theirs, ASK].map((ask) => `${ask}\r\n`).join("");
  const reply = await exchange(tracker, [asked + theirs + CLOSE]);
  const ports = [...reply.matchAll(/5:peers6:....(..)/gs)].map(([, port]) => port);
  const [own, their] = ["\x1a\xe1", "\0\x01"];
  deepEqual(ports, [their, own, own, their, their, own, their]);
});

test("listenHttp() given a scrape has each thread say what it has", async () => {
  const scraped = (infoHash: Uint8Array, _passkey: unknown, counts: { seeders: number }) => {
    if (infoHash[0] === 3) return notRegistered();
    counts.seeders = infoHash[0] ?? 0;
    return null;
  };
  const announces = { answer: () => null, scrape: scraped };
  const has = (infoHash: Uint8Array): boolean => (infoHash[0] ?? 0) % 2 === 0;
  await using tracker = await givenTracker({ late: true, has, ports: { announces } });
  const hashes = [1, 2, 3, 4, 5, 6].map((byte) => `info_hash=%0${byte}${"%00".repeat(19)}`);
  const request = `GET /scrape?${hashes.join("&")} HTTP/1.0\r\n\r\n`;
  const reply = await exchange(tracker, [request]);
  const seeders = [...reply.matchAll(/20:(.)\0{19}d8:completei(\d)e/gs)];
  deepEqual(
    seeders.map(([, first, count]) => [first?.charCodeAt(0), Number(count)]),
    [1, 2, 4, 5, 6].map((byte) => [byte, byte]),
  );
});

test("listenHttp() given a thread that is too busy says when to come back", async () => {
  await using tracker = await givenTracker({ late: true });
  tracker.elsewhere.isBusy = true;
  const scrape = `GET /scrape?info_hash=${"%01".repeat(20)} HTTP/1.1\r\n`;
  for (const request of [ASK, scrape]) {
    match(await exchange(tracker, [request + CLOSE]), /Tracker is busy.*8:retry ini1ee$/);
  }
});

test("listenHttp() waits with a client for the thread that answers", async () => {
  await using tracker = await givenTracker({ late: true });
  const { elsewhere, listener } = tracker;
  elsewhere.holds = true;
  const [gone, patient] = [await open(tracker), await open(tracker)];
  for (const socket of [gone, patient]) socket.write(`${ASK}\r\n`);
  await until(() => elsewhere.asked.length === 2);
  // It goes on asking, and nothing of it is answered before.
  patient.write(`${ASK}\r\n`.repeat(3));
  gone.resetAndDestroy();
  await until(() => listener.connectionCount === 1);
  elsewhere.holds = false;
  elsewhere.release();
  const replied = text(patient.setEncoding("latin1"));
  patient.end(ASK + CLOSE);
  equal((await replied).split("HTTP/1.1 200 OK").length - 1, 5);
});

for (const batches of [true, false]) {
  test(`listenHttp() drains when another thread has answered, batches: ${batches}`, async () => {
    const config = { connectionsMax: 4, batches };
    await using tracker = await givenTracker({ late: true, config, clock: systemClock });
    const { elsewhere, listener } = tracker;
    elsewhere.holds = true;
    const kept = [ASK + CLOSE, ASK + CLOSE, `${ASK}\r\n`].map(async (request) => {
      const socket = await open(tracker);
      socket.write(request);
      return await text(socket.setEncoding("latin1"));
    });
    await until(() => elsewhere.asked.length === 3);
    equal(listener.connectionCount, 3);
    const drained = listener.drain();
    elsewhere.release();
    await drained;
    for (const reply of await Promise.all(kept))
      match(reply, /^HTTP\/1.1 200 OK\r\nConnection: close/);
  });
}

test("listenHttp() looks often what others want while a crowd comes, as it said", {
  skip,
}, async () => {
  const config = { connectionsMax: 1_000 };
  await using tracker = await givenTracker({ config, late: true, clock: systemClock });
  const { elsewhere, listener } = tracker;
  const crowd = (): Promise<string[]> =>
    Promise.all(Array.from({ length: 50 }, () => exchange(tracker, [ASK + CLOSE])));
  do await crowd();
  while (!elsewhere.looksOften);
  // When no more come, and again when it ends.
  await until(() => !elsewhere.looksOften);
  do await crowd();
  while (!elsewhere.looksOften);
  await listener.drain();
  equal(elsewhere.looksOften, false);
});

test("listenHttp() that is closed waits for no other thread", async () => {
  const before = openSockets();
  {
    await using tracker = await givenTracker({ late: true, clock: systemClock });
    tracker.elsewhere.holds = true;
    const sockets = await Promise.all(Array.from({ length: 20 }, () => open(tracker)));
    for (const socket of sockets) socket.write(ASK + CLOSE);
    await until(() => tracker.elsewhere.asked.length > 0);
    await tracker.listener[Symbol.asyncDispose]();
    await Promise.all(sockets.map((socket) => text(socket).catch(() => "")));
    tracker.elsewhere.release();
  }
  equal(openSockets(), before);
});

test("listenHttp() given a proxy believes its header and requires it", async () => {
  await using tracker = await givenTracker({ config: { proxies: HERE } });
  const told = await exchange(tracker, [PROXY.toString("latin1") + ASK + CLOSE]);
  ok(told.includes("11:external ip4:\xc0\0\x02\x01"));
  equal(await exchange(tracker, [ASK + CLOSE]), "");
  deepEqual(tracker.refusals.items, ["proxy-header"]);
});

test("listenHttp() given X-Forwarded-For believes a proxy only", async () => {
  const request = `${ASK}X-Forwarded-For: 192.0.2.1\r\n${CLOSE}`;
  await using behind = await givenTracker({ forwarding: HERE });
  ok((await exchange(behind, [request])).includes("external ip4:\xc0\0\x02\x01"));
  await using alone = await givenTracker();
  ok((await exchange(alone, [request])).includes("external ip4:\x7f\0\0\x01"));
});

test("listenHttp() given an address that asks too often says when to come back", async () => {
  await using tracker = await givenTracker({ ports: { admit: () => false } });
  match(await exchange(tracker, [ASK + CLOSE]), /Too many requests.*8:retry ini1ee$/);
});

test("listenHttp() streams a scrape of everything where it is allowed", async () => {
  let left = 2_000;
  const next = (): boolean => {
    left -= 1;
    return left >= 0;
  };
  await using tracker = await givenTracker({
    ports: { everySwarm: () => ({ next, more: async () => false }) },
  });
  const reply = await exchange(tracker, ["GET /scrape HTTP/1.0\r\n\r\n"]);
  equal(reply.split("20:").length - 1, 2_000);
  match(reply, /\r\n\r\nd5:filesd20:.*eee$/s);
});

test("listenHttp() closes who dawdles, and who is done", async () => {
  await using tracker = await givenTracker();
  const slow = await open(tracker);
  slow.write("GET /ann");
  const kept = await open(tracker);
  kept.write(`${ASK}\r\n`);
  await once(kept, "data");
  tracker.clock.advance(KEEP_ALIVE_TIMEOUT_MS + 1_000);
  await once(kept, "close");
  deepEqual(tracker.refusals.items, []);
  tracker.clock.advance(HEADERS_TIMEOUT_MS);
  await once(slow, "close");
  deepEqual(tracker.refusals.items, ["timeout"]);
});

test("listenHttp() drains without waiting for connections that ask nothing", async () => {
  await using tracker = await givenTracker();
  const kept = await open(tracker);
  kept.write(`${ASK}\r\n`);
  await once(kept, "data");
  await tracker.listener.drain();
});

test("listenHttp() given a port that is taken says so", async () => {
  await using tracker = await givenTracker();
  const { port } = tracker.listener;
  const again = listenHttp({ clock: systemClock }, { ...LOOPBACK, port }, { connectionsMax: 1 });
  await rejects(again, /Cannot listen on .* for announces/);
});

/** Those of sockets; 0 where they cannot be told. */
/** Looks again in every turn. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

type Tracker = AsyncDisposable & {
  /** The other thread, of a tracker that was given one. */
  readonly elsewhere: GivenHandOvers;
  readonly listener: HttpListener;
  readonly clock: VirtualClock;
  readonly refusals: Gathered<string>;
};

async function givenTracker(
  given: {
    readonly config?: Partial<HttpListenerConfig>;
    readonly forwarding?: Networks;
    readonly ports?: Partial<HttpAnswersPorts>;
    /** Whether another thread has the swarms, or those that it `has`. */
    readonly late?: boolean;
    readonly has?: (infoHash: Uint8Array) => boolean;
    /** Instead of its own, which a test moves on. */
    readonly clock?: Clock;
  } = {},
): Promise<Tracker> {
  const clock = new VirtualClock();
  const refusals = new Gathered<string>();
  const forwardingProxies = given.forwarding ?? Networks.none;
  const readsForwardedFor = forwardingProxies.size > 0;
  const config = { connectionsMax: 8, readsForwardedFor, ...given.config };
  const listener = await listenHttp({ clock: given.clock ?? clock }, LOOPBACK, config);
  const announces = given.ports?.announces ?? {
    answer({ endpoint }: AnnounceRequest, { peers }: AnnounceReply) {
      peers.endpoints.set(endpoint);
      peers.count = 1;
      return null;
    },
    scrape: () => null,
  };
  const elsewhere = new GivenHandOvers({
    announces,
    reply: new AnnounceReply(1),
    counts: { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 },
    ...(given.has === undefined ? {} : { has: given.has }),
  });
  const ports: HttpAnswersPorts = {
    announces,
    counts: { announced: () => {}, scraped: () => {}, refused: refusals.add },
    admit: () => true,
    elsewhere: given.late === true ? elsewhere : NOWHERE,
    everySwarm: null,
    ...given.ports,
  };
  const handlerConfig = { mayNameAddress: Networks.none, peersMax: 1, trackerId: null };
  listener.handle(new HttpAnswers(ports, { ...handlerConfig, forwardingProxies }));
  const end = (): Promise<void> => listener[Symbol.asyncDispose]();
  return { listener, elsewhere, clock, refusals, [Symbol.asyncDispose]: end };
}

async function open({ listener }: Tracker): Promise<Socket> {
  const socket = connect(listener.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Sends bytes as they are, says no more, and gives all that came back. */
async function exchange(tracker: Tracker, chunks: readonly string[]): Promise<string> {
  const socket = await open(tracker);
  socket.setEncoding("latin1").setNoDelay();
  for (const chunk of chunks) {
    await new Promise((resolve) => socket.write(chunk, "latin1", resolve));
  }
  socket.end();
  return text(socket);
}
