// What a container of a crowd runs: `crowd-member.ts SPEC`, SPEC being a `MemberSpec` in JSON. Says
// `joined` once all of its leechers were unchoked, and `lost …` of each whose connection ended.
// From the first line of standard input on each takes what it asked for in its own manner. On
// SIGTERM they leave in good order, and the last line is `received BYTES`; SIGINT, and the end of
// standard input, end it at once.
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { parseInfoHash, peerIdFromBytes } from "@seedfleet/bytes";
import {
  BLOCK_BYTES,
  encodeHandshake,
  encodeMessage,
  HandshakeDecoder,
  type PeerMessage,
  WireDecoder,
} from "@seedfleet/wire";
import type { MemberSpec } from "./crowd.ts";

/** How it takes what it asked for. */
type Manner = "steady" | "slow" | "stuck";

/** Of ten leechers one is stuck, and three are slow. */
const MANNERS: readonly Manner[] = [
  "stuck",
  ...Array.from<Manner>({ length: 3 }).fill("slow"),
  ...Array.from<Manner>({ length: 6 }).fill("steady"),
];

/** What those ask for that take little or nothing of it: far more than any buffer holds. */
const ASKED_BLOCKS = 500;

/** A steady one asks for a block in each turn; a slow one reads once. */
const TURN_MS = 1_000;

/** Fewer than any backlog, so that no connection has to be tried again. */
const CONNECTING_MAX = 64;

const MESSAGE_BYTES_MAX = 1024 * 1024;

class Leecher {
  readonly joined: Promise<void>;
  readonly #spec: MemberSpec;
  readonly #manner: Manner;
  readonly #socket: Socket;
  readonly #decoder = new WireDecoder({ lengthMax: MESSAGE_BYTES_MAX });
  #handshake: HandshakeDecoder | null = new HandshakeDecoder();
  #join: () => void = () => {};
  #leaving = false;
  #piece = 0;
  #blockInPiece = 0;
  receivedBytes = 0;

  constructor(spec: MemberSpec, serial: number) {
    this.#spec = spec;
    this.#manner = MANNERS[serial % MANNERS.length] ?? "steady";
    this.#piece = Math.floor(Math.random() * spec.pieceCount);
    this.joined = new Promise((resolve) => {
      this.#join = resolve;
    });
    this.#socket = connect({ host: spec.host, port: spec.port, noDelay: true });
    let reason = "the gateway closed it";
    this.#socket.on("data", (bytes: Buffer) => this.#read(bytes));
    this.#socket.on("error", (error) => {
      reason = error.message;
    });
    this.#socket.on("close", () => {
      if (!this.#leaving) say(`lost ${serial}, ${this.#manner}: ${reason}`);
    });
    const infoHash = parseInfoHash(spec.infoHash);
    if (infoHash === null) throw new Error(`${spec.infoHash} is no info hash`);
    const peerId = peerIdFromBytes(Buffer.from(`-SFCRWD-${String(serial).padStart(12, "0")}`));
    this.#socket.write(encodeHandshake({ infoHash, peerId, reserved: new Uint8Array(8) }));
    this.#socket.write(encodeMessage({ kind: "interested" }));
  }

  turn(): void {
    if (this.#manner === "slow") this.#socket.resume();
    if (this.#manner === "steady") this.#ask(1);
  }

  /** Reads what is on its way, so that the gateway is told of the end and nothing is cut off. */
  async leave(): Promise<void> {
    this.#leaving = true;
    if (this.#socket.closed) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.end();
    this.#socket.resume();
    await closed;
  }

  #read(bytes: Buffer): void {
    if (this.#handshake === null) this.#decoder.push(bytes);
    else this.#greet(this.#handshake, bytes);
    if (this.#manner === "slow" && !this.#leaving && this.receivedBytes > 0) this.#socket.pause();
    for (let next = this.#decoder.next(); next !== null; next = this.#decoder.next()) {
      if (next.kind === "violation") this.#socket.destroy(new Error(next.code));
      else this.#take(next);
    }
  }

  #greet(handshake: HandshakeDecoder, bytes: Buffer): void {
    handshake.push(bytes);
    if (handshake.next() === null) return;
    this.#handshake = null;
    this.#decoder.push(handshake.takeRest());
  }

  #take(message: PeerMessage): void {
    if (message.kind === "piece") this.receivedBytes += message.data.length;
    if (message.kind !== "unchoke") return;
    this.#join();
    if (this.#manner === "steady") return;
    this.#ask(ASKED_BLOCKS);
    if (this.#manner === "stuck") this.#socket.pause();
  }

  /** The next blocks of the content, which begins anew after its end. */
  #ask(count: number): void {
    const { pieceLengthBytes, pieceCount } = this.#spec;
    for (let left = count; left > 0; left -= 1) {
      const begin = this.#blockInPiece * BLOCK_BYTES;
      const block = { piece: this.#piece, begin, length: BLOCK_BYTES };
      this.#socket.write(encodeMessage({ kind: "request", ...block }));
      this.#blockInPiece = (this.#blockInPiece + 1) % (pieceLengthBytes / BLOCK_BYTES);
      if (this.#blockInPiece === 0) this.#piece = (this.#piece + 1) % pieceCount;
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// The kernel spares the first process of a container a signal that it does not handle.
process.on("SIGINT", () => process.exit(1));
process.stdin.on("end", () => process.exit(1)).resume();
const told: MemberSpec = JSON.parse(process.argv[2] ?? "null");
const spec = { ...told, host: (await lookup(told.host)).address };
const leechers: Leecher[] = [];
const serials = Array.from({ length: spec.leechers }, (_, index) => spec.serial + index).values();
// The workers take their serials from one iterator, so each is connected once.
await Promise.all(
  Array.from({ length: CONNECTING_MAX }, async () => {
    for (const serial of serials) {
      const leecher = new Leecher(spec, serial);
      leechers.push(leecher);
      await leecher.joined;
    }
  }),
);
const [begins, leaves] = [once(process.stdin, "data"), once(process, "SIGTERM")];
say("joined");
await begins;
const turns = setInterval(() => {
  for (const leecher of leechers) leecher.turn();
}, TURN_MS);
await leaves;
clearInterval(turns);
await Promise.all(leechers.map((leecher) => leecher.leave()));
say(`received ${leechers.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)}`);
process.stdin.destroy();
