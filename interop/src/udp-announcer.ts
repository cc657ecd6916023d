import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as pass } from "node:timers/promises";

const PROTOCOL_ID = 0x417_2710_1980n;
const RESEND_MS = 500;
const PEERS_AT = 20;
const ENDPOINT_BYTES = 6;

/** A client of BEP 15 that announces leechers of this machine, each a port of its own. */
export class UdpAnnouncer implements Disposable {
  readonly #socket: Socket;
  readonly #port: number;
  #connectionId = Buffer.alloc(8);
  #transaction = 0;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
  }

  static async connect(port: number): Promise<UdpAnnouncer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const announcer = new UdpAnnouncer(socket, port);
    const packet = Buffer.alloc(16);
    packet.writeBigUInt64BE(PROTOCOL_ID);
    announcer.#connectionId = Buffer.from((await announcer.#ask(packet)).subarray(8, 16));
    return announcer;
  }

  /** Gives the ports of the peers that it is told of. */
  async announce(infoHash: Uint8Array, peerPort: number): Promise<number[]> {
    const packet = Buffer.alloc(98);
    this.#connectionId.copy(packet);
    packet.writeUInt32BE(1, 8);
    packet.set(infoHash, 16);
    packet.writeUInt32BE(peerPort, 36);
    packet.writeBigUInt64BE(1n, 64);
    packet.writeUInt32BE(2, 80);
    packet.writeInt32BE(200, 92);
    packet.writeUInt16BE(peerPort, 96);
    const reply = await this.#ask(packet);
    const ports: number[] = [];
    for (let at = PEERS_AT; at + ENDPOINT_BYTES <= reply.length; at += ENDPOINT_BYTES) {
      ports.push(reply.readUInt16BE(at + 4));
    }
    return ports;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  /** Asks again until it is answered, as BEP 15 says. */
  async #ask(packet: Buffer): Promise<Buffer> {
    this.#transaction += 1;
    packet.writeUInt32BE(this.#transaction, 12);
    const answered = Promise.withResolvers<Buffer>();
    const hear = (reply: Buffer): void => {
      if (reply.readUInt32BE(4) === this.#transaction) answered.resolve(reply);
    };
    this.#socket.on("message", hear);
    let reply: Buffer | null = null;
    while (reply === null) {
      this.#socket.send(packet, this.#port, "127.0.0.1");
      const late = new AbortController();
      const silence = pass(RESEND_MS, null, { signal: late.signal }).catch(() => null);
      reply = await Promise.race([answered.promise, silence]);
      late.abort();
    }
    this.#socket.off("message", hear);
    return reply;
  }
}
