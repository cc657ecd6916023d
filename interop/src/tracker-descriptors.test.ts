import { ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as pass } from "node:timers/promises";
import { startTracker } from "./tracker-fleet.ts";

const PRLIMIT = "/usr/bin/prlimit";
const FREE_DESCRIPTORS = 20;
const SILENT = 60;
const CROWD = 100;
const POLL_MS = 25;

const skip = !existsSync(PRLIMIT) && `${PRLIMIT} is missing (util-linux)`;

for (const workers of [1, 2]) {
  test(`a tracker of ${workers} without a descriptor left goes on as they come free`, {
    skip,
    timeout: 60_000,
  }, async () => {
    await using tracker = await startTracker(["--workers", String(workers)]);
    const { port } = new URL(tracker.httpUrl);
    const { pid } = tracker.program;
    const before = descriptorsOf(pid).length;
    // The kernel gives the lowest number that is free, and none from the limit on.
    const limit = before + FREE_DESCRIPTORS;
    const isFull = (): boolean => descriptorsOf(pid).filter((fd) => fd < limit).length === limit;
    execFileSync(PRLIMIT, [`--pid=${pid}`, `--nofile=${limit}:${limit}`]);
    const silent = await Promise.all(Array.from({ length: SILENT }, () => opened(port)));
    while (!isFull()) await pass(POLL_MS);
    // Whoever comes now is answered, or waits in the kernel, or is closed: never badly answered.
    const crowd = Array.from({ length: CROWD }, () => announced(port));
    for (const socket of silent) socket.destroy();
    for (const reply of await Promise.all(crowd)) ok(reply === "" || isAnswer(reply));
    while (!isAnswer(await announced(port))) await pass(POLL_MS);
    const again = await Promise.all(Array.from({ length: 10 }, () => announced(port)));
    ok(again.every(isAnswer));
    while (descriptorsOf(pid).length > before) await pass(POLL_MS);
  });
}

function descriptorsOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/fd`).map(Number);
}

async function opened(port: string): Promise<Socket> {
  const socket = connect(Number(port), "127.0.0.1").on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** The reply; empty of a connection that was closed without one. */
async function announced(port: string): Promise<string> {
  const socket = connect(Number(port), "127.0.0.1").setEncoding("latin1");
  const query = `info_hash=${"A".repeat(20)}&peer_id=${"0".repeat(20)}&port=1000&left=1&compact=1`;
  socket.write(`GET /announce?${query} HTTP/1.1\r\nConnection: close\r\n\r\n`);
  return await text(socket).catch(() => "");
}

function isAnswer(reply: string): boolean {
  return /^HTTP\/1.1 200 OK\r\n.*8:intervali/s.test(reply);
}
