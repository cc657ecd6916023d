import { createServer } from "node:http";
import { BenchError } from "../bench-error.ts";

/** A tracker's address that counts who comes. */
export interface AnnounceCounter extends AsyncDisposable {
  readonly url: string;
  /** Connections so far, whatever they said. */
  readonly count: number;
}

export async function countAnnounces(): Promise<AnnounceCounter> {
  let count = 0;
  const server = createServer((_, response) => response.writeHead(404).end());
  server.on("connection", () => {
    count += 1;
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await listening;
  const address = server.address();
  if (address === null || typeof address === "string") throw new BenchError("there is no port");
  return {
    url: `http://127.0.0.1:${address.port}/announce`,
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      server.close(() => close());
      server.closeAllConnections();
      await closed;
    },
  };
}
