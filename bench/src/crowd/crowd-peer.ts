import { connect, type Socket } from "node:net";
import { type InfoHash, peerIdFromBytes } from "@seedfleet/bytes";
import { encodeHandshake, encodeMessage, HandshakeDecoder } from "@seedfleet/wire";
import { BenchError } from "../bench-error.ts";
import { BlockFraming, type FramingListener } from "../load/block-framing.ts";

const CHOKE_ID = 0;
const UNCHOKE_ID = 1;

const INTERESTED = encodeMessage({ kind: "interested" });
const KEEP_ALIVE = encodeMessage({ kind: "keep-alive" });

/** One for all peers: a read is used up before the next begins. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

export type CrowdPeerPlan = {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string;
  readonly serial: number;
  readonly infoHash: InfoHash;
};

export type CrowdPeerEvents = {
  /** Its handshake was answered. */
  readonly joined: () => void;
  readonly changed: (unchoked: boolean) => void;
  readonly failed: (error: Error) => void;
};

/** A leecher that is interested, asks for nothing, and tells when it is choked and unchoked. */
export class CrowdPeer implements FramingListener {
  readonly #plan: CrowdPeerPlan;
  readonly #events: CrowdPeerEvents;
  readonly #socket: Socket;
  readonly #framing = new BlockFraming(this);
  /** Null once the handshake is done. */
  #handshake: HandshakeDecoder | null = new HandshakeDecoder();
  #unchoked = false;
  #failed = false;

  constructor(plan: CrowdPeerPlan, events: CrowdPeerEvents) {
    const { host, port, localAddress, serial, infoHash } = plan;
    this.#plan = plan;
    this.#events = events;
    const callback = (length: number): boolean => {
      this.#received(readBuffer.subarray(0, length));
      return true;
    };
    const onread = { buffer: readBuffer, callback };
    this.#socket = connect({ host, port, localAddress, noDelay: true, onread });
    this.#socket.on("error", (error) => this.#fail(`connection failed: ${error.message}`));
    this.#socket.on("close", () => this.#fail("the gateway closed the connection"));
    const peerId = peerIdFromBytes(Buffer.from(`-SFCRWD-${String(serial).padStart(12, "0")}`));
    this.#socket.write(encodeHandshake({ infoHash, peerId, reserved: new Uint8Array(8) }));
    this.#socket.write(INTERESTED);
  }

  keepAlive(): void {
    this.#socket.write(KEEP_ALIVE);
  }

  blockBegins(): boolean {
    throw new BenchError("a block came and was not asked for");
  }

  blockBytes(): void {}

  blockEnds(): void {}

  message(id: number): void {
    if (id !== CHOKE_ID && id !== UNCHOKE_ID) return;
    const unchoked = id === UNCHOKE_ID;
    if (unchoked === this.#unchoked) throw new BenchError("it was told what it knew already");
    this.#unchoked = unchoked;
    this.#events.changed(unchoked);
  }

  #received(read: Uint8Array): void {
    if (this.#failed) return;
    try {
      const messages =
        this.#handshake === null ? read : this.#afterHandshake(this.#handshake, read);
      this.#framing.push(messages);
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      this.#fail(error.message);
    }
  }

  #afterHandshake(handshake: HandshakeDecoder, read: Uint8Array): Uint8Array {
    handshake.push(read);
    const next = handshake.next();
    if (next === null) return new Uint8Array(0);
    if ("kind" in next) throw new BenchError(`no handshake of BitTorrent: ${next.code}`);
    this.#handshake = null;
    this.#events.joined();
    return handshake.takeRest().slice();
  }

  #fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#socket.destroy();
    const { serial, localAddress } = this.#plan;
    this.#events.failed(new BenchError(`peer ${serial} from ${localAddress}: ${reason}`));
  }
}
