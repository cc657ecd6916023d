import { ok } from "node:assert/strict";
import { test } from "node:test";
import { splitLimit } from "./split-limit.ts";
import { jainIndex, KIB, MIB, SimulatedGateway, sumOf } from "./testing.ts";

// A hub asks each worker for its demand four times a second and sets its part of the limit.
function shareLimit(workers: readonly SimulatedGateway[], limit: number, seconds: number): void {
  for (let quarter = 0; quarter < 4 * seconds; quarter += 1) {
    const demands = workers.map((worker) => worker.shares.demand(worker.nowMs).gateway);
    for (const [index, uploadBytesPerSecond] of splitLimit(limit, demands).entries()) {
      const worker = workers[index];
      worker?.shares.setGatewayLimits({ uploadBytesPerSecond, promises: {} }, worker.nowMs);
      worker?.run(0.25);
    }
  }
}

function givenWorkers(count: number, limit: number): SimulatedGateway[] {
  return Array.from({ length: count }, (_, seed) => {
    return new SimulatedGateway({ uploadBytesPerSecond: limit / count }, { seed });
  });
}

test("workers that share a limit keep it together, and their peers fare alike", () => {
  const limit = 40 * MIB;
  const workers = givenWorkers(4, limit);
  const peers = workers.flatMap((worker, index) => {
    // Those of the last worker want less than their part.
    const lineBytesPerSecond = index === 3 ? 100 * KIB : null;
    const count = [50, 10, 30, 20][index] ?? 0;
    return worker.joinMany(count, { torrent: worker.torrent(), lineBytesPerSecond });
  });
  shareLimit(workers, limit, 2);
  const before = peers.map((peer) => peer.sentBytes);
  shareLimit(workers, limit, 10);
  const sent = peers.map((peer, index) => peer.sentBytes - (before[index] ?? 0));
  const used = sumOf(sent) / 10 / limit;
  ok(used >= 0.97 && used <= 1.01, `${used} of the limit was used`);
  const greedy = sent.slice(0, 90);
  ok(jainIndex(greedy) >= 0.99, `Jain's index is ${jainIndex(greedy)}`);
  for (const bytes of sent.slice(90)) {
    ok(bytes >= 0.95 * 10 * 100 * KIB - 64 * KIB, `${bytes} bytes of a slow one`);
  }
});

test("a worker that had nothing to do has its part of the limit within two seconds", () => {
  const limit = 40 * MIB;
  const workers = givenWorkers(2, limit);
  const [busy, idle] = workers;
  ok(busy !== undefined && idle !== undefined);
  busy.joinMany(10, { torrent: busy.torrent() });
  shareLimit(workers, limit, 10);
  const peers = idle.joinMany(10, { torrent: idle.torrent() });
  shareLimit(workers, limit, 2);
  const before = sumOf(peers.map((peer) => peer.sentBytes));
  shareLimit(workers, limit, 5);
  const part = (sumOf(peers.map((peer) => peer.sentBytes)) - before) / 5 / limit;
  ok(Math.abs(part - 0.5) <= 0.02, `it had ${part} of the limit`);
});
