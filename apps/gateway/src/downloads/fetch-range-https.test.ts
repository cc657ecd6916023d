import { deepEqual, equal, match } from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { givenCertificate, realPartTest, VirtualClock } from "@seedfleet/testkit";
import { givenHttpTracker } from "../announcing/testing.ts";
import type { ResolveName } from "../outbound/allowed-lookup.ts";
import { OutboundRule } from "../outbound/outbound-rule.ts";
import { givenHttpsServer, trust } from "../testing-tls.ts";
import {
  fetchRange,
  type RangeOutcome,
  WEB_SEED_REDIRECTS_MAX,
  WebSeedAgents,
} from "./fetch-range.ts";

const PARTS = ["openssl"] as const;
const FILE = Buffer.from("the whole file");

realPartTest(
  PARTS,
  "a web seed over HTTPS is trusted by its authority alone",
  async (_, { openssl }) => {
    await using certificate = await givenCertificate(openssl);
    const connections = new Set<unknown>();
    await using server = await givenHttpsServer(certificate, (request, response) => {
      connections.add(request.socket);
      sendRange(request, response);
    });
    using agents = new WebSeedAgents();
    const url = `https://localhost:${server.port}/file`;
    const refused = await fetched(url, agents);
    equal(refused.kind, "away");
    match("reason" in refused ? refused.reason : "", /^its certificate is of no authority known/);
    equal(connections.size, 0);
    using _trusted = trust(certificate);
    using others = new WebSeedAgents();
    deepEqual(textOf(await fetched(url, others)), "whole");
    deepEqual(textOf(await fetched(url, others)), "whole");
    equal(connections.size, 1, "a connection is used again");
  },
);

realPartTest(
  PARTS,
  "a web seed may send us to HTTPS and on, within limits",
  async (_, { openssl }) => {
    await using certificate = await givenCertificate(openssl);
    using _trusted = trust(certificate);
    await using plain = await givenHttpTracker((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) return sendRange(request, response);
      response.writeHead(302, { location: `https://localhost:${server.port}/${left - 1}` }).end();
    });
    await using server = await givenHttpsServer(certificate, (request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) return sendRange(request, response);
      // Whatever it is sent over, the content is known by its hash.
      response.writeHead(302, { location: `http://127.0.0.1:${plain.port}/${left - 1}` }).end();
    });
    using agents = new WebSeedAgents();
    const from = (left: number): Promise<RangeOutcome> =>
      fetched(`http://127.0.0.1:${plain.port}/${left}`, agents);
    equal(textOf(await from(1)), "whole");
    equal(textOf(await from(WEB_SEED_REDIRECTS_MAX)), "whole");
    deepEqual(await from(WEB_SEED_REDIRECTS_MAX + 1), {
      ...{ kind: "fault", fault: "redirects", reason: "it redirects in circles" },
    });
  },
);

realPartTest(PARTS, "a web seed leads nowhere that may not be gone to", async (_, { openssl }) => {
  await using certificate = await givenCertificate(openssl);
  using _trusted = trust(certificate);
  const looked: string[] = [];
  const resolve: ResolveName = (host, done) => {
    looked.push(host);
    done(null, [{ address: host === "localhost" ? "127.0.0.1" : "169.254.169.254", family: 4 }]);
  };
  let location = "";
  await using server = await givenHttpsServer(certificate, (_request, response) => {
    response.writeHead(302, { location }).end();
  });
  using agents = new WebSeedAgents();
  for (location of ["https://169.254.169.254/", "https://secrets.example/file"]) {
    const outcome = await fetched(`https://localhost:${server.port}/file`, agents, resolve);
    equal(outcome.kind === "fault" && outcome.fault, "not-allowed");
  }
  deepEqual(looked.at(-1), "secrets.example");
});

function fetched(url: string, agents: WebSeedAgents, resolve?: ResolveName): Promise<RangeOutcome> {
  const rule = new OutboundRule("auto", "127.0.0.1");
  const ports = { clock: new VirtualClock(), rule, agents };
  const wanted = { url: new URL(url), fromByte: 4, lengthBytes: 5, fileBytes: FILE.length };
  return fetchRange(
    resolve === undefined ? ports : { ...ports, resolve },
    wanted,
    new AbortController().signal,
  );
}

function textOf(outcome: RangeOutcome): string {
  return outcome.kind === "bytes" ? outcome.bytes.toString() : outcome.kind;
}

function sendRange(request: IncomingMessage, response: ServerResponse): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const part = FILE.subarray(Number(first), Number(last) + 1);
  const range = `bytes ${first}-${last}/${FILE.length}`;
  response.writeHead(206, { "content-range": range, "content-length": part.length }).end(part);
}
