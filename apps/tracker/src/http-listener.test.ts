import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Gathered } from "@seedfleet/testkit";
import {
  type HttpListener,
  type HttpQuestion,
  type HttpRefusal,
  listenHttp,
} from "./http-listener.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const LIMITS = { connectionsMax: 8 };

test("listenHttp() given a port in use says so in one line", async () => {
  await using first = await listenHttp(LOOPBACK, LIMITS);
  const { port } = first;
  await rejects(listenHttp({ ...LOOPBACK, port }, LIMITS), (error: Error) => {
    match(error.message, new RegExp(`^Cannot listen on 127.0.0.1:${port} .*the port is in use`));
    return "detail" in error && (error.detail as { code: string }).code === "port-in-use";
  });
});

test("listenHttp() before it has a handler asks to come back", async () => {
  await using listener = await listenHttp(LOOPBACK, LIMITS);
  const response = await fetch(`http://127.0.0.1:${listener.port}/announce`);
  equal(response.status, 200);
  match(await response.text(), /^d14:failure reason\d+:Tracker is starting.*8:retry ini1ee$/);
});

test("listenHttp() hands over path, raw query and address", async () => {
  await using echo = await givenEcho();
  const reply = await exchange(echo, "GET /announce?a=%ff&b=?x HTTP/1.0\r\n\r\n");
  match(reply, /^HTTP\/1.1 200 OK\r\n/);
  match(reply, /\r\nContent-Type: text\/plain\r\nContent-Length: 2\r\n/);
  deepEqual(echo.questions.items, [
    { path: "/announce", query: "a=%ff&b=?x", remoteAddress: "127.0.0.1" },
  ]);
});

const strange = [
  { given: "a path nobody serves", request: "GET /else HTTP/1.1\r\n\r\n", status: 404, why: [] },
  {
    given: "a method other than GET",
    request: "POST /announce HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    status: 405,
    why: ["method"],
  },
  {
    given: "what is not HTTP",
    request: "\x13BitTorrent protocol",
    status: 400,
    why: ["malformed"],
  },
  {
    given: "raw bytes that BEP 3 wants escaped",
    request: "GET /announce?info_hash=\xff\x80 HTTP/1.1\r\n\r\n",
    status: 400,
    why: ["malformed"],
    body: /d14:failure reason19:Request is not HTTPe$/,
  },
  {
    given: "a URL of 64 KiB",
    request: `GET /announce?${"a".repeat(65_536)} HTTP/1.1\r\n\r\n`,
    status: 200,
    why: ["too-long"],
    body: /d14:failure reason19:Request is too longe$/,
  },
] as const;

for (const { given, request, status, why, ...expected } of strange) {
  test(`listenHttp() given ${given} answers ${status}`, async () => {
    await using echo = await givenEcho();
    const reply = await exchange(echo, request);
    match(reply, new RegExp(`^HTTP/1.1 ${status} `));
    if ("body" in expected) match(reply, expected.body);
    deepEqual(echo.refusals.items, why);
  });
}

test("listenHttp() given more connections than it takes closes the newest", async () => {
  await using echo = await givenEcho({ connectionsMax: 1 });
  const held = connect(echo.listener.port, "127.0.0.1");
  await once(held, "connect");
  const refused = connect(echo.listener.port, "127.0.0.1");
  refused.on("error", () => {});
  await echo.refusals.count(1);
  deepEqual(echo.refusals.items, ["connections-full"]);
  held.destroy();
  refused.destroy();
});

test("listenHttp() drains without waiting for connections that ask nothing", async () => {
  const echo = await givenEcho();
  const { port } = echo.listener;
  await (await fetch(`http://127.0.0.1:${port}/announce`)).text();
  await echo.listener.drain();
  const free = createServer().listen(port, "127.0.0.1");
  await once(free, "listening");
  free.close();
});

type Echo = AsyncDisposable & {
  readonly listener: HttpListener;
  readonly questions: Gathered<HttpQuestion>;
  readonly refusals: Gathered<HttpRefusal>;
};

async function givenEcho(limits: { readonly connectionsMax: number } = LIMITS): Promise<Echo> {
  const listener = await listenHttp(LOOPBACK, limits);
  const questions = new Gathered<HttpQuestion>();
  const refusals = new Gathered<HttpRefusal>();
  listener.handle({
    answer(question) {
      questions.add(question);
      return question.path === "/announce" ? Buffer.from("de") : null;
    },
    refused: refusals.add,
  });
  return {
    listener,
    questions,
    refusals,
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

/** Sends bytes as they are, says no more, and gives all that came back. */
async function exchange({ listener }: Echo, request: string): Promise<string> {
  const socket = connect(listener.port, "127.0.0.1");
  socket.end(request, "latin1");
  return text(socket);
}
