import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A network between a program and a server that can be cut. */
export interface CutProxy extends AsyncDisposable {
  readonly port: number;
  /** Ends all connections and takes none. */
  cut(): void;
  heal(): void;
}

export async function startCutProxy(to: { readonly port: number }): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
    socket.pipe(other);
  };
  const server = createServer((inside) => {
    if (isCut) return void inside.destroy();
    const outside = connect(to.port, "127.0.0.1");
    keep(inside, outside);
    keep(outside, inside);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    heal() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
