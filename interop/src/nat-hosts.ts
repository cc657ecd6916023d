import { execFileSync } from "node:child_process";
import { requireRealPart, skipWithout } from "@seedfleet/testkit";
import { RunningProgram } from "./running-program.ts";
import type { TestHost } from "./test-host.ts";

/** Of a network behind a NAT. */
const INSIDE = { host: "10.66.0.2", router: "10.66.0.1" } as const;

/** Of documentation (RFC 5737), and public to whoever tells private addresses apart. */
const OUTSIDE = { router: "203.0.113.1", client: "203.0.113.2" } as const;

/** A port of the router's outside that leads to one of the host. */
export type Mapping = {
  readonly protocol: "tcp" | "udp";
  readonly outside: number;
  readonly inside: number;
};

export type NatRules = {
  readonly mappings: readonly Mapping[];
  /** Whether the host inside gets back to itself by the router's outside address. */
  readonly hairpin: boolean;
  /** TCP ports of its outside that a firewall lets nothing through to, and says nothing of. */
  readonly dropped?: readonly number[];
};

/** Two machines with a router between them that hides one of them. */
export interface NatHosts extends AsyncDisposable {
  /** Behind the router. */
  readonly inside: TestHost;
  /** On the other side; it knows no way to the inside but the router's mappings. */
  readonly outside: TestHost;
  /** The router's address there. */
  readonly routerAddress: string;
  /** Has the router map these, and nothing that was mapped before. */
  setRules(rules: NatRules): void;
}

/** Why there can be none here, or false. Only root may join two namespaces. */
export function skipWithoutNat(): string | false {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "only root may join network namespaces: run it as root";
  return skipWithout(["ip", "nft", "unshare", "nsenter"]);
}

/**
 * Makes three network namespaces, each held by a process that ends with the test's own, and with
 * it all that is in them: nothing of this is ever in the machine's own network.
 */
export async function startNatHosts(): Promise<NatHosts> {
  await using starting = new AsyncDisposableStack();
  const [host, router, client] = [
    starting.use(await startNamespace()),
    starting.use(await startNamespace()),
    starting.use(await startNamespace()),
  ];
  const ip = requireRealPart("ip");
  const run = (at: Namespace, ...args: readonly string[]): void => at.run(ip, ...args);
  for (const [name, to] of [
    ["inside", host],
    ["outside", client],
  ] as const) {
    const peer = ["type", "veth", "peer", "name", "eth0", "netns", String(to.pid)];
    run(router, "link", "add", name, ...peer);
  }
  for (const [at, device, address] of [
    [host, "eth0", INSIDE.host],
    [router, "inside", INSIDE.router],
    [router, "outside", OUTSIDE.router],
    [client, "eth0", OUTSIDE.client],
  ] as const) {
    run(at, "addr", "add", `${address}/24`, "dev", device);
    run(at, "link", "set", device, "up");
  }
  run(host, "route", "add", "default", "via", INSIDE.router);
  router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
  const hosts = starting.move();
  return {
    inside: testHost(host, INSIDE.host),
    outside: testHost(client, OUTSIDE.client),
    routerAddress: OUTSIDE.router,
    setRules: (rules) => router.run(requireRealPart("nft"), rulesOf(rules)),
    [Symbol.asyncDispose]: () => hosts.disposeAsync(),
  };
}

/** Destination NAT for the mappings, source NAT for whoever goes out, and for the hairpin. */
function rulesOf({ mappings, hairpin, dropped = [] }: NatRules): string {
  const from = hairpin ? "" : 'iifname "outside" ';
  const mapped = mappings.map(({ protocol, outside, inside }) => {
    return `${from}ip daddr ${OUTSIDE.router} ${protocol} dport ${outside} \
dnat to ${INSIDE.host}:${inside}`;
  });
  const drops = dropped.map((port) => `ip daddr ${OUTSIDE.router} tcp dport ${port} drop`);
  const back = hairpin ? [`ip saddr ${INSIDE.host} oifname "inside" masquerade`] : [];
  const chains = [
    ["firewall", "type filter hook prerouting priority -150", ...drops],
    ["prerouting", "type nat hook prerouting priority -100", ...mapped],
    ["postrouting", "type nat hook postrouting priority 100", ...back, LEAVING],
  ].map(([name, ...lines]) => `chain ${name} {\n${lines.join("\n")}\n}`);
  return `add table ip nat\ndelete table ip nat\ntable ip nat {\n${chains.join("\n")}\n}`;
}

const LEAVING = 'oifname "outside" masquerade';

type Namespace = AsyncDisposable & {
  readonly pid: number;
  /** The command line that runs a program there. */
  command(program: string, ...args: readonly string[]): string[];
  /** Runs it to its end; throws with what it said where that is none. */
  run(program: string, ...args: readonly string[]): void;
};

async function startNamespace(): Promise<Namespace> {
  const up = `${requireRealPart("ip")} link set lo up && echo ready && exec cat`;
  // Nothing in it shows in the machine's own /sys or its mounts.
  const shell = [requireRealPart("unshare"), "--net", "sh", "-c", up];
  const holder = RunningProgram.start(shell, { openInput: true });
  await holder.line((line) => (line === "ready" ? true : null));
  const enter = [requireRealPart("nsenter"), "--target", String(holder.pid), "--net", "--"];
  return {
    pid: holder.pid,
    command: (program, ...args) => [...enter, program, ...args],
    run(program, ...args) {
      const [file = "", ...rest] = [...enter, program, ...args];
      execFileSync(file, rest, { stdio: ["ignore", "ignore", "pipe"], timeout: 10_000 });
    },
    [Symbol.asyncDispose]: () => holder[Symbol.asyncDispose](),
  };
}

function testHost({ command }: Namespace, address: string): TestHost {
  return { address, command, [Symbol.asyncDispose]: () => Promise.resolve() };
}
