import { BenchError } from "../bench-error.ts";
import { cpuSeconds, machineCpuSeconds, residentBytes } from "../process-usage.ts";
import { type AnnounceLoad, type LoadParts, LoadTally } from "./announce-load.ts";
import { AnnouncedPeers } from "./announced-peers.ts";
import { HttpLoad } from "./http-load.ts";
import { yieldCore } from "./libc.ts";
import { LoadPace } from "./load-pace.ts";
import type { Extent, TrackerLoadSpec, TrackerMeasured } from "./load-spec.ts";
import { UdpLoad } from "./udp-load.ts";

/** A tracker that answers nothing for so long is not measured. */
const SILENCE_MS_MAX = 10_000;

/** What has had no answer is given up in time. */
const SLEEP_MS_MAX = 20;

/** How many turns between two looks at whether the tracker says anything. */
const TURNS_PER_LOOK = 1_024;

type Running = {
  readonly load: AnnounceLoad;
  readonly pace: LoadPace;
  readonly tally: LoadTally;
  readonly sleeps: boolean;
  idleMs: number;
};

/**
 * Announces until the extent of the measurement is reached, after that of the warm-up; fails on the
 * first answer that cannot be right. It never gives its thread back in between.
 */
export function measureLoad(spec: TrackerLoadSpec): TrackerMeasured {
  const { swarms, numWant, exact, fresh, firstSource, clients, perSecond } = spec;
  const sources = clients.kind === "udp" ? clients.sockets : clients.connections;
  const peers = new AnnouncedPeers({ swarms, sources, firstSource });
  const pace = new LoadPace({ perSecond });
  const tally = new LoadTally();
  const parts: LoadParts = { peers, pace, tally, numWant, exact, fresh };
  using load = openLoad(spec, parts);
  // What has to go at a given time may not oversleep.
  const sleeps = spec.sleeps && perSecond === null;
  const running = { load, pace, tally, sleeps, idleMs: 0 };
  for (const extent of spec.warm) pass(running, extent);
  tally.latency.clear();
  const before = readingOf(spec, running);
  const residentBefore = residentBytes(spec.serverPid);
  pass(running, spec.measure);
  const after = readingOf(spec, running);
  const wallSeconds = (after.atMs - before.atMs) / 1_000;
  const user = after.server.user - before.server.user;
  const system = after.server.system - before.server.system;
  const loadCpuSeconds = after.load - before.load;
  const machine = after.machine - before.machine;
  if (tally.answered === before.answered || user + system <= 0) {
    throw new BenchError("the window was too short to measure anything");
  }
  const { latency } = tally;
  return {
    announces: tally.answered - before.answered,
    lost: tally.lost - before.lost,
    opened: tally.opened - before.opened,
    peers: tally.peers - before.peers,
    wallSeconds,
    serverCpuSeconds: { user, system },
    loadCpuSeconds,
    loadBusySeconds: wallSeconds - (after.idleMs - before.idleMs) / 1_000,
    otherCpuSeconds: Math.max(0, machine - user - system - loadCpuSeconds),
    residentBefore,
    residentAfter: residentBytes(spec.serverPid),
    latencyMs: {
      p50: latency.percentile(50),
      p99: latency.percentile(99),
      max: latency.percentile(100),
    },
  };
}

function openLoad({ clients, firstSource }: TrackerLoadSpec, parts: LoadParts): AnnounceLoad {
  if (clients.kind === "udp") return new UdpLoad({ ...clients, firstSource }, parts);
  return new HttpLoad({ ...clients, firstSource }, parts);
}

/** Announces for so long, or so many and until all of them have been answered or given up. */
function pass(running: Running, extent: Extent): void {
  const { load, pace, tally, sleeps } = running;
  const beganMs = performance.now();
  const endMs = "seconds" in extent ? beganMs + extent.seconds * 1_000 : Number.POSITIVE_INFINITY;
  const announces = "announces" in extent ? extent.announces : Number.POSITIVE_INFINITY;
  const endCount = tally.answered + tally.lost + announces;
  if ("seconds" in extent) pace.begin(beganMs);
  else pace.allow(announces);
  let heardMs = beganMs;
  let heard = tally.answered;
  for (let turns = 0; ; turns += 1) {
    const nowMs = performance.now();
    if (nowMs >= endMs || tally.answered + tally.lost >= endCount) return;
    if (turns % TURNS_PER_LOOK === 0) {
      if (tally.answered > heard) heardMs = nowMs;
      heard = tally.answered;
      if (nowMs - heardMs > SILENCE_MS_MAX) {
        throw new BenchError(`the tracker has not answered for ${SILENCE_MS_MAX} ms`);
      }
    }
    if (load.turn(nowMs)) continue;
    if (sleeps) load.wait(SLEEP_MS_MAX);
    // On a machine with few cores somebody else, perhaps the tracker, waits for this one.
    else yieldCore();
    running.idleMs += performance.now() - nowMs;
  }
}

function readingOf(spec: TrackerLoadSpec, { tally, idleMs }: Running) {
  const { answered, lost, opened, peers } = tally;
  const { user, system } = process.cpuUsage();
  return {
    ...{ answered, lost, opened, peers, idleMs },
    atMs: performance.now(),
    server: cpuSeconds(spec.serverPid),
    load: (user + system) / 1_000_000,
    machine: machineCpuSeconds(),
  };
}
