import { deepEqual, equal, match, ok } from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type InfoHash, parseInfoHash, peerIdFromBytes } from "@seedfleet/bytes";
import {
  OutboundRule,
  type ShownTracker,
  TrackerAnnounces,
  TrackerClients,
} from "@seedfleet/gateway/service";
import { systemClock, systemRng } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { Gathered, realPartTest } from "@seedfleet/testkit";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { RunningProgram } from "./running-program.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost, loopbackHostIpv6 } from "./test-host.ts";
import { startTracker } from "./tracker-process.ts";

const STOP_MS_MAX = 10_000;

for (const host of [loopbackHost, loopbackHostIpv6]) {
  test(`a gateway and our tracker understand each other on ${host.address}`, async () => {
    await using work = await temporaryDirectory();
    const dataDir = join(work.path, "data");
    const { program, ready } = await startTracker({ host, mode: "open", dataDir });
    await using _program = program;
    for (const url of [ready.httpUrl, ready.udpUrl]) await meet(url, givenHash(url));
    equal(await program.stop(), 0);
  });
}

test("a gateway says why our private tracker refuses it, without the passkey", async () => {
  await using work = await temporaryDirectory();
  const dataDir = join(work.path, "data");
  const { program, ready } = await startTracker({ host: loopbackHost, mode: "private", dataDir });
  await using _program = program;
  await using clients = givenClients();
  // Only over HTTP can a tracker say "never" (BEP 31).
  for (const [url, state] of [
    [ready.httpUrl, "given-up"],
    [ready.udpUrl, "failing"],
  ] as const) {
    const passkey = "0123456789abcdef0123456789abcdef01234567";
    const secret = new URL(`/${passkey}/announce`, url).href;
    const { announces } = givenAnnounces(clients, {
      url: secret,
      infoHash: givenHash(url),
      port: 1,
    });
    announces.start();
    await eventually(async () => stateOf(announces), state);
    const [shown] = announces.status();
    match(shown?.reason ?? "", /^Passkey is (unknown|not valid)$/);
    ok(!JSON.stringify(shown).includes(passkey));
    await announces.stop(STOP_MS_MAX);
  }
  equal(await program.stop(), 0);
});

realPartTest(
  ["opentracker"],
  "a gateway and opentracker understand each other",
  async (_t, { opentracker }) => {
    await using work = await temporaryDirectory();
    const port = await freePort();
    const http = `http://127.0.0.1:${port}/announce`;
    const udp = `udp://127.0.0.1:${port}/announce`;
    await writeFile(join(work.path, "swarms"), `${givenHash(http)}\n${givenHash(udp)}\n`);
    // Started as root it goes into the directory and becomes somebody else, who must read the list.
    await chmod(work.path, 0o755);
    const user = process.getuid?.() === 0 ? "nobody" : userInfo().username;
    const where = ["-i", "127.0.0.1", "-p", String(port), "-P", String(port)];
    const lists = ["-d", work.path, "-u", user, "-w", "swarms"];
    await using _program = RunningProgram.start([opentracker, ...where, ...lists]);
    await eventually(() => isListening(port), true);
    for (const url of [http, udp]) await meet(url, givenHash(url));
  },
);

/** One that has all comes first, then one that has nothing, and is told of it. */
async function meet(url: string, infoHash: InfoHash): Promise<void> {
  await using clients = givenClients();
  const seed = givenAnnounces(clients, { url, infoHash, port: 6881, leftBytes: 0 });
  const leecher = givenAnnounces(clients, { url, infoHash, port: 6882 });
  seed.announces.start();
  await eventually(async () => stateOf(seed.announces), "answering");
  leecher.announces.start();
  await leecher.ports.until((ports) => ports.includes(6881));
  deepEqual(countsOf(leecher.announces.status()), { seeders: 1, leechers: 1 });

  leecher.isComplete = true;
  leecher.announces.completed();
  await eventually(async () => countsOf(leecher.announces.status()), { seeders: 2, leechers: 0 });
  await leecher.announces.stop(STOP_MS_MAX);
  await seed.announces.stop(STOP_MS_MAX);

  const last = givenAnnounces(clients, { url, infoHash, port: 6883 });
  last.announces.start();
  await eventually(async () => stateOf(last.announces), "answering");
  deepEqual(countsOf(last.announces.status()), { seeders: 0, leechers: 1 });
  await last.announces.stop(STOP_MS_MAX);
}

function givenClients(): TrackerClients {
  const rule = new OutboundRule("auto", "127.0.0.1");
  const { meter } = silentTelemetry;
  return new TrackerClients({ clock: systemClock, meter, chance: systemRng, rule });
}

type Announcing = {
  readonly url: string;
  readonly infoHash: InfoHash;
  readonly port: number;
  readonly leftBytes?: number;
};

type GivenAnnounces = {
  readonly announces: TrackerAnnounces;
  /** Of the peers that it was told of. */
  readonly ports: Gathered<number>;
  isComplete: boolean;
};

function givenAnnounces(clients: TrackerClients, announcing: Announcing): GivenAnnounces {
  const { url, infoHash, port, leftBytes = 1_000 } = announcing;
  const ports = new Gathered<number>();
  const announces = new TrackerAnnounces(
    { clock: systemClock, log: silentTelemetry.log, chance: systemRng, clients },
    {
      infoHashes: [infoHash],
      peerId: peerIdFromBytes(Buffer.from(`-SF0100-${String(port).padStart(12, "0")}`)),
      port,
      key: port,
      trackers: [[url]],
    },
    {
      peers: (addresses) => {
        for (const address of addresses) ports.add(address.port);
      },
      counts: () => {
        return {
          uploadedBytes: 0,
          downloadedBytes: 0,
          leftBytes: given.isComplete ? 0 : leftBytes,
        };
      },
      wantsPeers: () => !given.isComplete,
    },
  );
  const given: GivenAnnounces = { announces, ports, isComplete: leftBytes === 0 };
  return given;
}

function stateOf(announces: TrackerAnnounces): string | null {
  return announces.status()[0]?.state ?? null;
}

function countsOf([shown]: readonly ShownTracker[]): Record<"seeders" | "leechers", number | null> {
  return { seeders: shown?.seeders ?? null, leechers: shown?.leechers ?? null };
}

/** A torrent for each URL. */
function givenHash(url: string): InfoHash {
  const infoHash = parseInfoHash(Buffer.from(url.slice(0, 3)).toString("hex").padEnd(40, "5"));
  if (infoHash === null) throw new Error("40 hex digits");
  return infoHash;
}

function isListening(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
