import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import { givenCertificate, realPartTest } from "@seedfleet/testkit";
import type { ResolveName } from "../outbound/allowed-lookup.ts";
import { givenHttpsServer, trust } from "../testing-tls.ts";
import { TRACKER_REDIRECTS_MAX } from "./http-announce.ts";
import { givenClients, givenHttpTracker, LOOPBACK_NAMES } from "./testing.ts";

const PARTS = ["openssl"] as const;
const SOUND = "d8:intervali1800e5:peers0:e";

const UNTRUSTED = {
  ...{ kind: "away", code: "unreachable" },
  reason: "its certificate is of no authority known here; NODE_EXTRA_CA_CERTS names more",
};
const NOT_ALLOWED = {
  ...{ kind: "away", code: "address-not-allowed" },
  reason: "its address is not one this gateway goes to",
};

realPartTest(
  PARTS,
  "an announce over HTTPS trusts no certificate of its own authority",
  async (_, { openssl }) => {
    let asked = 0;
    await using certificate = await givenCertificate(openssl);
    await using tracker = await givenHttpsServer(certificate, (_request, response) => {
      asked += 1;
      response.end(SOUND);
    });
    await using given = givenClients();
    deepEqual(await given.announce(`https://localhost:${tracker.port}/announce`), UNTRUSTED);
    equal(asked, 0, "a passkey is not told to whom is not known");
    using _trusted = trust(certificate);
    equal((await given.announce(`https://localhost:${tracker.port}/announce`)).kind, "reply");
    const labels = { scheme: "https", outcome: "answered" };
    equal(given.telemetry.recorded.total("seedfleet_gateway_announces", labels), 1);
  },
);

realPartTest(
  PARTS,
  "an announce over HTTPS looks whom a certificate is for",
  async (_, { openssl }) => {
    await using certificate = await givenCertificate(openssl, "DNS:tracker.example");
    using _trusted = trust(certificate);
    await using tracker = await givenHttpsServer(certificate, (_request, response) => {
      response.end(SOUND);
    });
    await using given = givenClients({ resolve: LOOPBACK_NAMES });
    equal((await given.announce(`https://tracker.example:${tracker.port}/a`)).kind, "reply");
    deepEqual(await given.announce(`https://other.example:${tracker.port}/a`), {
      ...{ kind: "away", code: "unreachable", reason: "its certificate is for another name" },
    });
  },
);

test("an announce over HTTPS says that nobody speaks TLS there", async () => {
  await using tracker = await givenHttpTracker((_request, response) => response.end(SOUND));
  await using given = givenClients();
  const outcome = await given.announce(`https://127.0.0.1:${tracker.port}/announce`);
  match(outcome.kind === "away" ? outcome.reason : "", /^it does not speak TLS as we do/);
});

realPartTest(
  PARTS,
  "an announce is redirected to HTTPS, and never back",
  async (_, { openssl }) => {
    await using certificate = await givenCertificate(openssl);
    using _trusted = trust(certificate);
    const asked: string[] = [];
    await using plain = await givenHttpTracker((request, response) => {
      asked.push(`http ${new URL(request.url ?? "", "http://a").pathname}`);
      const left = Number(request.url?.slice(1, 2));
      response.writeHead(301, { location: `https://localhost:${tracker.port}/${left - 1}` }).end();
    });
    await using tracker = await givenHttpsServer(certificate, (request, response) => {
      const { pathname } = new URL(request.url ?? "", "https://a");
      asked.push(`https ${pathname}`);
      if (pathname === "/back") {
        response.writeHead(302, { location: `http://127.0.0.1:${plain.port}/0` }).end();
      } else if (pathname === "/0") response.end(SOUND);
      else response.writeHead(308, { location: `/${Number(pathname.slice(1)) - 1}` }).end();
    });
    await using given = givenClients();
    const first = await given.announce(`http://127.0.0.1:${plain.port}/${TRACKER_REDIRECTS_MAX}`);
    equal(first.kind, "reply");
    deepEqual(asked.splice(0), ["http /3", "https /2", "https /1", "https /0"]);
    deepEqual(await given.announce(`http://127.0.0.1:${plain.port}/${TRACKER_REDIRECTS_MAX + 1}`), {
      ...{ kind: "away", code: "no-tracker", reason: "it redirects in circles" },
    });
    asked.splice(0);
    deepEqual(await given.announce(`https://localhost:${tracker.port}/back`), {
      ...{ kind: "away", code: "no-tracker", reason: "it redirects from https to http" },
    });
    deepEqual(asked, ["https /back"]);
  },
);

realPartTest(
  PARTS,
  "an announce goes nowhere by a redirect that it may not go to",
  async (_, { openssl }) => {
    await using certificate = await givenCertificate(openssl);
    using _trusted = trust(certificate);
    const looked: string[] = [];
    const resolve: ResolveName = (host, done) => {
      looked.push(host);
      const address = host === "localhost" ? "127.0.0.1" : "169.254.169.254";
      done(null, [{ address, family: 4 }]);
    };
    await using tracker = await givenHttpsServer(certificate, (request, response) => {
      const to = new URL(request.url ?? "", "https://a").searchParams.get("to") ?? "";
      response.writeHead(302, { location: to }).end();
    });
    await using given = givenClients({ resolve });
    for (const to of [
      "https://169.254.169.254/latest/",
      "https://[::ffff:169.254.169.254]/",
      "https://secrets.example/latest/",
    ]) {
      const url = `https://localhost:${tracker.port}/a?to=${encodeURIComponent(to)}`;
      deepEqual(await given.announce(url), NOT_ALLOWED);
    }
    deepEqual(looked, ["localhost", "localhost", "localhost", "secrets.example"]);
  },
);
