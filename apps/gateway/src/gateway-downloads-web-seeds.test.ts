import { equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { test } from "node:test";
import { GivenMirror } from "./testing-mirror.ts";

test("a download completes from a web seed alone, and asks it for nothing twice", async () => {
  await using mirrored = await GivenMirror.start();
  await using web = await start(mirrored.torrent.content);
  await mirrored.mirror([], [`${web.url}/there`]);
  await mirrored.until(() => mirrored.given.logged("mirror complete") === 1);
  equal(mirrored.there.isFull, true);
  const { recorded } = mirrored.given.telemetry;
  const { length } = mirrored.torrent.content;
  equal(recorded.total("seedfleet_gateway_web_seed_bytes", {}), length);
  equal(mirrored.given.gauge("downloaded_bytes"), length);
  equal(mirrored.given.gauge("wasted_bytes"), 0);
  const verified = { outcome: "verified" };
  const { pieceCount } = mirrored.torrent.metainfo;
  equal(recorded.total("seedfleet_gateway_downloaded_pieces", verified), pieceCount);
  equal(mirrored.given.gauge("mirrors_halted"), 0);
});

test("a download completes from a web seed and a peer together", async () => {
  await using mirrored = await GivenMirror.start();
  await using web = await start(mirrored.torrent.content);
  const seed = await mirrored.peer("honest", {});
  await mirrored.mirror([seed], [`${web.url}/there`]);
  await mirrored.until(() => mirrored.given.logged("mirror complete") === 1);
  equal(mirrored.there.isFull, true);
});

/** A server of one file, which is only at `/there`. */
async function start(content: Buffer): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (request.url !== "/there") return void response.writeHead(404).end();
    const range = `bytes ${first}-${last}/${content.length}`;
    const part = content.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, { "content-range": range }).end(part);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: urlOf(server), [Symbol.asyncDispose]: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}

function urlOf(server: Server): string {
  const address = server.address();
  ok(address !== null && typeof address === "object");
  return `http://127.0.0.1:${address.port}`;
}
