import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Gathered, VirtualClock } from "@seedfleet/testkit";
import { Networks } from "../addresses/networks.ts";
import { NOWHERE } from "../announces/elsewhere.ts";
import { type GivenCore, givenCore } from "../announces/testing.ts";
import { REPLY_ROWS_MAX } from "../handout/fill-reply.ts";
import { addressesOf, type DecodedReply, decoded, givenQuery, PEER_ID } from "../testing.ts";
import { HttpAnswers } from "./http-answers.ts";
import { HEADERS_TIMEOUT_MS } from "./http-limits.ts";
import { type HttpListener, listenHttp } from "./http-listener.ts";

const END = "\r\n\r\n";

/** A request as clients say it, and what they look for in its answer. */
const clients = [
  { given: "no Host", head: "HTTP/1.1", reply: /^HTTP\/1\.1 200 OK\r\n/ },
  { given: "HTTP/1.0", head: "HTTP/1.0", reply: /^HTTP\/1\.1 200 OK\r\nConnection: close\r\n/ },
  {
    given: "HTTP/1.0 that stays",
    head: "HTTP/1.0\r\nConnection: Keep-Alive",
    reply: /^HTTP\/1\.1 200 OK\r\nConnection: keep-alive\r\n/,
  },
  {
    given: "Accept-Encoding",
    head: "HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, deflate, br",
    reply: /^(?!.*Content-Encoding).*d8:complete/s,
  },
  {
    given: "a body that is announced",
    head: "HTTP/1.1\r\nContent-Length: 5",
    reply: /200 OK\r\nConnection: close/,
  },
] as const;

for (const { given, head, reply } of clients) {
  test(`an announce with ${given} is answered`, async () => {
    await using tracker = await givenTracker();
    match(await tracker.exchange(`GET /announce?${givenQuery()} ${head}${END}`), reply);
  });
}

test("HEAD is told what is allowed, without a body", async () => {
  await using tracker = await givenTracker();
  const answer = await tracker.exchange(`HEAD /announce?${givenQuery()} HTTP/1.1${END}`);
  match(answer, /^HTTP\/1\.1 405 .*\r\nAllow: GET\r\n.*Content-Length: 0\r\n\r\n$/s);
});

const queries = [
  { given: "escapes in either case", query: { info_hash: "%2F%2f".repeat(10) } },
  { given: "a plus, which is one", query: { peer_id: "-XX0001-++++++++++++" } },
  { given: "bytes that need no escape", query: { peer_id: "-XX0001-~._!$'()*,;:" } },
  { given: "an empty event", query: { event: "" } },
  { given: "left of nobody knows how much", query: { left: "9223372036854775807" } },
  { given: "no left", query: { left: null } },
  { given: "numwant -1", query: { numwant: "-1" } },
] as const;

for (const { given, query } of queries) {
  test(`an announce of ${given} is taken`, async () => {
    await using tracker = await givenTracker();
    const reply = await tracker.announce(query);
    equal(reply["incomplete"], 1);
  });
}

test("an announce of two torrents is refused, since its answer can be of one only", async () => {
  await using tracker = await givenTracker();
  const twice = { ip: `1&info_hash=${"a".repeat(20)}` };
  equal((await tracker.announce(twice))["failure reason"], "Request has a parameter twice");
});

test("peers as dictionaries have their peer ids, unless told to leave them out", async () => {
  await using tracker = await givenTracker();
  await tracker.announce({ port: "1" });
  const peer = { ip: "127.0.0.1", port: 1 };
  const dictionaries = { port: "2", compact: "0" };
  const peerId = Buffer.from(PEER_ID, "hex").toString("latin1");
  deepEqual((await tracker.announce(dictionaries))["peers"], [{ ...peer, "peer id": peerId }]);
  deepEqual((await tracker.announce({ ...dictionaries, no_peer_id: "1" }))["peers"], [peer]);
  deepEqual(addressesOf((await tracker.announce({ port: "2" }))["peers"]), ["127.0.0.1:1"]);
});

test("a connection that stays is answered as often as it asks", async () => {
  await using tracker = await givenTracker();
  const socket = await tracker.open();
  socket.setEncoding("latin1");
  for (let round = 0; round < 5; round += 1) {
    socket.write(`GET /announce?${givenQuery()} HTTP/1.1${END}`);
    const [answer] = await once(socket, "data");
    match(String(answer), /^HTTP\/1\.1 200 OK\r\n(?!Connection)/);
  }
});

test("who listens to both families takes an IPv4 client for one", async () => {
  await using tracker = await givenTracker({ host: "::" });
  equal((await tracker.announce({}, "127.0.0.1"))["external ip"], "\x7f\0\0\x01");
  equal((await tracker.announce({}, "::1"))["external ip"], `${"\0".repeat(15)}\x01`);
  equal(tracker.core.swarms.peerCount, 2);
});

test("many who say a byte at a time have a request's time, and no more", async () => {
  await using tracker = await givenTracker({ connectionsMax: 300 });
  const slow = await Promise.all(Array.from({ length: 200 }, () => tracker.open()));
  const closed = slow.map((socket) => once(socket, "close"));
  for (const socket of slow) socket.write("G");
  equal((await tracker.announce())["incomplete"], 1);
  tracker.clock.advance(HEADERS_TIMEOUT_MS / 2);
  for (const socket of slow) socket.write("E");
  equal((await tracker.announce())["incomplete"], 1);
  tracker.clock.advance(HEADERS_TIMEOUT_MS / 2 + 1_000);
  await Promise.all(closed);
  equal(tracker.refusals.items.filter((why) => why === "timeout").length, 200);
});

test("more connections than there may be are closed, and counted", async () => {
  await using tracker = await givenTracker({ connectionsMax: 4 });
  const sockets = await Promise.all(Array.from({ length: 4 }, () => tracker.open()));
  const tooMany = await tracker.open();
  await once(tooMany, "close");
  deepEqual(tracker.refusals.items, ["connections-full"]);
  const [first = tooMany] = sockets;
  first.write(`GET /announce?${givenQuery()} HTTP/1.1${END}`);
  match(String(await once(first, "data")), /200 OK/);
});

type Tracker = AsyncDisposable & {
  readonly clock: VirtualClock;
  readonly core: GivenCore;
  readonly refusals: Gathered<string>;
  readonly taken: { count: number };
  open(host?: string): Promise<Socket>;
  /** Sends a request, says no more, and gives all that came back. */
  exchange(request: string, host?: string): Promise<string>;
  announce(
    differing?: Readonly<Record<string, string | null>>,
    host?: string,
  ): Promise<DecodedReply>;
};

/** A listener with the whole core behind it, where time stands still. */
async function givenTracker(
  given: { readonly host?: string; readonly connectionsMax?: number } = {},
): Promise<Tracker> {
  const { host: at = "127.0.0.1", connectionsMax = 8 } = given;
  const clock = new VirtualClock();
  const core = givenCore();
  const refusals = new Gathered<string>();
  const taken = { count: 0 };
  const listener: HttpListener = await listenHttp(
    { clock },
    { host: at, port: 0 },
    { connectionsMax },
  );
  const announced = (): void => {
    taken.count += 1;
  };
  listener.handle(
    new HttpAnswers(
      {
        announces: core.announces,
        counts: { announced, scraped: () => {}, refused: refusals.add },
        admit: () => true,
        elsewhere: NOWHERE,
        everySwarm: null,
      },
      {
        mayNameAddress: Networks.none,
        forwardingProxies: Networks.none,
        peersMax: REPLY_ROWS_MAX,
        trackerId: null,
      },
    ),
  );
  const open = async (host = "127.0.0.1"): Promise<Socket> => {
    const socket = connect(listener.port, host);
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  const exchange = async (request: string, host?: string): Promise<string> => {
    const socket = await open(host);
    socket.setEncoding("latin1").end(request, "latin1");
    return await text(socket);
  };
  return {
    ...{ clock, core, refusals, taken, open, exchange },
    async announce(differing = {}, host) {
      const answer = await exchange(`GET /announce?${givenQuery(differing)} HTTP/1.0${END}`, host);
      return decoded(Buffer.from(answer.slice(answer.indexOf(END) + 4), "latin1"));
    },
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}
