import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { describe, test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { eventsOf, FREE_PORTS, RunningCli, runToEnd } from "../testing.ts";
import type { Finding } from "./finding.ts";

const QUIET = { SEEDFLEET_LOG_LEVEL: "silent" };

/** What nothing of this may say. */
const SECRET = "correct-horse";

type Told = {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<string, unknown>>;
  readonly said: string;
};

describe("doctor", () => {
  test("doctor without a fleet says that the bus does not answer, and what to do", noFleet);
  test("doctor given a bus that accepts and says nothing ends all the same", silentBus);
  test("doctor beside an up finds it by its data directory and is well", besideUp);
  test("doctor given an up that was killed says that it does not run", killedUp);
  test("doctor given addresses that lead nowhere finds who has the ports", nowhere);
  test("doctor given ports that others have, and settings that are wrong, tells both", ports);
  realPartTest(["nats-server"], "doctor given NATS without services changes nothing", bareNats);
  realPartTest(["nats-server"], "doctor given credentials tells none of them", secrets);
  realPartTest(["nats-server"], "doctor given an up over NATS finds all of it", overNats);
});

async function noFleet(): Promise<void> {
  using place = new GivenDirectory();
  const { code, findings, counts } = await doctor(place, ["--bus", "nats://127.0.0.1:1"]);
  equal(code, 1);
  const [bus] = findings;
  deepEqual([bus?.level, bus?.check, bus?.subject], ["problem", "bus", "nats://127.0.0.1:1"]);
  match(bus?.todo ?? "", /^start nats-server -js there/);
  equal(counts["problems"], 1);

  const args = ["doctor", "--bus", "nats://127.0.0.1:1"];
  const ended = await runToEnd(args, { cwd: place.path });
  match(
    ended.stdout,
    /^bus\n {2}PROBLEM {2}nats:\/\/127\.0\.0\.1:1: NATS does not answer\n {11}→ /,
  );
  equal(ended.stderr, "seedfleet: Found 1 problem: what to do is said above\n");
}

async function silentBus(): Promise<void> {
  using place = new GivenDirectory();
  await using server = await listening(() => {});
  const bus = `nats://127.0.0.1:${portOf(server)}`;
  // Whoever waited for more than this would be killed, and have no code.
  const { code, findings } = await doctor(place, ["--bus", bus]);
  deepEqual([code, findings[0]?.level, findings[0]?.check], [1, "problem", "bus"]);
}

async function besideUp(): Promise<void> {
  using place = new GivenDirectory({ "content/a": "12345" });
  const args = ["up", "content", ...FREE_PORTS, "--json"];
  await using running = new RunningCli(args, { cwd: place.path, env: QUIET });
  await running.event("ready");
  const { code, findings, counts } = await doctor(place);
  deepEqual([code, counts["problems"]], [0, 0]);
  deepEqual(checksOf(findings), [
    ...["bus", "processes", "versions", "clocks", "gateways", "trackers", "consoles", "ports"],
    ...["disks", "sources"],
  ]);
  const of = (check: string): readonly Finding[] =>
    findings.filter((finding) => finding.check === check);
  equal(of("processes").length, 5);
  deepEqual(
    of("trackers").map(({ found }) => found),
    ["it answers announces", "it answers announces"],
  );
  const [gateway] = of("gateways");
  deepEqual(gateway?.level, "warning");
  match(gateway?.found ?? "", /^it answers a peer from here, but only this machine/);
  running.kill("SIGTERM");
  equal((await running.ended).code, 0);

  // It has taken back what it said, so the default bus is looked for.
  const gone = await doctor(place, ["--bus", "embedded"]);
  deepEqual([gone.code, gone.findings[0]?.level], [1, "problem"]);
  match(gone.findings[0]?.found ?? "", /^no seedfleet up runs with this data directory$/);
}

async function killedUp(): Promise<void> {
  using place = new GivenDirectory({ "content/a": "12345" });
  const args = ["up", "content", ...FREE_PORTS, "--json"];
  await using running = new RunningCli(args, { cwd: place.path, env: QUIET });
  await running.event("ready");
  running.kill("SIGKILL");
  await running.ended;
  const { code, findings } = await doctor(place);
  deepEqual([code, findings[0]?.level, findings[0]?.check], [1, "problem", "bus"]);
  match(findings[0]?.found ?? "", /no seedfleet up runs/);
}

async function nowhere(): Promise<void> {
  using place = new GivenDirectory({ "content/a": "12345" });
  const env = {
    ...{ ...QUIET, SEEDFLEET_GATEWAY_ADVERTISED_HOST: "fleet.invalid" },
    SEEDFLEET_TRACKER_ADVERTISED_HOST: "fleet.invalid",
  };
  const args = ["up", "content", ...FREE_PORTS, "--json"];
  await using running = new RunningCli(args, { cwd: place.path, env });
  const { peerAddress, trackerUrls } = await running.event("ready");
  const [tracker = ""] = Array.isArray(trackerUrls) ? trackerUrls : [];
  const peerPort = String(peerAddress).split(":").at(-1) ?? "";
  const { code, findings } = await doctor(place, [], {
    SEEDFLEET_GATEWAY_PEER_PORT: peerPort,
    SEEDFLEET_TRACKER_PORT: new URL(tracker).port,
  });
  equal(code, 1);
  const [gateway] = findings.filter(({ check }) => check === "gateways");
  deepEqual(gateway?.level, "problem");
  match(gateway?.todo ?? "", /^the name has no address: set SEEDFLEET_GATEWAY_ADVERTISED_HOST/);
  const trackers = findings.filter(({ check }) => check === "trackers");
  deepEqual(
    trackers.map(({ level, found }) => [level, /its name does not resolve/.test(found)]),
    [
      ["problem", true],
      ["problem", true],
    ],
  );
  // They listen where nobody says that they do, so whoever is there is asked.
  const taken = findings.filter(({ check, found }) => check === "ports" && /taken/.test(found));
  deepEqual(
    taken.map(({ found }) => found.replace(/[0-9a-f]{16}/, "ID")),
    [
      "it is taken by gateway ID of this fleet",
      "it is taken by a BitTorrent tracker",
      "it is taken by a BitTorrent tracker",
    ],
  );
}

async function ports(): Promise<void> {
  using place = new GivenDirectory();
  await using other = await listening((socket) => void socket.end());
  const port = portOf(other);
  const env = { SEEDFLEET_GATEWAY_PEER_PORT: String(port) };
  const args = ["--bus", "nats://127.0.0.1:1"];
  const taken = (await doctor(place, args, env)).findings.find(({ subject }) =>
    subject?.startsWith(`127.0.0.1:${port}/tcp`),
  );
  deepEqual([taken?.level, taken?.found], ["warning", "another program has it on this machine"]);

  const wrong = { SEEDFLEET_GATEWAY_PEER_PROT: "1" };
  const [settings] = (await doctor(place, args, wrong)).findings;
  deepEqual([settings?.check, settings?.level], ["settings", "problem"]);
  match(settings?.found ?? "", /did you mean SEEDFLEET_GATEWAY_PEER_PORT\?/);
}

async function bareNats(): Promise<void> {
  using place = new GivenDirectory();
  const nats = await startNatsServer();
  try {
    for (let run = 0; run < 2; run += 1) {
      const { code, findings } = await doctor(place, ["--bus", nats.url]);
      const bus = findings.filter(({ check }) => check === "bus").map(({ found }) => found);
      deepEqual(bus.slice(1), [
        "JetStream is on and keeps 0 B",
        "no bucket is there yet: no service has been on this bus",
      ]);
      match(bus[0] ?? "", /^nats-server [\d.]+ answers in/);
      const problems = findings.filter(({ level }) => level === "problem");
      deepEqual([code, problems.map(({ found }) => found)], [1, ["no service is on the bus"]]);
    }
  } finally {
    await nats.stop();
  }
}

async function secrets(): Promise<void> {
  using place = new GivenDirectory();
  const conf = place.at("nats.conf");
  writeFileSync(
    conf,
    `authorization { users: [
      { user: operator, password: ${SECRET} }
      { user: little, password: ${SECRET}, permissions: { publish: "x", subscribe: "_INBOX.>" } }
    ] }`,
  );
  const nats = await startNatsServer(["-c", conf]);
  const at = new URL(nats.url).host;
  try {
    const env = { SEEDFLEET_NATS_USER: "operator", SEEDFLEET_NATS_PASSWORD: SECRET };
    const right = await doctor(place, ["--bus", nats.url], env);
    match(right.findings[0]?.found ?? "", /^nats-server/);
    const little = await doctor(place, ["--bus", nats.url], {
      ...{ ...env, SEEDFLEET_NATS_USER: "little" },
    });
    const refused = little.findings.find(({ found }) => found.includes("may not use"));
    deepEqual(refused?.level, "problem");
    match(refused?.todo ?? "", /deploy\/nats\/users\.conf/);
    const inUrl = await doctor(place, ["--bus", `nats://operator:${SECRET}x@${at}`]);
    deepEqual(
      [inUrl.findings[0]?.found, inUrl.findings[0]?.subject],
      ["NATS refuses the credentials", `nats://${at}`],
    );
    for (const { said } of [right, little, inUrl]) ok(!said.includes(SECRET), said);
  } finally {
    await nats.stop();
  }
}

async function overNats(): Promise<void> {
  using place = new GivenDirectory({ "content/a": "12345" });
  const nats = await startNatsServer();
  try {
    const args = ["up", "content", ...FREE_PORTS, "--json", "--bus", nats.url];
    await using running = new RunningCli(args, { cwd: place.path, env: QUIET });
    await running.event("ready");
    const { code, findings } = await doctor(place, [], { SEEDFLEET_NATS_URL: nats.url });
    deepEqual(
      findings.filter(({ level }) => level === "problem").map(({ found }) => found),
      [],
    );
    equal(code, 0);
    const [, , stores] = findings.filter(({ check }) => check === "bus");
    // Of what a private tracker keeps there is nothing yet.
    match(stores?.found ?? "", /^seedfleet-tracker-users, .*-totals not there yet: whoever needs/);
    const clock = findings.find(({ check }) => check === "clocks");
    match(clock?.found ?? "", /^all clocks are within \d+ ms/);
    const gateway = findings.find(({ check }) => check === "gateways");
    match(gateway?.found ?? "", /^it answers a peer from here/);
  } finally {
    await nats.stop();
  }
}

async function doctor(
  place: GivenDirectory,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const options = { cwd: place.path, env };
  const { code, stdout, stderr } = await runToEnd(["doctor", "--json", ...args], options);
  const events = eventsOf(stdout);
  const findings = events.filter(({ event }) => event === "finding");
  const counts = events.find(({ event }) => event === "doctor") ?? {};
  // The tests read every field they name, so one that is missing fails them.
  return { code, findings: findings as unknown as Finding[], counts, said: stdout + stderr };
}

function checksOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ check }) => check))];
}

/** A server of its own; what is open when it is disposed is cut off. */
async function listening(serve: (socket: Socket) => void): Promise<Server & AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on("error", () => {}));
    serve(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
