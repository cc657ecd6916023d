import type { AddressInfo } from "node:net";
import { cannotListen } from "@seedfleet/runtime";
import fastify, { type FastifyError } from "fastify";
import { type ApiPorts, addUserRoutes } from "./user-routes.ts";

/** A request that is not there whole after this is a slow loris. */
export const API_REQUEST_TIMEOUT_MS = 10_000;

/** A name and what is around it. */
export const API_BODY_BYTES_MAX = 4_096;

/** An API that has its port; until it is shown its ports, every answer is to come back later. */
export interface BoundApi extends AsyncDisposable {
  readonly url: string;
  show(ports: ApiPorts, onError: (error: unknown) => void): void;
}

export type ApiConfig = { readonly host: string; readonly port: number; readonly token: string };

/** Takes the port of the operators' API. Throws what `cannotListen` makes. */
export async function bindApi({ host, port, token }: ApiConfig): Promise<BoundApi> {
  let ports: ApiPorts | null = null;
  let told: (error: unknown) => void = () => {};
  const server = fastify({
    bodyLimit: API_BODY_BYTES_MAX,
    forceCloseConnections: true,
    requestTimeout: API_REQUEST_TIMEOUT_MS,
    // By itself it drops fields that it does not know, and a typing error would go unnoticed.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  addUserRoutes(server, token, () => ports);
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) {
      const reason = error.validation === undefined ? "the request is malformed" : error.message;
      return reply.code(statusCode).send({ error: reason });
    }
    told(error);
    return reply.code(503).send({ error: "users cannot be read or written just now; try again" });
  });
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw cannotListen({ purpose: "the tracker's API", host, port }, error);
  }
  const address = server.server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    show(shown, onError) {
      ports = shown;
      told = onError;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
