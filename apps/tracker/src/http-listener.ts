import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { cannotListen, errorCode } from "@seedfleet/runtime";
import { encodeFailure } from "./encode-failure.ts";
import {
  HEADER_BYTES_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  REFUSED_LINGER_MS,
  REQUEST_TIMEOUT_MS,
  REQUESTS_PER_CONNECTION_MAX,
  SOCKET_IDLE_TIMEOUT_MS,
  TIMEOUT_CHECK_INTERVAL_MS,
} from "./http-limits.ts";
import { starting } from "./violation.ts";

/** Connections the kernel holds for us until they are accepted; Linux caps it at somaxconn. */
const BACKLOG = 4_096;

export type HttpQuestion = {
  readonly path: string;
  /** Raw, without the question mark. */
  readonly query: string;
  readonly remoteAddress: string;
};

/** What never became a question. */
export type HttpRefusal = "too-long" | "malformed" | "timeout" | "method" | "connections-full";

export type HttpHandler = {
  /** The bencoded body of a 200, or null if there is nothing at this path. */
  answer(question: HttpQuestion): Uint8Array | null;
  refused(refusal: HttpRefusal): void;
};

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

/**
 * Takes the port, on bare `node:http`: an announce needs no router, and every other layer shows in
 * announces per second. Throws what `cannotListen` makes.
 */
export async function listenHttp(
  at: { readonly host: string; readonly port: number },
  limits: { readonly connectionsMax: number },
): Promise<HttpListener> {
  let handler: HttpHandler = { answer: () => encodeFailure(starting()), refused: () => {} };
  let connectionCount = 0;
  const server = createLimitedServer(limits);
  server.on("request", (request, response) => respond(handler, request, response));
  server.on("clientError", (error, socket) => refuseClient(handler, error, socket));
  server.on("drop", () => handler.refused("connections-full"));
  server.on("connection", (socket) => {
    connectionCount += 1;
    socket.once("close", () => {
      connectionCount -= 1;
    });
  });
  await listening(server, at);
  const closed = new Promise<void>((resolve) => void server.once("close", resolve));
  return {
    // A listening TCP server has an address with a port.
    port: (server.address() as AddressInfo).port,
    get connectionCount() {
      return connectionCount;
    },
    handle(next) {
      handler = next;
    },
    drain() {
      server.close();
      return closed;
    },
    [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      return closed;
    },
  };
}

function createLimitedServer({ connectionsMax }: { readonly connectionsMax: number }): Server {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    requireHostHeader: false,
    noDelay: true,
  });
  server.maxConnections = connectionsMax;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  server.setTimeout(SOCKET_IDLE_TIMEOUT_MS);
  return server;
}

function listening(
  server: Server,
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(cannotListen({ purpose: "announces", ...at }, cause));
    server.once("error", fail);
    server.listen({ ...at, backlog: BACKLOG }, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

function respond(handler: HttpHandler, request: IncomingMessage, response: ServerResponse): void {
  const { url = "", method, socket } = request;
  // Gone already: there is nobody to answer, and nobody to remember.
  if (socket.remoteAddress === undefined) return void response.destroy();
  if (method !== "GET") {
    handler.refused("method");
    response.writeHead(405, { Allow: "GET", Connection: "close" }).end();
    return;
  }
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? "" : url.slice(mark + 1);
  const body = handler.answer({ path, query, remoteAddress: socket.remoteAddress });
  if (body === null) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("Not found\n");
    return;
  }
  const headers = { "Content-Type": "text/plain", "Content-Length": body.length };
  response.sendDate = false;
  response.writeHead(200, headers).end(body);
}

/**
 * Answers what is not HTTP, or too much of it, and ends the connection. A request that is too long
 * is an announce gone wrong, so it is told in the way of announces, with a 200.
 */
function refuseClient(handler: HttpHandler, error: Error, socket: Duplex): void {
  // The parser complains again about every chunk that follows, which is read to nobody.
  if (socket.writableEnded) return;
  const refusal = refusalOf(errorCode(error));
  if (refusal !== null) handler.refused(refusal);
  if (refusal === null || refusal === "timeout" || !socket.writable) return void socket.destroy();
  const tooLong = refusal === "too-long";
  const status = tooLong ? "200 OK" : "400 Bad Request";
  const sendableText = tooLong ? "Request is too long" : "Request is not HTTP";
  const body = encodeFailure({ sendableText, retryInMinutes: null });
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nConnection: close\r\n`;
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`);
  socket.end(body);
  // Destroyed at once, it would be reset, and the client might never see the answer.
  const cutOff = setTimeout(() => socket.destroy(), REFUSED_LINGER_MS).unref();
  socket.once("close", () => clearTimeout(cutOff));
}

/** Null for a client that merely went away. */
function refusalOf(code: string | null): HttpRefusal | null {
  if (code === "HPE_HEADER_OVERFLOW") return "too-long";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "timeout";
  return code?.startsWith("HPE_") ? "malformed" : null;
}
