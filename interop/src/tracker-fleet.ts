import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { RunningProgram } from "./running-program.ts";
import { event } from "./seedfleet.ts";
import { UdpAnnouncer } from "./udp-announcer.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const SWARMS = 20;
const POLL_MS = 25;
const AGREE_MS_MAX = 60_000;

type TrackerReady = {
  readonly httpUrl: string;
  readonly udpUrl: string;
  readonly adminUrl: string;
};

/** `seedfleet tracker` as a process of its own. */
export type TrackerProcess = AsyncDisposable & {
  readonly program: RunningProgram;
  /** Where it takes announces. */
  readonly httpUrl: string;
  announceByUdp(peerPort: number): Promise<readonly number[]>;
  announceByHttp(peerPort: number): Promise<void>;
  /** The answer to a scrape of all swarms. */
  scrape(): Promise<string>;
};

/** Starts an open tracker; resolves when it says that it is ready for whoever asks. */
export async function startTracker(args: readonly string[]): Promise<TrackerProcess> {
  const ports = ["--http-port", "0", "--udp-port", "0"];
  const command = [process.execPath, CLI, "tracker", "--mode", "open", "--json", ...ports];
  const program = RunningProgram.start([...command, ...args], {
    env: { SEEDFLEET_ADMIN_PORT: "0" },
  });
  const ready = await program.line((line) => event<TrackerReady>(line, "ready"));
  while (!(await fetch(`${ready.adminUrl}/readyz`)).ok) await pass(POLL_MS);
  const udpPort = Number(new URL(ready.udpUrl).port);
  const scrapeUrl = ready.httpUrl.replace("/announce", "/scrape");
  const hashes = Array.from({ length: SWARMS }, (_, swarm) => `info_hash=${escaped(swarm)}`);
  const scrapes = `${scrapeUrl}?${hashes.join("&")}`;
  return {
    program,
    httpUrl: ready.httpUrl,
    async announceByUdp(peerPort) {
      // A socket of its own, as other clients have: the kernel deals them out to threads.
      using announcer = await UdpAnnouncer.connect(udpPort);
      return await announcer.announce(infoHash(peerPort % SWARMS), peerPort);
    },
    async announceByHttp(peerPort) {
      const peerId = String(peerPort).padStart(20, "0");
      const query = `info_hash=${escaped(peerPort % SWARMS)}&peer_id=${peerId}&port=${peerPort}`;
      const headers = { connection: "close" };
      const response = await fetch(`${ready.httpUrl}?${query}&left=1&compact=1`, { headers });
      assert((await response.text()).includes("interval"));
    },
    async scrape() {
      const response = await fetch(scrapes, { headers: { connection: "close" } });
      return Buffer.from(await response.arrayBuffer()).toString("latin1");
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** Announces peers of these ports at each of the trackers in turn, half of them by HTTP. */
export async function announceAll(
  trackers: readonly TrackerProcess[],
  { from, count }: { readonly from: number; readonly count: number },
): Promise<void> {
  for (let peer = 0; peer < count; peer += 1) {
    const tracker = trackers[peer % trackers.length];
    if (peer % 2 === 0) await tracker?.announceByHttp(from + peer);
    else await tracker?.announceByUdp(from + peer);
  }
}

/** Resolves when all of them say the same of every swarm, with so many peers; gives the ms. */
export async function agreement(
  trackers: readonly TrackerProcess[],
  peers: number,
): Promise<number> {
  const began = performance.now();
  for (;;) {
    const scrapes = await Promise.all(trackers.map((tracker) => tracker.scrape()));
    const tookMs = performance.now() - began;
    const agrees = scrapes.every((scrape) => scrape === scrapes[0]);
    if (agrees && peersIn(scrapes[0] ?? "") === peers) return tookMs;
    assert(tookMs < AGREE_MS_MAX, `they have ${scrapes.map(peersIn).join(", ")} of ${peers} peers`);
    await pass(POLL_MS);
  }
}

function peersIn(scrape: string): number {
  const leechers = scrape.matchAll(/10:incompletei(\d+)e/g);
  return [...leechers].reduce((sum, [, count]) => sum + Number(count), 0);
}

function infoHash(swarm: number): Uint8Array {
  return Buffer.alloc(20, 0x41 + swarm);
}

function escaped(swarm: number): string {
  return String.fromCharCode(0x41 + swarm).repeat(20);
}
