import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type InfoHash, peerIdFromBytes } from "@seedfleet/bytes";
import { startChokingScheduler } from "@seedfleet/choking-scheduler/service";
import { openCatalog, rendezvous } from "@seedfleet/fleet";
import { gatewayConfig, type RunningGateway, startGateway } from "@seedfleet/gateway/service";
import { makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import { loadConfig, systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import {
  encodeHandshake,
  encodeMessage,
  HandshakeDecoder,
  reservedBytes,
  WireDecoder,
} from "@seedfleet/wire";
import { givenEntry } from "./fleet-testing.ts";

const PIECES = 32;
const PIECE_BYTES = 16_384;
const LEECHERS_OF_EACH = 3;
const SCHEDULERS = ["scheduler-1", "scheduler-2"] as const;

test("two gateways tell each piece once, and go on when their scheduler dies", async () => {
  await using given = await GivenFleet.start();
  const leechers = given.gateways.flatMap((gateway) =>
    Array.from({ length: LEECHERS_OF_EACH }, (_, at) => given.leecher(`${at}`, gateway)),
  );
  // One that knows both gateways is told of a piece at one of them.
  const [one, two] = given.gateways;
  ok(one !== undefined && two !== undefined);
  leechers.push(given.leecher("both", one, two));
  const told: number[] = [];
  const { promise: halfTold, resolve: tellHalf } = Promise.withResolvers<void>();
  const { promise: allTold, resolve: tellAll } = Promise.withResolvers<void>();
  // What one has the others have from it.
  for (const leecher of leechers) {
    leecher.told = (piece) => {
      told.push(piece);
      leecher.have(piece);
      for (const other of leechers) other.have(piece);
      if (told.length === PIECES / 2) tellHalf();
      if (new Set(told).size === PIECES) tellAll();
    };
  }
  await halfTold;
  equal(new Set(told).size, told.length);
  ok(leechers.some(({ heard }) => heard > 1));
  await given.kill(rendezvous(given.infoHash, SCHEDULERS) ?? "");
  await allTold;
  deepEqual(
    [...new Set(told)].toSorted((a, b) => a - b),
    Array.from({ length: PIECES }, (_, piece) => piece),
  );
  // While the gateways were of two minds a piece may have been told at both.
  ok(told.length <= PIECES + 2 * leechers.length, `${told.length} told of ${PIECES}`);
});

/** Two gateways and two schedulers in this process, and a super-seeded torrent. */
class GivenFleet implements AsyncDisposable {
  readonly bus: Bus;
  readonly infoHash: InfoHash;
  readonly gateways: RunningGateway[] = [];
  readonly #schedulers = new Map<string, AsyncDisposable>();
  readonly #sockets: Socket[] = [];

  private constructor(bus: Bus, infoHash: InfoHash) {
    this.bus = bus;
    this.infoHash = infoHash;
  }

  static async start(): Promise<GivenFleet> {
    const ports = { clock: systemClock, telemetry: silentTelemetry };
    const bus = createBus(openEmbeddedBus({ file: null }), ports);
    const given = new GivenFleet(bus, await publishTorrent(bus));
    for (const id of SCHEDULERS) {
      given.#schedulers.set(id, await startChokingScheduler({ ...ports, bus }, { id }));
    }
    for (const id of ["gateway-1", "gateway-2"]) {
      const config = { ...loadConfig(gatewayConfig, {}), peerPort: 0, id };
      const gateway = await startGateway({ ...ports, bus, requestStop() {} }, config);
      given.gateways.push(gateway);
    }
    await bus.flush();
    return given;
  }

  /** A leecher that has nothing, connected to these gateways. */
  leecher(name: string, ...gateways: readonly RunningGateway[]): Leecher {
    const ports = gateways.map(({ peerAddress }) => peerAddress.port);
    const leecher = new Leecher(`${name}-${ports[0]}`, this.infoHash, ports);
    this.#sockets.push(...leecher.sockets);
    return leecher;
  }

  async kill(scheduler: string): Promise<void> {
    await this.#schedulers.get(scheduler)?.[Symbol.asyncDispose]();
    this.#schedulers.delete(scheduler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const gateway of this.gateways) await gateway[Symbol.asyncDispose]();
    for (const scheduler of this.#schedulers.values()) await scheduler[Symbol.asyncDispose]();
    await this.bus.close();
  }
}

/** Hears what it is told of, and says what it has, by every connection. */
class Leecher {
  readonly sockets: readonly Socket[];
  told: (piece: number) => void = () => {};
  heard = 0;
  readonly #has = new Set<number>();

  constructor(name: string, infoHash: InfoHash, ports: readonly number[]) {
    const peerId = peerIdFromBytes(Buffer.from(`-TE0001-${name}`.padEnd(20, "0")));
    const reserved = reservedBytes({ fast: true, extended: false, v2: false, dht: false });
    this.sockets = ports.map((port) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(encodeHandshake({ infoHash, peerId, reserved }));
      socket.write(encodeMessage({ kind: "have-none" }));
      this.#listen(socket);
      return socket;
    });
  }

  have(piece: number): void {
    if (this.#has.has(piece)) return;
    this.#has.add(piece);
    // A leecher that has all hears no more, as it would be let go.
    if (this.#has.size === PIECES) return;
    for (const socket of this.sockets) socket.write(encodeMessage({ kind: "have", piece }));
  }

  #listen(socket: Socket): void {
    const handshakes = new HandshakeDecoder();
    const messages = new WireDecoder({ lengthMax: 1_000_000 });
    let isGreeted = false;
    socket.on("data", (bytes: Buffer) => {
      if (isGreeted) messages.push(bytes);
      else {
        handshakes.push(bytes);
        if (handshakes.next() === null) return;
        isGreeted = true;
        messages.push(handshakes.takeRest());
      }
      for (let next = messages.next(); next !== null; next = messages.next()) {
        if (next.kind !== "have") continue;
        this.heard += 1;
        this.told(next.piece);
      }
    });
  }
}

/** Of zeros: nobody asks for a block. */
async function publishTorrent(bus: Bus): Promise<InfoHash> {
  const piece = createHash("sha1").update(Buffer.alloc(PIECE_BYTES)).digest();
  const bytes = makeMetainfo({
    ...{ version: "v1", name: "new", single: true, pieceLengthBytes: PIECE_BYTES, source: null },
    files: [{ path: ["new"], lengthBytes: PIECES * PIECE_BYTES }],
    ...{ private: false, pieceRoots: null },
    pieceHashes: Buffer.concat(Array.from({ length: PIECES }, () => piece)),
  });
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo");
  const { infoHash } = metainfo;
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const sizes = { sizeBytes: PIECES * PIECE_BYTES, contentBytes: PIECES * PIECE_BYTES };
  const entry = givenEntry("new", { infoHash, ...sizes, pieceCount: PIECES });
  const choking = { policy: null, weight: 1, superSeeding: true };
  await catalog.publish({ ...entry, choking }, bytes);
  return infoHash;
}
