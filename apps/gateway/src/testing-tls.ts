import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { GivenServer } from "./announcing/testing.ts";

type Answers = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTPS server at the loopback. */
export async function givenHttpsServer(
  certificate: { readonly cert: string; readonly key: string },
  answer: Answers,
): Promise<GivenServer> {
  const { cert, key } = certificate;
  const server = createServer({ cert, key }, answer).listen(0, "127.0.0.1");
  // Whoever does not like the certificate breaks off.
  server.on("tlsClientError", () => {});
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Has this process trust an authority, as NODE_EXTRA_CA_CERTS has one that starts with it. */
export function trust({ cert }: { readonly cert: string }): Disposable {
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, cert]);
  return { [Symbol.dispose]: () => setDefaultCACertificates(before) };
}
