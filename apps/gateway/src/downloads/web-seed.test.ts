import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import type { MetainfoFile, TorrentVersion } from "@seedfleet/metainfo";
import { recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { OutboundRule, type PrivateAddresses } from "../outbound/outbound-rule.ts";
import { until } from "../testing.ts";
import { type GivenTorrent, givenTorrent } from "../testing-torrent.ts";
import { DownloadMemory } from "./download-memory.ts";
import {
  WEB_SEED_REDIRECTS_MAX,
  WEB_SEED_REQUEST_MS_MAX,
  WEB_SEED_STALL_MS_MAX,
} from "./fetch-range.ts";
import { TorrentDownload } from "./torrent-download.ts";
import { downloadShape } from "./torrent-shape.ts";
import { WEB_SEED_REQUESTS_MAX, WEB_SEED_REST_MS } from "./web-seed.ts";
import { WebSeeds, webSeedMetrics } from "./web-seeds.ts";

type Answers = (request: IncomingMessage, response: ServerResponse) => void;

type Given = {
  readonly torrent?: GivenTorrent;
  readonly privateAddresses?: PrivateAddresses;
  /** Instead of one at the server's root. */
  readonly paths?: readonly string[];
};

class GivenSeeds implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly telemetry = recordingTelemetry();
  readonly torrent: GivenTorrent;
  readonly asked: { readonly path: string; readonly range: string }[] = [];
  /** By piece, as it was received. */
  readonly stored = new Map<number, Buffer>();
  readonly download: TorrentDownload;
  readonly seeds: WebSeeds;
  readonly #server: Server;

  private constructor(server: Server, { torrent, privateAddresses, paths = ["/"] }: Given) {
    this.#server = server;
    this.torrent = torrent ?? givenTorrent("seeded");
    const { metainfo, content } = this.torrent;
    this.download = new TorrentDownload(
      {
        ...{ shape: downloadShape(metainfo), have: Bitfield.empty(metainfo.pieceCount) },
        ...{ peersFound: () => {}, othersWait: () => false },
        memory: new DownloadMemory(100_000_000),
        store: (piece, bytes) => {
          const at = piece * metainfo.pieceLengthBytes;
          if (content.subarray(at, at + bytes.length).equals(bytes)) {
            this.stored.set(piece, Buffer.from(bytes));
            this.download.verified(piece);
          } else this.download.failed(piece);
        },
      },
      { below: () => 0 },
    );
    const { clock, telemetry } = this;
    this.seeds = new WebSeeds(
      {
        ...{ clock, log: telemetry.log, metrics: webSeedMetrics(telemetry.meter) },
        rule: new OutboundRule(privateAddresses ?? "auto", "127.0.0.1"),
      },
      { metainfo, urls: paths.map((path) => `http://127.0.0.1:${portOf(server)}${path}`) },
      this.download,
    );
  }

  static async start(answers: Answers | null, how: Given = {}): Promise<GivenSeeds> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const given = new GivenSeeds(server, how);
    server.on("request", (request, response) => {
      given.asked.push({ path: request.url ?? "", range: request.headers.range ?? "" });
      if (answers === null) given.serve(request, response);
      else answers(request, response);
    });
    return given;
  }

  /** As a server that knows ranges does. */
  serve(request: IncomingMessage, response: ServerResponse, content = this.files()): void {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const from = Number(first);
    const part = content.subarray(from, Number(last) + 1);
    const range = `bytes ${from}-${from + part.length - 1}/${content.length}`;
    response.writeHead(206, { "content-range": range, "content-length": part.length });
    response.end(part);
  }

  /** Without the padding of v2. */
  files(): Buffer {
    const [file] = this.torrent.metainfo.files;
    return this.torrent.content.subarray(0, file?.lengthBytes);
  }

  get isComplete(): boolean {
    return this.stored.size === this.torrent.metainfo.pieceCount;
  }

  total(name: string, labels: Record<string, string>): number {
    return this.telemetry.recorded.total(`seedfleet_gateway_${name}`, labels) ?? 0;
  }

  get logged(): number {
    const { logs } = this.telemetry.recorded;
    return logs.filter(({ message }) => message === "web seed left alone").length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.seeds.end();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function portOf(server: Server): number {
  const address = server.address();
  ok(address !== null && typeof address === "object");
  return address.port;
}

for (const version of ["v1", "v2", "hybrid"] as const satisfies readonly TorrentVersion[]) {
  test(`a WebSeed brings all of a torrent of ${version}`, async () => {
    const torrent = givenTorrent(`seeded ${version}`, { version, sizeBytes: 700_001 });
    await using given = await GivenSeeds.start(null, { torrent });
    await until(() => given.isComplete);
    deepEqual(given.asked[0]?.path, `/seeded%20${version}`);
    equal(given.download.wastedBytes, 0);
    equal(given.total("web_seed_bytes", {}), given.files().length);
  });
}

test("a WebSeed is asked for each file of many, and for no padding", async () => {
  const torrent = ofFiles([70_000, null, 100_000, 13_000]);
  const { metainfo, content } = torrent;
  await using given: GivenSeeds = await GivenSeeds.start(
    (request, response) => {
      const file = metainfo.files.find(({ path }) => request.url === `/d/many/sub/${path[1]}`);
      if (file === undefined) return void response.writeHead(404).end();
      const { offsetBytes, lengthBytes } = file;
      given.serve(request, response, content.subarray(offsetBytes, offsetBytes + lengthBytes));
    },
    { torrent, paths: ["/d"] },
  );
  await until(() => given.isComplete);
  equal(given.total("web_seed_bytes", {}), 183_000);
  ok(given.asked.every(({ path }) => !path.includes("pad")));
});

test("a WebSeed that ends is asked nothing more", async () => {
  await using given = await GivenSeeds.start(() => {});
  await until(() => given.asked.length === WEB_SEED_REQUESTS_MAX);
  equal(given.download.sourceCount, 1);
  given.seeds.end();
  equal(given.download.sourceCount, 0);
  given.download.wake();
  given.clock.advance(WEB_SEED_REQUEST_MS_MAX);
  equal(given.asked.length, WEB_SEED_REQUESTS_MAX);
});

test("a WebSeed asks for no more at once than it may, and not for what others bring", async () => {
  const held: ServerResponse[] = [];
  await using given = await GivenSeeds.start((_, response) => held.push(response));
  await until(() => held.length === WEB_SEED_REQUESTS_MAX);
  for (let piece = 0; piece < given.torrent.metainfo.pieceCount; piece += 1) {
    given.download.verified(piece);
  }
  await until(() => held.every(({ closed }) => closed));
  equal(given.download.wastedBytes, 0);
  equal(given.asked.length, WEB_SEED_REQUESTS_MAX);
});

test("a WebSeed whose server knows no ranges gives a short file whole", async () => {
  await using given: GivenSeeds = await GivenSeeds.start((_, response) => {
    response.end(given.files());
  });
  await until(() => given.isComplete);
});

test("a WebSeed is followed to where its server sends us", async () => {
  await using given: GivenSeeds = await GivenSeeds.start((request, response) => {
    if (request.url === "/there") return given.serve(request, response);
    response.writeHead(302, { location: "/there" }).end();
  });
  await until(() => given.isComplete);
});

/** Files of these lengths; null is padding up to the next piece. */
function ofFiles(lengths: readonly (number | null)[]): GivenTorrent {
  const torrent = givenTorrent("many");
  const { pieceLengthBytes } = torrent.metainfo;
  const content = Buffer.from(torrent.content);
  const files: MetainfoFile[] = [];
  let offsetBytes = 0;
  for (const [at, length] of lengths.entries()) {
    const padding = length === null;
    const lengthBytes = length ?? pieceLengthBytes - (offsetBytes % pieceLengthBytes);
    if (padding) content.fill(0, offsetBytes, offsetBytes + lengthBytes);
    const path = ["sub", padding ? "pad" : `${at}`];
    const plain = { executable: false, hidden: false, symlink: null, piecesRoot: null };
    files.push({ ...plain, path, lengthBytes, offsetBytes, padding });
    offsetBytes += lengthBytes;
  }
  const pieceCount = Math.ceil(offsetBytes / pieceLengthBytes);
  const shape = { sizeBytes: offsetBytes, pieceCount, files, single: false };
  const metainfo = { ...torrent.metainfo, ...shape };
  return { ...torrent, metainfo, content: content.subarray(0, offsetBytes) };
}

type Refusal = readonly [reason: string, answers: Answers, how?: Given];

const LONG: Given = { torrent: givenTorrent("long", { sizeBytes: 3_000_000 }) };

const refusals: readonly Refusal[] = [
  ["not-there", (_, response) => response.writeHead(404).end()],
  ["not-there", (_, response) => response.writeHead(410).end()],
  ["refused", (_, response) => response.writeHead(403).end()],
  ["other-size", (_, response) => response.writeHead(416).end()],
  ["other-size", (_, response) => response.end("another file")],
  ["other-size", (_, response) => partial(response, "bytes 0-9/10", 10)],
  ["no-ranges", (_, response) => partial(response, "bytes 1-9/300000", 9)],
  ["no-ranges", (_, response) => partial(response, "nonsense", 9)],
  ["no-ranges", (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end()],
  ["no-ranges", (_, response) => response.write("x".repeat(10)), LONG],
  ["redirects", (_, response) => response.writeHead(301, { location: "/again" }).end()],
  ["redirects", (_, response) => response.writeHead(301, { location: "ftp://a.example/" }).end()],
  ["not-allowed", (_, response) => response.end(), { privateAddresses: "refused" }],
  [
    "not-allowed",
    (_, response) => response.writeHead(302, { location: "http://169.254.169.254/" }).end(),
  ],
];

for (const [at, [reason, answers, how]] of refusals.entries()) {
  test(`a WebSeed is left alone for good as ${reason} (${at})`, async () => {
    await using given = await GivenSeeds.start(answers, how);
    await until(() => given.total("web_seeds_left", { reason }) === 1);
    equal(given.download.sourceCount, 0);
    equal(given.logged, 1);
    ok(given.seeds.reason?.startsWith("http://127.0.0.1"));
    ok(given.asked.length <= WEB_SEED_REQUESTS_MAX * (WEB_SEED_REDIRECTS_MAX + 1));
  });
}

test("a WebSeed that sends another content is banned, and the next takes its place", async () => {
  let lies = 0;
  const torrent = givenTorrent("lied about");
  const paths = ["/liar", ...Array.from({ length: 8 }, (_, at) => `/silent-${at}`), "/honest"];
  await using given: GivenSeeds = await GivenSeeds.start(
    (request, response) => {
      if (request.url === "/honest") return given.serve(request, response);
      if (request.url !== "/liar") return void response.writeHead(404).end();
      lies += 1;
      given.serve(request, response, Buffer.alloc(given.files().length));
    },
    { torrent, paths },
  );
  await until(() => given.isComplete);
  ok(lies > 0);
  equal(given.total("web_seeds_left", { reason: "piece-corrupt" }), 1);
});

test("a WebSeed is asked again when it said that it may be", async () => {
  let isBusy = true;
  await using given: GivenSeeds = await GivenSeeds.start((request, response) => {
    if (isBusy) response.writeHead(503, { "retry-after": "120" }).end();
    else given.serve(request, response);
  });
  await until(() => given.seeds.reason !== null && given.total("web_seed_requests", AWAY) === 2);
  const { length } = given.asked;
  isBusy = false;
  given.clock.advance(119_999);
  equal(given.asked.length, length);
  given.clock.advance(1);
  await until(() => given.isComplete);
  equal(given.seeds.reason, null);
});

test("a WebSeed that fails rests, and twice as long each time", async () => {
  await using given = await GivenSeeds.start((_, response) => response.writeHead(500).end());
  for (let failures = 1; failures < 5; failures += 1) {
    await until(() => given.total("web_seed_requests", AWAY) === failures * WEB_SEED_REQUESTS_MAX);
    const { length } = given.asked;
    given.clock.advance(WEB_SEED_REST_MS * 2 ** (failures - 1) - 1);
    equal(given.asked.length, length);
    given.clock.advance(1);
  }
});

test("a WebSeed that stalls is given up, and its blocks go to others", async () => {
  await using given = await GivenSeeds.start(() => {});
  await until(() => given.asked.length === WEB_SEED_REQUESTS_MAX);
  const peer = given.download.join({ cancel() {}, wake() {}, ban() {} });
  given.download.setPieces(peer, Bitfield.full(given.torrent.metainfo.pieceCount));
  given.clock.advance(WEB_SEED_STALL_MS_MAX);
  await until(() => given.seeds.reason !== null);
  equal(given.download.ask(peer, 100).length, Math.ceil(300_000 / 16_384));
});

const AWAY = { outcome: "away" };

function partial(response: ServerResponse, range: string, bytes: number): void {
  response.writeHead(206, { "content-range": range });
  response.end("x".repeat(bytes));
}
