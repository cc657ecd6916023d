import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HEADER_BYTES_MAX } from "./http-limits.ts";
import { RequestParser } from "./request-parser.ts";

const ASK = "GET /announce?a=%ff&b=?x HTTP/1.1\r\n";

type Read = {
  readonly path: string;
  readonly query: string;
  readonly keepsAlive: boolean;
  readonly hasBody: boolean;
  readonly isGet: boolean;
  readonly forwardedFor: readonly string[] | null;
};

const headers: readonly {
  readonly given: string;
  readonly lines: string;
  readonly is: Partial<Read>;
}[] = [
  { given: "no header", lines: "", is: { keepsAlive: true } },
  { given: "a host", lines: "Host: tracker\r\n", is: { keepsAlive: true } },
  { given: "close", lines: "connection:close\r\n", is: { keepsAlive: false } },
  { given: "close in a list", lines: "Connection: TE,\t Close \r\n", is: { keepsAlive: false } },
  { given: "closer", lines: "Connection: closer\r\n", is: { keepsAlive: true } },
  { given: "an empty body", lines: "Content-Length: 0\r\n", is: { keepsAlive: true } },
  { given: "a body", lines: "Content-Length: 5\r\n", is: { keepsAlive: false, hasBody: true } },
  { given: "chunks", lines: "Transfer-Encoding: chunked\r\n", is: { hasBody: true } },
  {
    given: "forwarded lines",
    lines: "X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for:2.2.2.2\r\n",
    is: { forwardedFor: [" 1.1.1.1", "2.2.2.2"] },
  },
];

for (const { given, lines, is } of headers) {
  test(`RequestParser given ${given}`, () => {
    const [read] = parsed([`${ASK}${lines}\r\n`]).requests;
    deepEqual({ ...read, ...is }, read);
    equal(read?.path, "/announce");
    equal(read?.query, "a=%ff&b=?x");
  });
}

test("RequestParser given HTTP/1.0 keeps the connection only if asked", () => {
  const ask = "GET / HTTP/1.0\r\n";
  const keeps = (request: string): unknown => parsed([request]).requests[0]?.keepsAlive;
  equal(keeps(`${ask}\r\n`), false);
  equal(keeps(`${ask}Connection: keep-alive\r\n\r\n`), true);
  equal(keeps(`${ask}Connection: keep-alive\r\nConnection: close\r\n\r\n`), false);
});

test("RequestParser given a whole URL takes its path", () => {
  const [read] = parsed(["GET HTTP://tracker:80/scrape?x HTTP/1.1\r\n\r\n"]).requests;
  equal(read?.path, "/scrape");
  equal(read?.query, "x");
});

const malformed = [
  "\x13BitTorrent protocol",
  "\x16\x03\x01",
  "GET /\xff HTTP/1.1\r\n",
  "GET /a b HTTP/1.1\r\n",
  "GET / HTTP/1.1\n",
  "GET / HTTP/1.1\rx",
  "GET / HTTP/1.2\r\n",
  "GET / HTTP/2.0\r\n",
  "GET /\r\n",
  "GET  / HTTP/1.1\r\n",
  "GET announce HTTP/1.1\r\n",
  "GET http://tracker HTTP/1.1\r\n",
  " GET / HTTP/1.1\r\n",
  `${"M".repeat(33)} / HTTP/1.1\r\n`,
  "SSH-2.0-OpenSSH_9.6\r\n",
  `${ASK}no colon\r\n`,
  `${ASK}: no name\r\n`,
  `${ASK}space : x\r\n`,
  `${ASK}a: b\r\n folded\r\n`,
  `${ASK}a: \0\r\n`,
  `${ASK}Content-Length: -1\r\n`,
  `${ASK}Content-Length: \r\n`,
  `${ASK}Content-Length: 1, 1\r\n`,
  `${ASK}Content-Length: 1\r\nContent-Length: 2\r\n`,
] as const;

for (const request of malformed) {
  test(`RequestParser given ${JSON.stringify(request)} says so at once`, () => {
    deepEqual(parsed([request]), { requests: [], problem: "malformed" });
  });
}

test("RequestParser given another method reads on", () => {
  for (const method of ["HEAD", "POST", "GETS", "get"]) {
    equal(parsed([`${method} / HTTP/1.1\r\n\r\n`]).requests[0]?.isGet, false);
  }
  equal(parsed(["OPTIONS * HTTP/1.1\r\n\r\n"]).requests[0]?.isGet, false);
});

test("RequestParser takes a head of so many bytes and no more", () => {
  const head = (bytes: number): string => {
    const around = "GET /? HTTP/1.1\r\n\r\n".length;
    return `GET /?${"a".repeat(bytes - around)} HTTP/1.1\r\n\r\n`;
  };
  equal(parsed([head(HEADER_BYTES_MAX)]).requests.length, 1);
  deepEqual(parsed([head(HEADER_BYTES_MAX + 1)]), { requests: [], problem: "too-long" });
});

const anyPart = fc.constantFrom(
  ASK,
  "GET /scrape HTTP/1.0\r\n",
  "\r\n",
  "Connection: close\r\n",
  "X-Forwarded-For: 1.1.1.1\r\n",
  "Content-Length: 0\r\n",
  `X: ${"y".repeat(9_000)}\r\n`,
  "\r",
  "\n",
  "GET ",
  ":",
);

test("RequestParser reads the same however it is cut, and never throws", () => {
  const bytes = fc.oneof(
    fc.array(anyPart, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text).toString("latin1")),
  );
  fc.assert(
    fc.property(bytes, fc.array(fc.nat({ max: 300 }), { minLength: 1 }), (text, lengths) => {
      const chunks: string[] = [];
      let at = 0;
      for (let index = 0; at < text.length; index += 1) {
        const length = 1 + (lengths[index % lengths.length] ?? 0);
        chunks.push(text.slice(at, at + length));
        at += length;
      }
      deepEqual(parsed(chunks), parsed([text]));
    }),
    { numRuns: 500 },
  );
});

function parsed(chunks: readonly string[]): {
  readonly requests: readonly Read[];
  readonly problem: string | null;
} {
  const parser = new RequestParser({ readsForwardedFor: true });
  const requests: Read[] = [];
  for (const chunk of chunks) {
    parser.push(Buffer.from(chunk, "latin1"));
    for (let outcome = parser.next(); outcome !== null; outcome = parser.next()) {
      if (outcome !== true) return { requests, problem: outcome };
      requests.push(readOf(parser));
    }
  }
  return { requests, problem: null };
}

function readOf(parser: RequestParser): Read {
  const { bytes, pathFrom, pathTo, queryFrom, queryTo, forwardedFor } = parser;
  const { keepsAlive, hasBody, isGet } = parser;
  const path = bytes.toString("latin1", pathFrom, pathTo);
  const query = bytes.toString("latin1", queryFrom, queryTo);
  return { path, query, keepsAlive, hasBody, isGet, forwardedFor };
}
