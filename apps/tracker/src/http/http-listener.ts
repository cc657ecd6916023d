import { type AddressInfo, createServer, type Server } from "node:net";
import { type Clock, cannotListen } from "@seedfleet/runtime";
import { Networks } from "../addresses/networks.ts";
import { starting } from "../violation.ts";
import { encodeFailure } from "./encode-failure.ts";
import { type ConnectionHost, HttpConnection } from "./http-connection.ts";
import type { HttpHandler } from "./http-handler.ts";
import { REPLY_BUFFER_BYTES, TIMEOUT_CHECK_INTERVAL_MS } from "./http-limits.ts";
import { ReplyBytes } from "./reply-bytes.ts";

/** Connections the kernel holds for us until they are accepted; Linux caps it at somaxconn. */
const BACKLOG = 4_096;

export interface HttpListener extends AsyncDisposable {
  readonly port: number;
  readonly connectionCount: number;
  /** From now on `handler` answers; until then everyone is told to come back. */
  handle(handler: HttpHandler): void;
  /** Takes no new connections; resolves when those at work have their answers. */
  drain(): Promise<void>;
  /** Cuts off what is still connected. */
  [Symbol.asyncDispose](): Promise<void>;
}

export type ListenAt = {
  readonly host: string;
  readonly port: number;
  /** Shares the port with other listeners that say so, and the kernel deals connections out. */
  readonly reusePort?: boolean;
};

export type HttpListenerConfig = {
  readonly connectionsMax: number;
  /** Connections from there begin with a header of the PROXY protocol, version 2. */
  readonly proxies?: Networks;
  /** Whether any proxy's `X-Forwarded-For` is believed. */
  readonly readsForwardedFor?: boolean;
};

const STARTING: HttpHandler = {
  answer(_question, output) {
    encodeFailure(starting(), output);
    return "written";
  },
  refused: () => {},
};

/**
 * Takes the port, on bare TCP: a client that announces every half hour makes a connection for it,
 * and `node:http` doubles what that costs. Throws what `cannotListen` makes.
 */
export async function listenHttp(
  { clock }: { readonly clock: Clock },
  at: ListenAt,
  config: HttpListenerConfig,
): Promise<HttpListener> {
  const connections = new Set<HttpConnection>();
  const host: ConnectionHost = {
    handler: STARTING,
    draining: false,
    output: new ReplyBytes(REPLY_BUFFER_BYTES),
    nowMs: () => clock.nowMs(),
    proxies: config.proxies ?? Networks.none,
    readsForwardedFor: config.readsForwardedFor ?? false,
  };
  // An announce may come with the end of its connection's other half.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new HttpConnection(socket, host);
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
  });
  server.maxConnections = config.connectionsMax;
  server.on("drop", () => host.handler.refused("connections-full"));
  await listening(server, at);
  const cancel = clock.every(TIMEOUT_CHECK_INTERVAL_MS, () => {
    const nowMs = clock.nowMs();
    for (const connection of connections) connection.expire(nowMs);
  });
  const closed = new Promise<void>((resolve) => void server.once("close", resolve));
  void closed.then(cancel);
  return {
    // A listening TCP server has an address with a port.
    port: (server.address() as AddressInfo).port,
    get connectionCount() {
      return connections.size;
    },
    handle(handler) {
      host.handler = handler;
    },
    drain() {
      host.draining = true;
      server.close();
      for (const connection of connections) connection.drain();
      return closed;
    },
    [Symbol.asyncDispose]() {
      server.close();
      for (const connection of connections) connection.destroy();
      return closed;
    },
  };
}

function listening(server: Server, { host, port, reusePort = false }: ListenAt): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(cannotListen({ purpose: "announces", host, port }, cause));
    server.once("error", fail);
    server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
      server.off("error", fail);
      resolve();
    });
  });
}
