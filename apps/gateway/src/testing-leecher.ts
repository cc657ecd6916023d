import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { HANDSHAKE_BYTES, type Handshake, HandshakeDecoder } from "@seedfleet/wire";
import { until } from "./testing.ts";

/** A client that gateways can go to; it does nothing by itself. */
export type ListeningLeecher = AsyncDisposable & {
  readonly server: Server;
  readonly port: number;
  /** Connections that came so far. */
  readonly connections: readonly Socket[];
};

export async function listeningLeecher(): Promise<ListeningLeecher> {
  const connections: Socket[] = [];
  const server = createServer((socket) => void connections.push(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    server,
    connections,
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a gateway that came to a leecher says first. */
export async function handshakeOn(socket: Socket): Promise<Handshake | null> {
  await until(() => socket.readableLength >= HANDSHAKE_BYTES);
  const handshakes = new HandshakeDecoder();
  handshakes.push(socket.read(HANDSHAKE_BYTES));
  const next = handshakes.next();
  return next === null || "kind" in next ? null : next;
}
