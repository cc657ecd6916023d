import { createServer, type Server, type Socket } from "node:net";
import { cannotListen } from "@seedfleet/runtime";
import { NearPeers } from "./near-peers.ts";
import { shareReads } from "./shared-reads.ts";
import { loadTcpOptions } from "./tcp-options.ts";

/** Connections the kernel holds for us until they are accepted; Linux caps it at somaxconn. */
const BACKLOG = 4_096;

export interface PeerServer extends Disposable {
  readonly port: number;
  /** From now on `accept` gets the sockets; those that came earlier were let wait. */
  open(accept: (socket: Socket) => void): void;
  /** Accepts no more; connections that are there stay. */
  close(): void;
}

export type PeerServerOptions = {
  /** Whether several threads listen on the port, over which the kernel spreads the peers. */
  readonly shared: boolean;
  /** Who is as near as this is sent to without pacing (`NearPeers`); 0 is nobody. */
  readonly nearRoundTripMs: number;
};

/** Takes the port at once, before anything else is done, and accepts nobody until `open`. */
export async function listenForPeers(
  { host, port }: { readonly host: string; readonly port: number },
  { shared, nearRoundTripMs }: PeerServerOptions,
): Promise<PeerServer> {
  // Reads start when the handshake is awaited, not before.
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  const early: Socket[] = [];
  let take = (socket: Socket): void => void early.push(socket);
  let near: NearPeers | null = null;
  server.on("connection", (socket) => {
    near?.came(socket);
    take(shareReads(socket));
  });
  await listening(server, { host, port, shared });
  const tcp = loadTcpOptions();
  near = tcp && NearPeers.of(server, tcp, nearRoundTripMs);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    open(accept) {
      take = accept;
      for (const socket of early.splice(0)) accept(socket);
    },
    close: () => void server.close(),
    [Symbol.dispose]: () => {
      for (const socket of early.splice(0)) socket.destroy();
      server.close();
    },
  };
}

function listening(
  server: Server,
  { shared, ...at }: { host: string; port: number; shared: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(cannotListen({ purpose: "peers", ...at }, cause));
    server.once("error", fail);
    server.listen({ ...at, backlog: BACKLOG, reusePort: shared }, () => {
      server.off("error", fail);
      resolve();
    });
  });
}
