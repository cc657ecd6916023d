import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { TRACKER_ANSWER_BYTES_MAX } from "@seedfleet/announce";
import { givenFields } from "@seedfleet/announce/testing";
import { advanceUntil, Gathered } from "@seedfleet/testkit";
import { givenClients, givenHttpTracker, givenTracker, LOOPBACK_NAMES } from "./testing.ts";

const PEERS = "d8:intervali1800e5:peers6:\xc0\0\x02\x01\x1a\xe1e";
const ONE = [{ host: "192.0.2.1", port: 6881 }];

const sound = (_request: IncomingMessage, response: ServerResponse): void => {
  response.end(Buffer.from(PEERS, "latin1"));
};

for (const host of ["127.0.0.1", "::1"]) {
  test(`an announce over HTTP to ${host} brings peers`, async () => {
    const asked = new Gathered<string>();
    await using tracker = await givenHttpTracker((request, response) => {
      asked.add(`${request.method} ${request.url} ${request.headers.connection}`);
      sound(request, response);
    }, host);
    await using given = givenClients();
    const name = host.includes(":") ? `[${host}]` : host;
    const outcome = await given.announce(`http://${name}:${tracker.port}/a?k=1`);
    deepEqual(outcome.kind === "reply" && outcome.peers, ONE);
    ok(asked.items[0]?.startsWith("GET /a?k=1&info_hash=%C0%FD"));
    ok(asked.items[0]?.endsWith("&event=started close"));
    const labels = { scheme: "http", outcome: "answered" };
    equal(given.telemetry.recorded.total("seedfleet_gateway_announces", labels), 1);
  });
}

test("a user name and a password go to the tracker, and to nobody it redirects to", async () => {
  const seen = new Gathered<string | undefined>();
  await using other = await givenHttpTracker((request, response) => {
    seen.add(request.headers.authorization);
    sound(request, response);
  });
  await using tracker = await givenHttpTracker((request, response) => {
    seen.add(request.headers.authorization);
    const location = `http://who:ever@127.0.0.1:${other.port}/b`;
    response.writeHead(302, { location }).end();
  });
  await using given = givenClients();
  const outcome = await given.announce(`http://user:pass@127.0.0.1:${tracker.port}/a`);
  equal(outcome.kind, "reply");
  deepEqual(seen.items, [`Basic ${btoa("user:pass")}`, undefined]);
});

const answers = [
  {
    given: "a refusal with status 403",
    answer: reply(403, "d14:failure reason2:no8:retry ini5ee"),
    then: { kind: "refusal", reason: "no", retryInMs: 300_000 },
  },
  {
    given: "status 404",
    answer: reply(404, "<html>"),
    then: { kind: "away", code: "no-tracker", reason: "it answers with HTTP status 404" },
  },
  {
    given: "garbage",
    answer: reply(200, "<html>"),
    then: { kind: "violation", code: "answer-not-bencoded" },
  },
  { given: "an answer without end", answer: endless, then: tooLong() },
  {
    given: "a bomb",
    answer: reply(200, gzipSync(Buffer.alloc(100 * TRACKER_ANSWER_BYTES_MAX)), "gzip"),
    then: tooLong(),
  },
  {
    given: "what is no gzip",
    answer: reply(200, "de", "gzip"),
    then: { kind: "violation", code: "answer-not-bencoded" },
  },
  {
    given: "a circle",
    answer: redirect("/again"),
    then: { kind: "away", code: "no-tracker", reason: "it redirects in circles" },
  },
  {
    given: "a redirect to a file",
    answer: redirect("file:///etc/passwd"),
    then: { kind: "away", code: "no-tracker", reason: "it redirects to what is not HTTP" },
  },
  {
    given: "a redirect to nowhere",
    answer: (_request: IncomingMessage, response: ServerResponse) => response.writeHead(302).end(),
    then: { kind: "away", code: "no-tracker", reason: "it redirects without saying where to" },
  },
  {
    given: "a redirect to the link",
    answer: redirect("http://169.254.169.254/latest/"),
    then: notAllowed(),
  },
  {
    given: "a closed connection",
    answer: (request: IncomingMessage) => request.socket.destroy(),
    then: { kind: "away", code: "unreachable", reason: "it closes the connection" },
  },
] as const;

for (const { given: title, answer, then } of answers) {
  test(`an announce over HTTP given ${title}`, async () => {
    await using tracker = await givenHttpTracker(
      (request, response) => void answer(request, response),
    );
    await using given = givenClients();
    deepEqual(await given.announce(`http://127.0.0.1:${tracker.port}/announce`), then);
  });
}

test("an announce over HTTP reads what is compressed", async () => {
  await using tracker = await givenHttpTracker(
    reply(200, gzipSync(Buffer.from(PEERS, "latin1")), "gzip"),
  );
  await using given = givenClients();
  const outcome = await given.announce(`http://127.0.0.1:${tracker.port}/announce`);
  deepEqual(outcome.kind === "reply" && outcome.peers, ONE);
});

test("an announce over HTTP follows a redirect or three", async () => {
  await using tracker = await givenHttpTracker((request, response) => {
    const left = Number(request.url?.slice(1, 2));
    if (left === 0) return sound(request, response);
    response.writeHead(307, { location: `/${left - 1}` }).end();
  });
  await using given = givenClients();
  equal((await given.announce(`http://127.0.0.1:${tracker.port}/3`)).kind, "reply");
  equal((await given.announce(`http://127.0.0.1:${tracker.port}/4`)).kind, "away");
});

for (const { given: title, answer } of [
  { given: "does not answer", answer: () => {} },
  {
    given: "begins to answer",
    answer: (_: unknown, response: ServerResponse) => response.write("d"),
  },
]) {
  test(`an announce over HTTP gives up a tracker that ${title}`, async () => {
    const asked = new Gathered<null>();
    await using tracker = await givenHttpTracker((request, response) => {
      asked.add(null);
      answer(request, response);
    });
    await using given = givenClients();
    const announce = given.announce(`http://127.0.0.1:${tracker.port}/announce`);
    await asked.count(1);
    deepEqual(await advanceUntil(given.clock, 1_000, announce), {
      kind: "away",
      code: "timed-out",
      reason: "it takes too long",
    });
  });
}

test("an announce over HTTP gives up a host that opens no encrypted connection", async () => {
  const connections = new Gathered<Socket>();
  const server = createServer(connections.add).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await using given = givenClients();
  const announce = given.announce(`https://127.0.0.1:${port}/announce`);
  await connections.count(1);
  const outcome = await advanceUntil(given.clock, 1_000, announce);
  for (const socket of connections.items) socket.destroy();
  server.close();
  deepEqual(outcome, { kind: "away", code: "timed-out", reason: "it does not answer" });
  ok(given.clock.nowMs() <= 12_000);
});

test("a gateway at a public address asks no tracker at the loopback by any name", async () => {
  let asked = 0;
  await using tracker = await givenHttpTracker((request, response) => {
    asked += 1;
    sound(request, response);
  });
  await using given = givenClients({ ownHost: "203.0.113.7", resolve: LOOPBACK_NAMES });
  for (const host of ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "tracker.example"]) {
    const outcome = await given.announce(`http://${host}:${tracker.port}/announce`);
    deepEqual(outcome, notAllowed());
  }
  equal(asked, 0);
});

test("an announce over HTTP ends when it is stopped", async () => {
  const asked = new Gathered<null>();
  await using tracker = await givenHttpTracker(() => asked.add(null));
  await using given = givenClients();
  const stopping = new AbortController();
  const tracked = {
    tracker: givenTracker(`http://127.0.0.1:${tracker.port}/`),
    fields: givenFields(),
  };
  const announce = given.clients.announce(tracked, stopping.signal);
  await asked.count(1);
  stopping.abort();
  const outcome = await announce;
  equal(outcome.kind === "away" && outcome.code, "stopped");
  equal(given.telemetry.recorded.total("seedfleet_gateway_announces"), 0);
});

function reply(status: number, body: string | Buffer, encoding?: string) {
  return (_request: IncomingMessage, response: ServerResponse): void => {
    const headers = encoding === undefined ? {} : { "content-encoding": encoding };
    response.writeHead(status, headers).end(body);
  };
}

function redirect(location: string) {
  return (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(302, { location }).end();
  };
}

function endless(_request: IncomingMessage, response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, "d"))) {}
  };
  response.on("drain", more);
  more();
}

function tooLong() {
  return { kind: "violation", code: "answer-too-long" } as const;
}

function notAllowed() {
  const reason = "its address is not one this gateway goes to";
  return { kind: "away", code: "address-not-allowed", reason } as const;
}
