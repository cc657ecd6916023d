import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { type InfoHash, infoHashBytes, type PeerId, peerIdFromBytes } from "@seedfleet/bytes";
import { MSE_PRIVATE_KEY_BYTES, MseInitiator, type PayloadMethod, type Rc4 } from "@seedfleet/mse";
import {
  type Block,
  encodeHandshake,
  encodeMessage,
  type Handshake,
  HandshakeDecoder,
  type PeerMessage,
  type ReservedBits,
  reservedBytes,
  WireDecoder,
} from "@seedfleet/wire";

/** Nothing that is waited for takes so long: a test that would hang fails instead. */
export const PATIENCE_MS = 10_000;

const NOTHING = new Uint8Array(0);

export function givenPeerId(name: string): PeerId {
  return peerIdFromBytes(Buffer.from(`-TE0001-${name}`.padEnd(20, "0")));
}

export type Sendable = Parameters<typeof encodeMessage>[0];

/** How a peer introduces itself: by BEP 3 alone, in the clear, where nothing else is said. */
export type Introduces = {
  readonly peerId?: PeerId;
  readonly reserved?: Partial<ReservedBits>;
  /** What it offers for its payload; it then begins with a handshake of MSE. */
  readonly encrypts?: readonly PayloadMethod[];
};

/** A BitTorrent client of a few lines: says what it is told to, and keeps what it hears. */
export class TestPeer implements Disposable {
  readonly socket: Socket;
  /** All but the pieces' data, which is in `blocks`. */
  readonly heard: PeerMessage[] = [];
  readonly blocks: (Block & { readonly data: Buffer })[] = [];
  handshaken: Handshake | null = null;
  choked = true;
  readonly #handshakes = new HandshakeDecoder();
  readonly #messages = new WireDecoder({ lengthMax: 1024 * 1024 });
  readonly #waiting = new Set<() => void>();
  #opening: MseInitiator | null = null;
  #ignores = false;
  #incoming: Rc4 | null = null;
  #outgoing: Rc4 | null = null;
  /** What the gateway chose for the payload; null of a connection that is not encrypted. */
  payload: PayloadMethod | null = null;

  /** `allowHalfOpen` is a client that does not notice that the other end is done. */
  constructor(options: { port: number; allowHalfOpen?: boolean; localAddress?: string }) {
    this.socket = connect({ host: "127.0.0.1", noDelay: true, ...options });
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.socket.on("close", () => this.#look());
  }

  get closed(): Promise<void> {
    return this.until(() => this.socket.closed);
  }

  handshake(infoHash: InfoHash, how: Introduces | PeerId = {}): void {
    const introduces = typeof how === "string" ? { peerId: how } : how;
    const { peerId = givenPeerId("peer"), reserved = {}, encrypts = null } = introduces;
    const bits = { fast: false, extended: false, v2: false, dht: false, ...reserved };
    const ours = encodeHandshake({ infoHash, peerId, reserved: reservedBytes(bits) });
    if (encrypts === null) return void this.socket.write(ours);
    this.#opening = new MseInitiator({
      privateKey: randomBytes(MSE_PRIVATE_KEY_BYTES),
      padding: randomBytes(100),
      skey: infoHashBytes(infoHash),
      methods: encrypts,
      initialPayload: ours,
    });
    this.#open(this.#opening);
  }

  send(...messages: readonly Sendable[]): void {
    const bytes = Buffer.concat(messages.map(encodeMessage));
    assert(this.#opening === null, "say nothing before the encryption is agreed on");
    this.#outgoing?.crypt(bytes);
    this.socket.write(bytes);
  }

  request(...blocks: readonly Block[]): void {
    this.send(...blocks.map((block) => ({ kind: "request" as const, ...block })));
  }

  /** Sends a message of an extension (BEP 10). */
  extend(extendedId: number, payload: Uint8Array): void {
    this.send({ kind: "extended", extendedId, payload });
  }

  count(kind: PeerMessage["kind"]): number {
    return this.messages(kind).length;
  }

  /** What it heard of one kind, in order. */
  messages<Kind extends PeerMessage["kind"]>(
    kind: Kind,
  ): Extract<PeerMessage, { readonly kind: Kind }>[] {
    return this.heard.filter(
      (message): message is Extract<PeerMessage, { readonly kind: Kind }> => message.kind === kind,
    );
  }

  /** What it was asked for, in order. */
  get requests(): readonly Block[] {
    return this.heard.flatMap((message) => (message.kind === "request" ? [message] : []));
  }

  /** The payloads of the messages of one extension that it heard. */
  extensions(id: number): Uint8Array[] {
    return this.messages("extended").flatMap(({ extendedId, payload }) =>
      extendedId === id ? [payload] : [],
    );
  }

  /** Resolves when it holds; rejects when the connection ends before, or it takes too long. */
  async until(holds: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (holds()) resolve();
      else if (this.socket.destroyed) reject(new Error(`closed before: ${holds}`));
    };
    const timer = setTimeout(() => reject(new Error(`never held: ${holds}`)), PATIENCE_MS);
    this.#waiting.add(look);
    look();
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }

  greeted(): Promise<void> {
    const kinds = ["bitfield", "have-all", "have-none"] as const;
    return this.until(() => kinds.some((kind) => this.count(kind) > 0));
  }

  async interested(): Promise<void> {
    this.send({ kind: "interested" });
    await this.until(() => !this.choked);
  }

  /** The bytes of these blocks, which are in their order, asked for `depth` at a time. */
  async download(blocks: readonly Block[], depth = 64): Promise<Buffer> {
    const before = this.blocks.length;
    for (let asked = 0; asked < blocks.length; asked += depth) {
      const batch = blocks.slice(asked, asked + depth);
      this.request(...batch);
      await this.until(() => this.blocks.length >= before + asked + batch.length);
    }
    const found = this.blocks.slice(before);
    found.sort((a, b) => a.piece - b.piece || a.begin - b.begin);
    return Buffer.concat(found.map(({ data }) => data));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  /** From now on what comes is not looked at: it need not be BitTorrent. */
  ignore(): void {
    this.#ignores = true;
  }

  #receive(bytes: Buffer): void {
    if (this.#ignores) return this.#look();
    const opening = this.#opening;
    if (opening === null) {
      this.#incoming?.crypt(bytes);
      this.#read(bytes);
    } else {
      opening.push(bytes);
      this.#open(opening);
    }
    this.#look();
  }

  /** Goes on with the encryption's handshake. */
  #open(opening: MseInitiator): void {
    for (let next = opening.next(); next !== null; next = opening.next()) {
      assert(next.kind !== "violation");
      if (next.kind === "send") this.socket.write(next.bytes);
      else {
        this.#opening = null;
        this.#incoming = next.incoming;
        this.#outgoing = next.outgoing;
        this.payload = next.payload;
        this.#read(next.received);
      }
    }
  }

  #read(bytes: Uint8Array): void {
    this.#messages.push(this.handshaken === null ? this.#greet(bytes) : bytes);
    for (let next = this.#messages.next(); next !== null; next = this.#messages.next()) {
      assert(next.kind !== "violation");
      if (next.kind === "choke" || next.kind === "unchoke") this.choked = next.kind === "choke";
      if (next.kind === "piece") {
        const { piece, begin } = next;
        const data = Buffer.from(next.data);
        this.blocks.push({ piece, begin, length: data.length, data });
      } else this.heard.push(kept(next));
    }
  }

  #greet(bytes: Uint8Array): Uint8Array {
    this.#handshakes.push(bytes);
    const next = this.#handshakes.next();
    if (next === null) return NOTHING;
    assert(!("kind" in next));
    this.handshaken = next;
    return this.#handshakes.takeRest();
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

/** The message with bytes of its own; `slice()` of a `Buffer` would be another view. */
function kept(message: PeerMessage): PeerMessage {
  switch (message.kind) {
    case "bitfield":
      return { ...message, bits: Uint8Array.from(message.bits) };
    case "extended":
      return { ...message, payload: Uint8Array.from(message.payload) };
    case "hash-reject":
      return { ...message, piecesRoot: Uint8Array.from(message.piecesRoot) };
    case "hashes": {
      const piecesRoot = Uint8Array.from(message.piecesRoot);
      return { ...message, piecesRoot, hashes: Uint8Array.from(message.hashes) };
    }
    default:
      return message;
  }
}
