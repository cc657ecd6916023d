import { requireRealPart } from "@seedfleet/testkit";
import { RunningProgram } from "./running-program.ts";

/** Where a test's programs run: an address, and what goes before their command lines. */
export interface TestHost extends AsyncDisposable {
  readonly address: string;
  /** The command line that runs a program there. */
  command(program: string, ...args: readonly string[]): string[];
}

/** Any address will do: nobody outside the namespace ever sees it. */
const NAMESPACE_ADDRESS = "10.77.0.1";

/** The loopback of this machine. */
export const loopbackHost: TestHost = thisMachine("127.0.0.1");

/** The same by IPv6. */
export const loopbackHostIpv6: TestHost = thisMachine("::1");

/** One of the addresses of this machine. */
export function thisMachine(address: string): TestHost {
  return {
    address,
    command: (program, ...args) => [program, ...args],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/**
 * A network namespace with an address that is no loopback, as between two machines: some clients
 * treat 127.0.0.0/8 in a way of their own. It ends with the test, and with it all that ran there.
 */
export async function namespaceHost(): Promise<TestHost> {
  const asRoot = process.getuid?.() === 0;
  const ip = requireRealPart("ip");
  const enter = `${ip} link set lo up && ${ip} addr add ${NAMESPACE_ADDRESS}/32 dev lo`;
  const user = asRoot ? [] : ["--user", "--map-root-user"];
  const shell = ["sh", "-c", `${enter} && echo ready && exec cat`];
  const holder = RunningProgram.start([requireRealPart("unshare"), "--net", ...user, ...shell], {
    openInput: true,
  });
  await holder.line((line) => (line === "ready" ? true : null));
  const enterUser = asRoot ? [] : ["--user", "--preserve-credentials"];
  return {
    address: NAMESPACE_ADDRESS,
    command: (program, ...args) => [
      requireRealPart("nsenter"),
      "--target",
      String(holder.pid),
      "--net",
      ...enterUser,
      "--",
      program,
      ...args,
    ],
    [Symbol.asyncDispose]: () => holder[Symbol.asyncDispose](),
  };
}
