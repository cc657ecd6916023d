import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import { errorCode } from "@seedfleet/runtime";
import { downloadTorrent, isWebUrl, TORRENT_REDIRECTS_MAX } from "./download-torrent.ts";

/** A real server, on a port of its own. */
class GivenServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(listener: RequestListener): Promise<GivenServer> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new GivenServer(server);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const LIMITS = { bytesMax: 8, timeoutMs: 10_000 };

/** `/5` leads to `/4` and so on to `/0`, which has the bytes. */
const redirecting: RequestListener = ({ url = "" }, response) => {
  const left = Number(url.slice(1));
  if (left === 0) response.end("12345678");
  else response.writeHead(302, { location: `/${left - 1}` }).end("a page");
};

function* endless(): Generator<Buffer> {
  while (true) yield Buffer.alloc(65_536);
}

test("downloadTorrent() gives the bytes, behind a few redirects", async () => {
  await using server = await GivenServer.start(redirecting);
  const bytes = await downloadTorrent(`${server.url}/${TORRENT_REDIRECTS_MAX}`, LIMITS);
  equal(Buffer.from(bytes).toString(), "12345678");
  await rejects(
    downloadTorrent(`${server.url}/${TORRENT_REDIRECTS_MAX + 1}`, LIMITS),
    /it is redirected more than 5 times$/,
  );
});

test("downloadTorrent() follows to nothing but the web", async () => {
  for (const location of ["file:///etc/passwd", "ftp://a/", "http://"]) {
    await using server = await GivenServer.start((_, response) => {
      response.writeHead(301, { location }).end();
    });
    await rejects(downloadTorrent(server.url, LIMITS), /is redirected to "[^"]+", which is not/);
  }
});

test("downloadTorrent() reads no more than one byte too many, however long it is", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await GivenServer.start((_, response) => {
    Readable.from(endless()).pipe(response).on("close", closed.resolve);
  });
  equal((await downloadTorrent(server.url, LIMITS)).length, 9);
  await closed.promise;
});

test("downloadTorrent() gives up on a server that says nothing", async () => {
  await using server = await GivenServer.start(() => {});
  await rejects(downloadTorrent(server.url, { ...LIMITS, timeoutMs: 50 }), (error: Error) => {
    equal(errorCode(error), "torrent-unreadable");
    match(
      error.message,
      /^Cannot download http:\/\/127\.0\.0\.1:\d+: it took longer than 0\.05 s$/,
    );
    return true;
  });
});

test("downloadTorrent() says what the server answers, and where there is none", async () => {
  let url = "";
  {
    await using server = await GivenServer.start((_, response) => response.writeHead(404).end());
    url = server.url;
    await rejects(downloadTorrent(url, LIMITS), /: the server answers 404$/);
  }
  await rejects(downloadTorrent(url, LIMITS), /ECONNREFUSED/);
});

test("isWebUrl() is true of http and https alone", () => {
  const given = ["http://a/", "HTTPS://a/", "ftp://a/", "a.torrent", "magnet:?xt=a", "http:a"];
  deepEqual(given.map(isWebUrl), [true, true, false, false, false, false]);
});
