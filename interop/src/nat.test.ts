import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type NatsServer, skipWithout, startNatsServer } from "@seedfleet/testkit";
import { libtorrentClient } from "./clients.ts";
import { givenTree } from "./given-content.ts";
import { type Mapping, type NatHosts, skipWithoutNat, startNatHosts } from "./nat-hosts.ts";
import { RunningProgram } from "./running-program.ts";
import { event, type LogLine, logged, startUp, type Up } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");

/** Behind the router, where nobody else is. */
const PEER_PORT = 6_881;
const TRACKER_PORT = 6_969;
const CONSOLE_PORT = 8_080;
const NOBODYS_PORT = 6_882;

/** Before it. */
const MAPPED = { peer: 40_881, tracker: 40_969, console: 40_080 } as const;

const FILES = { "image.iso": 3_000_000, "note.txt": 3 };

type Finding = {
  readonly level: "ok" | "warning" | "problem";
  readonly check: string;
  readonly subject: string | null;
  readonly found: string;
  readonly todo: string | null;
};

const skip = skipWithoutNat() || skipWithout(["nats-server", "python3-libtorrent"]);

describe("a fleet behind a NAT", { skip, timeout: 230_000 }, () => {
  let hosts: NatHosts;
  before(async () => {
    hosts = await startNatHosts();
  });
  after(() => hosts?.[Symbol.asyncDispose]());

  test("that leads back inside is downloaded from, and a wrong mapping is told", async () => {
    hosts.setRules({ mappings: mappings(PEER_PORT), hairpin: true });
    await using fleet = await FleetBehindNat.start(hosts);
    const reached = await fleet.reachability();
    deepEqual(reached, { peerAddress: mapped(hosts), reachable: true, outcome: "reached" });
    const { peerAddress, reachable } = await fleet.gateway();
    const advertised = { host: hosts.routerAddress, port: MAPPED.peer };
    deepEqual([peerAddress, reachable], [advertised, true]);
    await fleet.download("client");
    const well = await fleet.doctor();
    equal(gatewayOf(well).level, "ok");
    deepEqual(problemsOf(well), []);
    await tellsWhatIsWrong(hosts, fleet);
  });

  test("that does not lead back inside cannot see itself, and peers get through", async () => {
    hosts.setRules({ mappings: mappings(PEER_PORT), hairpin: false });
    await using fleet = await FleetBehindNat.start(hosts);
    equal((await fleet.reachability()).reachable, false);
    const before = gatewayOf(await fleet.doctor());
    equal(before.level, "problem");
    match(before.todo ?? "", /a NAT that does not lead back inside may look so from here/);

    await fleet.download("client");
    const findings = await fleet.doctor();
    const { level, found } = gatewayOf(findings);
    equal(level, "ok");
    match(found, /^it does not answer from here \(.+\), .* a peer came in by itself .* ago/);
    deepEqual(problemsOf(findings), []);
    const trackers = findings.filter(({ check }) => check === "trackers");
    ok(trackers.length > 0 && trackers.every((each) => each.level === "warning"));
    match(trackers[0]?.todo ?? "", /^run this outside its NAT/);
  });
});

/** A gateway that has reached itself, and what it and doctor say when its mapping goes wrong. */
async function tellsWhatIsWrong(hosts: NatHosts, fleet: FleetBehindNat): Promise<void> {
  // Nobody listens where it leads, so the router's answer is a refusal.
  hosts.setRules({ mappings: mappings(NOBODYS_PORT), hairpin: true });
  const refused = gatewayOf(await fleet.doctor());
  deepEqual([refused.level, (await fleet.warned("refused")).port], ["problem", MAPPED.peer]);
  match(refused.todo ?? "", /^nobody listens there: forward the port to this machine, or set SEED/);
  equal((await fleet.gateway()).reachable, false);

  // The tracker listens there, and closes whoever speaks to it as a peer.
  hosts.setRules({ mappings: mappings(TRACKER_PORT), hairpin: true });
  const other = gatewayOf(await fleet.doctor());
  deepEqual([other.level, (await fleet.warned("another-program")).port], ["problem", MAPPED.peer]);
  match(other.todo ?? "", /^another program answers there: forward the port to this machine/);

  const dropped = [MAPPED.peer];
  hosts.setRules({ mappings: mappings(PEER_PORT), hairpin: true, dropped });
  const late = gatewayOf(await fleet.doctor());
  deepEqual([late.level, (await fleet.warned("timed-out"))["port"]], ["problem", MAPPED.peer]);
  match(late.todo ?? "", /^nothing comes back from there: open the port in the firewall/);
}

function mappings(peerPort: number): readonly Mapping[] {
  const tcp = (outside: number, inside: number): Mapping => ({ protocol: "tcp", outside, inside });
  return [
    ...[tcp(MAPPED.peer, peerPort), tcp(MAPPED.console, CONSOLE_PORT)],
    ...[tcp(MAPPED.tracker, TRACKER_PORT)],
    { protocol: "udp", outside: MAPPED.tracker, inside: TRACKER_PORT },
  ];
}

function mapped({ routerAddress }: NatHosts): string {
  return `${routerAddress}:${MAPPED.peer}`;
}

function gatewayOf(findings: readonly Finding[]): Finding {
  const [found, ...more] = findings.filter(({ check }) => check === "gateways");
  ok(found !== undefined && more.length === 0, JSON.stringify(findings, null, 2));
  return found;
}

function problemsOf(findings: readonly Finding[]): readonly Finding[] {
  // How full the disk of whoever runs the tests is, is not what they are about.
  return findings.filter(({ level, check }) => level === "problem" && check !== "disks");
}

/** `seedfleet up` over a NATS of its own, told the router's address and ports. */
class FleetBehindNat implements AsyncDisposable {
  readonly #hosts: NatHosts;
  readonly #nats: NatsServer;
  readonly #up: Up;
  readonly #work: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { hosts, nats, up }: { readonly hosts: NatHosts; readonly nats: NatsServer; readonly up: Up },
    { work, stack }: { readonly work: string; readonly stack: AsyncDisposableStack },
  ) {
    this.#hosts = hosts;
    this.#nats = nats;
    this.#up = up;
    this.#work = work;
    this.#stack = stack;
  }

  static async start(hosts: NatHosts): Promise<FleetBehindNat> {
    await using starting = new AsyncDisposableStack();
    const { path: work } = starting.use(await temporaryDirectory());
    const nats = await startNatsServer([], hosts.inside.command("env"));
    starting.defer(() => nats.stop());
    const tree = await givenTree(join(work, "tree"), FILES);
    const ports = { peer: PEER_PORT, tracker: TRACKER_PORT, console: CONSOLE_PORT };
    const flags = Object.entries(ports).flatMap(([name, port]) => [`--${name}-port`, `${port}`]);
    const up = await startUp(hosts.inside, [tree], join(work, "data"), {
      args: [...flags, "--bus", nats.url],
      env: {
        SEEDFLEET_GATEWAY_ADVERTISED_HOST: hosts.routerAddress,
        SEEDFLEET_GATEWAY_ADVERTISED_PORT: String(MAPPED.peer),
        SEEDFLEET_TRACKER_ADVERTISED_HOST: hosts.routerAddress,
        SEEDFLEET_TRACKER_ADVERTISED_PORT: String(MAPPED.tracker),
        SEEDFLEET_TRACKER_ADVERTISED_UDP_PORT: String(MAPPED.tracker),
        SEEDFLEET_CONSOLE_URL: `http://${hosts.routerAddress}:${MAPPED.console}`,
      },
    });
    starting.use(up.program);
    return new FleetBehindNat({ hosts, nats, up }, { work, stack: starting.move() });
  }

  /** What it said of itself when it had started. */
  async reachability(): Promise<object & { readonly reachable: boolean }> {
    const { event: _, ...told } = await this.#up.program.line((line) =>
      event<{ readonly event: string; readonly reachable: boolean }>(line, "reachability"),
    );
    return told;
  }

  /** The gateway's own warning, by what it found. */
  warned(outcome: string): Promise<LogLine> {
    return this.#up.program.line((line) => {
      const warned = logged(line, "gateway not reached by its advertised address");
      return warned?.["outcome"] === outcome ? warned : null;
    });
  }

  /** Its line of `seedfleet gateways`. */
  async gateway(): Promise<LogLine> {
    const { lines } = await this.#run("gateways");
    const found = lines.flatMap((line) => event<LogLine>(line, "gateway") ?? []);
    equal(found.length, 1);
    return found[0] as LogLine;
  }

  /** What `seedfleet doctor` finds beside it; its exit code must go with that. */
  async doctor(): Promise<readonly Finding[]> {
    const { lines, code } = await this.#run("doctor");
    const findings = lines.flatMap((line) => event<Finding>(line, "finding") ?? []);
    equal(code, findings.some(({ level }) => level === "problem") ? 1 : 0);
    return findings;
  }

  /** libtorrent on the other side gets everything, by the tracker's word and from the router. */
  async download(name: string): Promise<void> {
    const [torrent] = this.#up.ready.torrents;
    ok(torrent !== undefined);
    const directory = join(this.#work, name);
    const download = { host: this.#hosts.outside, torrentFile: torrent.torrentFile, directory };
    await using client = await libtorrentClient.start(download);
    await client.succeeded();
    await libtorrentClient.expectSame(join(directory, "tree"), join(this.#work, "tree"));
    const { routerAddress } = this.#hosts;
    ok(client.lines.includes(`peer tracker ${routerAddress} ${MAPPED.peer}`), client.lines.join());
    ok(client.lines.includes(`from ${routerAddress} ${MAPPED.peer}`), client.lines.join());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #run(command: string): Promise<{ readonly lines: readonly string[]; code: number | null }> {
    const args = [CLI, command, "--bus", this.#nats.url, "--json"];
    const program = this.#hosts.inside.command(process.execPath, ...args);
    await using running = RunningProgram.start(program);
    const code = await running.exited();
    return { lines: running.lines, code };
  }
}
