import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import {
  decodeMetadataMessage,
  EXTENSION_HANDSHAKE_ID,
  encodeExtensionHandshake,
  encodeHandshake,
  encodeMessage,
  encodeMetadataMessage,
  HandshakeDecoder,
  METADATA_PIECE_BYTES,
  type PeerMessage,
  reservedBytes,
  WireDecoder,
} from "@seedfleet/wire";
import { givenPeerId, type Sendable } from "../testing-peer.ts";

/** By which ids it is sent these messages. */
const THEIR_IDS = { metadata: 7, pex: 8, dontHave: null } as const;

/** By which ids a fetch is. */
export const METADATA_ID = 1;
export const PEX_ID = 2;

export type SeedConnection = {
  readonly socket: Socket;
  say(...messages: readonly Sendable[]): void;
  /** Says these bytes, whatever they are. */
  write(bytes: Uint8Array): void;
  /** A piece of these bytes, as if the info dictionary were they. */
  givePiece(bytes: Uint8Array, piece: number, totalSizeBytes?: number): void;
  rejectPiece(piece: number): void;
};

/** What is not told here it does as an honest seed; it need not be one. */
export type SeedBehaviour = {
  readonly infoHash: InfoHash;
  readonly infoBytes: Uint8Array;
  /** What it claims; null is nothing. */
  readonly sizeBytes?: number | null;
  readonly peerId?: PeerId;
  /** Whether it goes on with who asks by this name; who does not is closed. */
  readonly accepts?: (infoHash: InfoHash) => boolean;
  readonly extended?: boolean;
  /** Whether it speaks BEP 6. */
  readonly fast?: boolean;
  readonly connected?: (connection: SeedConnection) => "goes-on" | "does-nothing";
  /** After its handshakes. */
  readonly greeted?: (connection: SeedConnection) => void;
  readonly asked?: (connection: SeedConnection, piece: number) => void;
  readonly heard?: (connection: SeedConnection, message: PeerMessage) => void;
};

/** A peer that waits for connections, and answers as it is told to. */
export class TestSeed implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  private constructor(behaviour: SeedBehaviour) {
    this.#server = createServer((socket) => {
      this.#connections += 1;
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
      serve(socket, behaviour);
    });
  }

  static async start(behaviour: SeedBehaviour): Promise<TestSeed> {
    const seed = new TestSeed(behaviour);
    seed.#server.listen(0, "127.0.0.1");
    await once(seed.#server, "listening");
    return seed;
  }

  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address();
    assert(typeof address === "object" && address !== null);
    return { host: "127.0.0.1", port: address.port };
  }

  /** How often somebody came. */
  get connections(): number {
    return this.#connections;
  }

  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function serve(socket: Socket, behaviour: SeedBehaviour): void {
  const connection = connectionOf(socket);
  if (behaviour.connected?.(connection) === "does-nothing") return;
  const handshakes = new HandshakeDecoder();
  const messages = new WireDecoder({ lengthMax: 1024 * 1024 });
  let isGreeted = false;
  socket.on("data", (bytes: Buffer) => {
    if (isGreeted) messages.push(bytes);
    else {
      handshakes.push(bytes);
      const handshake = handshakes.next();
      if (handshake === null) return;
      // What is encrypted is none; neither is what it does not know.
      const isKnown = !("kind" in handshake) && (behaviour.accepts?.(handshake.infoHash) ?? true);
      if (!isKnown) return void socket.destroy();
      isGreeted = true;
      messages.push(handshakes.takeRest());
      greet(connection, behaviour);
    }
    for (let next = messages.next(); next !== null; next = messages.next()) {
      assert(next.kind !== "violation");
      answer(connection, next, behaviour);
    }
  });
}

function greet(connection: SeedConnection, behaviour: SeedBehaviour): void {
  const { infoHash, infoBytes, peerId = givenPeerId("seed") } = behaviour;
  const { extended = true, fast = false } = behaviour;
  const bits = { fast, extended, v2: false, dht: false };
  connection.write(encodeHandshake({ infoHash, peerId, reserved: reservedBytes(bits) }));
  const { sizeBytes = infoBytes.length } = behaviour;
  const payload = encodeExtensionHandshake({
    ...{ messageIds: THEIR_IDS, metadataSizeBytes: sizeBytes, requestsQueuedMax: null },
    ...{ client: null, yourIp: null, listenPort: null, uploadOnly: null },
  });
  connection.say({ kind: "extended", extendedId: EXTENSION_HANDSHAKE_ID, payload });
  behaviour.greeted?.(connection);
}

function answer(
  connection: SeedConnection,
  message: PeerMessage,
  { infoBytes, asked, heard }: SeedBehaviour,
): void {
  heard?.(connection, message);
  if (message.kind !== "extended" || message.extendedId !== THEIR_IDS.metadata) return;
  const request = decodeMetadataMessage(message.payload);
  if (request.kind !== "metadata-request") return;
  if (asked === undefined) connection.givePiece(infoBytes, request.piece);
  else asked(connection, request.piece);
}

function connectionOf(socket: Socket): SeedConnection {
  const say: SeedConnection["say"] = (...messages) =>
    void socket.write(Buffer.concat(messages.map(encodeMessage)));
  const extend = (payload: Uint8Array): void =>
    say({ kind: "extended", extendedId: METADATA_ID, payload });
  return {
    socket,
    say,
    write: (bytes) => void socket.write(bytes),
    givePiece(bytes, piece, totalSizeBytes = bytes.length) {
      const at = piece * METADATA_PIECE_BYTES;
      const data = bytes.subarray(at, at + METADATA_PIECE_BYTES);
      extend(encodeMetadataMessage({ kind: "metadata-data", piece, totalSizeBytes, data }));
    },
    rejectPiece: (piece) => extend(encodeMetadataMessage({ kind: "metadata-reject", piece })),
  };
}
