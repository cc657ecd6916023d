import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { readPieceCall } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { HOLDER, remote } from "../testing.ts";
import { givenTorrent, havePiecesOf, manage, Offerer } from "./testing.ts";

const MAIN = join(import.meta.dirname, "../main.ts");
const PIECE_BYTES = 16_384;
const ACCOUNT = { user: null, password: null, token: null };

realPartTest(["nats-server"], "a piece that was told to be verified outlives kill -9", async () => {
  const files = { "d/a": randomBytes(60 * PIECE_BYTES), "d/b": randomBytes(40 * PIECE_BYTES - 9) };
  const torrent = await givenTorrent(files, { pieceLengthBytes: PIECE_BYTES });
  await using ended = new AsyncDisposableStack();
  const root = ended.use(new GivenDirectory());
  const server = await startNatsServer();
  ended.defer(() => server.stop());
  const ports = { clock: systemClock, telemetry: silentTelemetry, name: "kill-test" };
  const bus = await connectBus({ servers: [server.url], ...ACCOUNT }, ports);
  ended.defer(() => bus.close());
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const offerer = new Offerer(bus, [torrent]);
  const { infoHash, pieces } = torrent;

  const told = new Set<number>();
  for (let kills = 0; told.size < pieces.length; kills += 1) {
    await using store = await StoreProcess.start(server.url, root.at("managed"));
    const { havePieces } = await manage({ bus, catalog }, torrent);
    ok(havePieces >= told.size, `${havePieces} of ${told.size} are there after ${kills} kills`);
    const there = new Set(await havePiecesOf(bus, infoHash));
    equal(there.size, havePieces);
    deepEqual(
      [...told].filter((piece) => !there.has(piece)),
      [],
    );
    // What was verified but not told any more is as right as the rest, and nothing else is there.
    for (const piece of pieces.keys()) {
      if (there.has(piece)) deepEqual(await read(piece), Buffer.from(pieces[piece] ?? []));
      else await rejects(read(piece), remote("piece-absent"));
    }
    const absent = [...pieces.keys()].filter((piece) => !told.has(piece));
    const killAfter = told.size + 30;
    const killed = new AbortController();
    // So many share a sync.
    const writes = Array.from({ length: 32 }, async () => {
      for (let piece = absent.pop(); piece !== undefined; piece = absent.pop()) {
        const options = { signal: killed.signal };
        equal(await offerer.write({ infoHash, piece }, options), "verified");
        told.add(piece);
        // The others are under way.
        if (told.size !== killAfter) continue;
        await store.kill();
        killed.abort();
      }
    });
    const outcomes = await Promise.allSettled(writes);
    const isKilled = outcomes.some(({ status }) => status === "rejected");
    equal(isKilled, told.size < pieces.length);
  }

  async function read(piece: number): Promise<Buffer> {
    const length = pieces[piece]?.length ?? 0;
    const request = { infoHash, piece, begin: 0, length, verify: false };
    return Buffer.concat(
      await Array.fromAsync(bus.stream(readPieceCall, { holder: HOLDER }, request)),
    );
  }
});

/** A store as it is started for a fleet. Killed when disposed. */
class StoreProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, "exit");
  }

  /** Resolves when it says that it has started. */
  static async start(natsUrl: string, managedRoot: string): Promise<StoreProcess> {
    const env = {
      ...process.env,
      SEEDFLEET_ID: HOLDER,
      SEEDFLEET_NATS_URL: natsUrl,
      SEEDFLEET_PIECE_STORE_MANAGED_ROOT: managedRoot,
    };
    const child = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    const lines = child.stderr.setEncoding("utf8").iterator({ destroyOnReturn: false });
    for await (const text of lines) {
      log += text;
      if (log.includes('"service started"')) break;
    }
    ok(log.includes('"service started"'), log);
    child.stderr.resume();
    return new StoreProcess(child);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
