import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Gathered, VirtualClock } from "@seedfleet/testkit";
import { Networks } from "../addresses/networks.ts";
import { givenQuery } from "../testing.ts";
import { HttpAnswers, type HttpAnswersPorts } from "./http-answers.ts";
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS } from "./http-limits.ts";
import { type HttpListener, type HttpListenerConfig, listenHttp } from "./http-listener.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const HERE = Networks.parse(["127.0.0.0/8"]) as Networks;
const ASK = `GET /announce?${givenQuery()} HTTP/1.1\r\n`;
const PROXY = Buffer.from("0d0a0d0a000d0a515549540a2111000cc0000201cb007101b6791f90", "hex");
const CLOSE = "Connection: close\r\n\r\n";

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

for (const row of rows) {
  test(`listenHttp() given ${row.given} answers, however it is cut`, async () => {
    await using tracker = await givenTracker();
    match(await exchange(tracker, [row.request]), row.reply);
    deepEqual(tracker.refusals.items, "why" in row ? [row.why] : []);
    const half = row.request.length >> 1;
    match(
      await exchange(tracker, [row.request.slice(0, half), row.request.slice(half)]),
      row.reply,
    );
  });
}

test("listenHttp() answers pipelined requests in their order", async () => {
  await using tracker = await givenTracker();
  const many = 2_000;
  const reply = await exchange(tracker, [`${ASK}\r\n`.repeat(many) + ASK + CLOSE]);
  equal(reply.split("HTTP/1.1 200 OK").length - 1, many + 1);
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
  await using tracker = await givenTracker({ ports: { everySwarm: () => ({ next }) } });
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

type Tracker = AsyncDisposable & {
  readonly listener: HttpListener;
  readonly clock: VirtualClock;
  readonly refusals: Gathered<string>;
};

async function givenTracker(
  given: {
    readonly config?: Partial<HttpListenerConfig>;
    readonly forwarding?: Networks;
    readonly ports?: Partial<HttpAnswersPorts>;
  } = {},
): Promise<Tracker> {
  const clock = new VirtualClock();
  const refusals = new Gathered<string>();
  const forwardingProxies = given.forwarding ?? Networks.none;
  const readsForwardedFor = forwardingProxies.size > 0;
  const config = { connectionsMax: 8, readsForwardedFor, ...given.config };
  const listener = await listenHttp({ clock }, LOOPBACK, config);
  const ports: HttpAnswersPorts = {
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
    everySwarm: null,
    ...given.ports,
  };
  const handlerConfig = { mayNameAddress: Networks.none, peersMax: 1, trackerId: null };
  listener.handle(new HttpAnswers(ports, { ...handlerConfig, forwardingProxies }));
  const end = (): Promise<void> => listener[Symbol.asyncDispose]();
  return { listener, clock, refusals, [Symbol.asyncDispose]: end };
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
