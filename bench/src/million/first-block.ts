import { connect, type Socket } from "node:net";
import { peerIdFromBytes } from "@seedfleet/bytes";
import type { Metainfo } from "@seedfleet/metainfo";
import { BLOCK_BYTES, encodeHandshake, encodeMessage, HandshakeDecoder } from "@seedfleet/wire";
import { BenchError } from "../bench-error.ts";
import { BlockFraming, type FramingListener } from "../load/block-framing.ts";
import { PieceSample } from "../load/piece-sample.ts";

const UNCHOKE_ID = 1;

/** Far longer than anything that may be called a first block. */
const FIRST_BLOCK_MS_MAX = 60_000;

const INTERESTED = encodeMessage({ kind: "interested" });

/**
 * Milliseconds from the handshake that asks a gateway for a torrent until its first block is here
 * whole: the torrent's only one, whose hash is checked.
 */
export async function firstBlock(
  { host, port }: { readonly host: string; readonly port: number },
  metainfo: Metainfo,
  serial: number,
): Promise<number> {
  const socket = connect({ host, port, noDelay: true });
  const leecher = new FirstBlock(socket, metainfo);
  const failed = (reason: string): void => leecher.fail(new BenchError(reason));
  socket.on("error", (error) => failed(error.message));
  socket.on("close", () => failed(`the gateway closed on ${metainfo.name}`));
  socket.on("data", (read: Buffer) => leecher.receive(read));
  socket.setTimeout(FIRST_BLOCK_MS_MAX, () => failed(`no block of ${metainfo.name} came`));
  let beganMs = 0;
  socket.on("connect", () => {
    beganMs = performance.now();
    const peerId = peerIdFromBytes(Buffer.from(`-SFFRST-${String(serial).padStart(12, "0")}`));
    const { infoHash } = metainfo;
    socket.write(encodeHandshake({ infoHash, peerId, reserved: new Uint8Array(8) }));
    socket.write(INTERESTED);
  });
  try {
    await leecher.done;
    return performance.now() - beganMs;
  } finally {
    socket.destroy();
  }
}

class FirstBlock implements FramingListener {
  readonly #socket: Socket;
  readonly #length: number;
  readonly #sample: PieceSample;
  readonly #handshake = new HandshakeDecoder();
  readonly #framing = new BlockFraming(this);
  readonly #done = Promise.withResolvers<void>();
  #greeted = false;
  #at = 0;

  constructor(socket: Socket, metainfo: Metainfo) {
    this.#socket = socket;
    this.#sample = new PieceSample(metainfo);
    this.#length = Math.min(BLOCK_BYTES, metainfo.sizeBytes);
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  fail(error: BenchError): void {
    this.#done.reject(error);
  }

  receive(read: Uint8Array): void {
    try {
      this.#framing.push(this.#greeted ? read : this.#afterHandshake(read));
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      this.fail(error);
    }
  }

  blockBegins(piece: number, begin: number, length: number): boolean {
    if (piece === 0 && begin === 0 && length === this.#length) return true;
    throw new BenchError(`block ${piece}:${begin}+${length} came and was not asked for`);
  }

  blockBytes(bytes: Uint8Array): void {
    this.#sample.add(0, this.#at, bytes);
    this.#at += bytes.length;
  }

  blockEnds(): void {
    if (this.#sample.verifiedCount === 1) this.#done.resolve();
    else this.fail(new BenchError("the torrent has more than one block"));
  }

  message(id: number): void {
    if (id !== UNCHOKE_ID) return;
    const block = { piece: 0, begin: 0, length: this.#length };
    this.#socket.write(encodeMessage({ kind: "request", ...block }));
  }

  #afterHandshake(read: Uint8Array): Uint8Array {
    this.#handshake.push(read);
    const next = this.#handshake.next();
    if (next === null) return new Uint8Array(0);
    if ("kind" in next) throw new BenchError(`no handshake of BitTorrent: ${next.code}`);
    this.#greeted = true;
    return this.#handshake.takeRest().slice();
  }
}
