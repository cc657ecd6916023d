import assert from "node:assert/strict";
import { parentPort, workerData } from "node:worker_threads";
import { delay, systemClock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { BatchSize } from "../blocks/batch-size.ts";
import { Offenders } from "../peers/offenders.ts";
import { PeerHost } from "../peers/peer-host.ts";
import { listenForPeers } from "../peers/peer-server.ts";
import { SharedAdmission } from "../peers/shared-admission.ts";
import { UploadLimiter } from "../upload/upload-limiter.ts";
import { BatchedPort } from "./batched-port.ts";
import { HubClient } from "./hub-client.ts";
import { LeasedPieces } from "./leased-pieces.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

/** Choke rounds look at rates of seconds, and people at metrics of seconds. */
const REPORT_INTERVAL_MS = 1_000;

/** How often the threads' parts of the gateway's limits follow their demand. */
const DEMAND_INTERVAL_MS = 200;

/**
 * A peer thread (`PeerThread` is its other end): sockets and all that is said on them. The port is
 * shared with the other threads, and the kernel spreads the peers over them.
 */
assert(parentPort !== null);
const start = workerData as WorkerStart;
const port = new BatchedPort<FromWorker>(parentPort);
const pieces = new LeasedPieces({
  bytesMax: start.cacheBytesMax,
  visited: start.visited,
  giveBack: (lease) => port.post({ kind: "give-back", lease }),
});
const hub = new HubClient(port, pieces);
const limiter = new UploadLimiter(systemClock, start.upload, start.torrentShare);
const offenders = new Offenders(start.offencesMax);
const host = new PeerHost(
  {
    clock: systemClock,
    log: forwardedLog(),
    ...{ cache: pieces, passing: null, fills: hub, limiter },
    batchSize: new BatchSize({ cacheBytes: start.cacheBytesMax }),
    findTorrent: (infoHash) => hub.find(infoHash),
    findObfuscated: (hash) => hub.findObfuscated(hash),
    // Whether it was one is the other thread's to know; no peer has our peer id.
    isProbe(infoHash, origin) {
      port.post({ kind: "probed", infoHash, origin });
      return true;
    },
    swarms: hub,
    admission: new SharedAdmission(start.admission, start.limits),
    offenders,
    // The other thread tells all threads, and so this one.
    offended: (origin) => port.post({ kind: "offended", origin }),
    came: (peer) => port.post({ kind: "came", peer }),
    closed: (reason) => port.post({ kind: "closed", reason }),
  },
  start.peers,
);

parentPort.on("message", (messages: readonly ToWorker[]) => {
  for (const message of messages) receive(message);
});
const server = await listenForPeers(start, { ...start, shared: true });
server.open((socket) => host.accept(socket));
systemClock.every(REPORT_INTERVAL_MS, () => {
  hub.report(host.sentBytes);
  port.post({ kind: "answered", peers: host.answered() });
});
systemClock.every(DEMAND_INTERVAL_MS, () => {
  const { torrents: ofTorrents, ...demand } = limiter.demand();
  const torrents = Array.from(ofTorrents, ([torrent, wanted]) => {
    return [hub.numberOf(torrent), wanted] as const;
  });
  port.post({ kind: "demand", demand, torrents, limitedBytes: limiter.limitedBytes });
});
port.post({ kind: "listening" });

function receive(message: ToWorker): void {
  switch (message.kind) {
    case "dial":
      void host.dial(message.peer).then((reason) => {
        port.post({ kind: "dialled", call: message.call, reason });
      });
      return;
    case "offended":
      offenders.offended(message.origin, systemClock.nowMs());
      return;
    case "spare":
      offenders.spare(message.origin);
      return;
    case "leave":
      server.close();
      host.leave();
      return;
    case "drain":
      server.close();
      void host.drain(delay(systemClock, message.withinMs)).then(() => {
        hub.report(host.sentBytes);
        port.post({ kind: "drained" });
      });
      return;
    case "upload-limits":
      limiter.setLimits(message.limits);
      return;
    case "torrent-limits": {
      const torrent = hub.torrentAt(message.torrent);
      if (torrent === null) return;
      torrent.entry = message.entry;
      limiter.setTorrent(torrent, message.part);
      return;
    }
    case "download-ended": {
      const torrent = hub.torrentAt(message.torrent);
      if (torrent === null) return;
      torrent.remoteDownload = null;
      host.downloadEnded(torrent);
      return;
    }
    case "got": {
      const torrent = hub.torrentAt(message.torrent);
      if (torrent?.have.add(message.piece)) host.got(torrent, message.piece);
      return;
    }
    case "lost":
      hub.torrentAt(message.torrent)?.have.remove(message.piece);
      return;
    case "stop":
      void host.close().then(() => {
        hub.report(host.sentBytes);
        port.post({ kind: "stopped" });
      });
      return;
    default:
      hub.receive(message);
  }
}

function forwardedLog(): Log {
  const at =
    (level: "debug" | "info" | "warn" | "error"): Log["info"] =>
    (message, fields = {}) =>
      port.post({ kind: "log", level, message, fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
