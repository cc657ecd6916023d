import { lookup } from "node:dns/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { type Clock, cannotListen } from "@seedfleet/runtime";
import { Networks } from "../addresses/networks.ts";
import type { HandedOver } from "../announces/elsewhere.ts";
import { starting } from "../violation.ts";
import { AcceptTurns } from "./accept-turns.ts";
import { ConnectionBatches } from "./connection-batches.ts";
import { Connections } from "./connections.ts";
import { encodeFailure } from "./encode-failure.ts";
import type { HttpHandler } from "./http-handler.ts";
import { ACCEPT_BACKLOG, REPLY_BUFFER_BYTES, TIMEOUT_CHECK_INTERVAL_MS } from "./http-limits.ts";
import { ReplyBytes } from "./reply-bytes.ts";

export interface HttpListener extends AsyncDisposable {
  readonly port: number;
  /** Answers what another thread took; null where connections of a crowd are not taken together. */
  readonly takeOver: ((announce: HandedOver) => void) | null;
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
  /** Connections of a crowd are taken together, where this machine can; true unless told. */
  readonly batches?: boolean;
};

const STARTING: HttpHandler = {
  answer(_question, output) {
    encodeFailure(starting(), output);
    return "written";
  },
  refused: () => {},
  answerHandedOver: (_announce, output) => encodeFailure(starting(), output),
  look: () => {},
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
  const { connectionsMax, batches = true } = config;
  const connections = new Connections(connectionsMax, {
    handler: STARTING,
    draining: false,
    output: new ReplyBytes(REPLY_BUFFER_BYTES),
    nowMs: () => clock.nowMs(),
    proxies: config.proxies ?? Networks.none,
    readsForwardedFor: config.readsForwardedFor ?? false,
  });
  const { host } = connections;
  // An announce may come with the end of its connection's other half.
  const server = createServer({ allowHalfOpen: true });
  server.maxConnections = connectionsMax;
  server.on("drop", () => host.handler.refused("connections-full"));
  const taken = batches ? await openBatches(at, connections) : null;
  const place = taken === null ? at : { fd: taken.duplicate() };
  await listening(server, at, place).catch((cause: unknown) => {
    taken?.close();
    throw cause;
  });
  const look = (often: boolean): void => host.handler.look(often);
  const turns = taken === null ? null : new AcceptTurns({ server, batches: taken, clock, look });
  server.on("connection", (socket) => {
    connections.keep(socket, null);
    turns?.took();
  });
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  const cancel = clock.every(TIMEOUT_CHECK_INTERVAL_MS, () => connections.expire(clock.nowMs()));
  const stop = (): Promise<void> => {
    if (turns === null) server.close();
    else turns.stop();
    return connections.gone().then(cancel);
  };
  return {
    port,
    takeOver: taken === null ? null : (announce) => taken.answerHandedOver(announce),
    get connectionCount() {
      return connections.count;
    },
    handle(handler) {
      host.handler = handler;
    },
    drain() {
      host.draining = true;
      connections.drain();
      return stop();
    },
    [Symbol.asyncDispose]() {
      connections.destroy();
      return stop();
    },
  };
}

/** Null where Node.js is to take every connection by itself. */
async function openBatches(
  { host, port, reusePort = false }: ListenAt,
  connections: Connections,
): Promise<ConnectionBatches | null> {
  // A name that is not found is for the server to complain about.
  const found = await lookup(host).catch(() => null);
  if (found === null) return null;
  const place = { address: found.address, port, reusePort };
  return ConnectionBatches.open(place, { host: connections.host, keeper: connections });
}

function listening(
  server: Server,
  { host, port }: ListenAt,
  place: ListenAt | { readonly fd: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(cannotListen({ purpose: "announces", host, port }, cause));
    server.once("error", fail);
    server.listen({ ...place, exclusive: "fd" in place, backlog: ACCEPT_BACKLOG }, () => {
      server.off("error", fail);
      resolve();
    });
  });
}
