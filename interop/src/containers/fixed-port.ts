import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that systems give to connections, so that it is free again after a restart. */
const PORT_MIN = 20_000;
const PORT_MAX = 29_999;

const given = new Set<number>();

/** A port of this machine that was free a moment ago, for a program that may be restarted. */
export async function fixedPort(): Promise<number> {
  while (true) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN + 1));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
