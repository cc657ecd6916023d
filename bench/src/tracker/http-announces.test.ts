import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { HttpReply } from "./http-reply.ts";
import { AnnounceRequests } from "./http-requests.ts";
import { swarmHash } from "./swarm-names.ts";

const target = { host: "127.0.0.1", port: 6969, path: "/announce" };

test("AnnounceRequests writes the peer into its swarm's request", () => {
  const how = { swarms: 3, keepAlive: true, numWant: 50 };
  const bytes = new AnnounceRequests(target, how).write(2, { source: 1, port: 10_203 });
  const [line = "", ...head] = Buffer.from(bytes).toString("latin1").split("\r\n");
  const { pathname, search } = new URL(line.split(" ")[1] ?? "", "http://127.0.0.1");
  equal(pathname, "/announce");
  const query = search.replace(/info_hash=[^&]*/, (text) => {
    const hash = unescape(text.slice("info_hash=".length));
    deepEqual(Buffer.from(hash, "latin1"), Buffer.from(swarmHash(2)));
    return "info_hash=…";
  });
  equal(
    query,
    "?info_hash=…&peer_id=-SB0001-0000000127db&port=10203&uploaded=0&downloaded=0&left=1000000\
&compact=1&numwant=50&event=started",
  );
  deepEqual(head, [
    "Host: 127.0.0.1:6969",
    "User-Agent: seedfleet-bench",
    "Connection: keep-alive",
    "",
    "",
  ]);
});

test("AnnounceRequests asks for the end of a connection that is not kept", () => {
  const requests = new AnnounceRequests(target, { swarms: 1, keepAlive: false, numWant: 0 });
  const text = Buffer.from(requests.write(0, { source: 0, port: 10_000 })).toString("latin1");
  equal(text.includes("\r\nConnection: close\r\n"), true);
});

const BODY = "d8:completei0e10:incompletei7e8:intervali1700e5:peers6:abcdefe";

function answer(body: string, status = "200 OK"): string {
  const head = [`HTTP/1.1 ${status}`, "content-type: text/plain", `Content-Length: ${body.length}`];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

const replies = [
  { given: "peers", text: answer(BODY), kind: "announced", value: "abcdef" },
  { given: "no peers", text: answer("d10:incompletei7e5:peers0:e"), kind: "announced", value: "" },
  {
    given: "keys of other kinds",
    text: answer("d11:external ip4:xxxx10:incompletei7e5:peers6:abcdef6:peers60:e"),
    kind: "announced",
    value: "abcdef",
  },
  {
    given: "a reason",
    text: answer("d14:failure reason3:bade"),
    kind: "refused",
    value: "bad",
  },
  { given: "another status", text: answer("no", "404 Not Found"), kind: "refused" },
  { given: "half a head", text: answer(BODY).slice(0, 30), kind: "incomplete" },
  { given: "half a body", text: answer(BODY).slice(0, -5), kind: "incomplete" },
  { given: "half a peer", text: answer("d5:peers4:abcde"), kind: "malformed" },
  { given: "no peers at all", text: answer("d10:incompletei7ee"), kind: "malformed" },
  { given: "a text that is longer than all", text: answer("d5:peers99:abce"), kind: "malformed" },
  { given: "more behind the end", text: answer(`${BODY}e`), kind: "malformed" },
  { given: "no dictionary", text: answer("i1e"), kind: "malformed" },
] as const;

for (const { given, text, kind, ...rest } of replies) {
  test(`HttpReply given ${given}`, () => {
    const bytes = new Uint8Array(Buffer.from(`${text}garbage`, "latin1"));
    const reply = new HttpReply();
    reply.read(bytes, text.length, false);
    equal(reply.kind, kind);
    if (kind === "announced") equal(reply.leechers, 7);
    if (kind === "announced") equal(reply.length, text.length);
    if (!("value" in rest)) return;
    equal(Buffer.from(bytes.subarray(reply.from, reply.to)).toString("latin1"), rest.value);
  });
}

for (const { says, closes } of [
  { says: "Connection: close\r\n", closes: true },
  { says: "connection:Close\r\n", closes: true },
  { says: "Connection: keep-alive\r\n", closes: false },
  { says: "X: close\r\n", closes: false },
]) {
  test(`HttpReply given ${says.trim()} ${closes ? "is" : "is not"} the last`, () => {
    const text = answer(BODY).replace("content-type", `${says}content-type`);
    const reply = new HttpReply();
    reply.read(new Uint8Array(Buffer.from(text, "latin1")), text.length, false);
    equal(reply.kind, "announced");
    equal(reply.closes, closes);
  });
}

test("HttpReply takes the end of the connection for the end of a body of no told length", () => {
  const text = `HTTP/1.0 200 OK\r\n\r\n${BODY}`;
  const bytes = new Uint8Array(Buffer.from(text, "latin1"));
  const reply = new HttpReply();
  reply.read(bytes, bytes.length, false);
  equal(reply.kind, "incomplete");
  reply.read(bytes, bytes.length, true);
  equal(reply.kind, "announced");
});
