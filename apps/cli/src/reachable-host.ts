import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { usageError } from "./usage-error.ts";

/** However they are written: `::` is `0:0:0:0:0:0:0:0` as well. */
const EVERY_ADDRESS: BlockList = new BlockList();
EVERY_ADDRESS.addAddress("0.0.0.0");
EVERY_ADDRESS.addAddress("::", "ipv6");

/** The IP address to listen on and hand out: compact peer lists hold nothing else (BEP 23). */
export async function hostAddress(host: string): Promise<string> {
  const address = isIP(host) === 0 ? await resolved(host) : host;
  if (!EVERY_ADDRESS.check(address, isIPv6(address) ? "ipv6" : "ipv4")) return address;
  throw usageError(
    `--host ${host} is every address, but peers must be told one: pass the address others reach ` +
      `this machine by, such as --host ${outwardAddress() ?? "ADDRESS"}`,
  );
}

/** Whether others than this machine can reach an address. */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** An address of this machine that is not its loopback, IPv4 if there is one. */
export function outwardAddress(): string | null {
  const outward = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80"));
  const found = outward.find(({ family }) => family === "IPv4") ?? outward[0];
  return found?.address ?? null;
}

/** `host:port`, an IPv6 address in brackets. */
export function joinHostPort({ host, port }: { host: string; port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

async function resolved(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch {
    throw usageError(`--host ${host} is no address and no name that resolves to one`);
  }
}
